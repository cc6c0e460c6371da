#pragma once

// One zstd frame, no dictionary. Output bytes may differ between zstd versions: nothing hashes
// them. Any thread.

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

namespace lineward::base {

// A frame with the content size in its header. Levels 1 to 19.
std::string ZstdCompress(std::string_view bytes, int level = 1);

// Exactly one frame whose content is `raw_size` bytes. INVALID_ARGUMENT if it is damaged, followed
// by other bytes, or of another size; allocates `raw_size` bytes, so check it against a limit
// first.
absl::StatusOr<std::string> ZstdDecompress(std::string_view frame, size_t raw_size);

// The size of the content that the header of `frame` states. INVALID_ARGUMENT if it states none.
absl::StatusOr<size_t> ZstdRawSize(std::string_view frame);

}  // namespace lineward::base
