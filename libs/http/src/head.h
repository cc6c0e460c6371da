#pragma once

// What a request's head must be before any parser sees it. Pure, any thread.

#include <cstddef>
#include <string_view>

namespace lineward::http {

inline constexpr size_t kRequestLineMax = 8 << 10;
inline constexpr size_t kHeadMax = 16 << 10;
inline constexpr size_t kFieldsMax = 100;

enum class HeadVerdict {
  kNeedMore,
  kComplete,
  kUriTooLong,  // the first line is over 8 KiB
  kTooLarge,    // the head is over 16 KiB or has more than 100 fields
  kMalformed,   // a bare LF or CR, a folded field
};

struct HeadScan {
  HeadVerdict verdict = HeadVerdict::kNeedMore;
  size_t size = 0;  // of the head with its empty line, if complete
};

HeadScan ScanHead(std::string_view bytes);

}  // namespace lineward::http
