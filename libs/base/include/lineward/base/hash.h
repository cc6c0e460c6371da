#pragma once

// XXH3-64 and XXH64: stable hashes for buckets and checksums, never for identity (that is SHA-256
// in `crypto`). Any thread.

#include <cstdint>
#include <string_view>

namespace lineward::base {

uint64_t Xxh3(std::string_view bytes, uint64_t seed = 0);
uint64_t Xxh64(std::string_view bytes, uint64_t seed = 0);

}  // namespace lineward::base
