#pragma once

// Timestamps (years 1 to 9999, UTC, nanoseconds) and durations (int64 nanoseconds): text, sums,
// calendar fields. Pure, no allocation but for the two that return std::string; any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "policy/src/cel/activation.h"
#include "policy/src/cel/library.h"
#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

// The timestamp of seconds since 1970; a failure kRange outside years 1 to 9999.
Value TimestampOf(int64_t seconds, uint32_t nanos) noexcept;

// RFC 3339 with `Z` or an offset, 0-9 fraction digits; kMalformed or kRange.
Value ParseTimestamp(std::string_view text) noexcept;

// `1h30m`, `-1.5s`, `250ms`, units h, m, s, ms, us, ns, or `0`; kMalformed or kRange.
Value ParseDuration(std::string_view text) noexcept;

// `time` moved by `nanos`, forwards or backwards; kRange outside years 1 to 9999.
Value Shifted(const Value& time, int64_t nanos, bool is_forwards) noexcept;

// `a - b`; kOverflow beyond int64 nanoseconds, some 292 years.
Value Difference(const Value& a, const Value& b) noexcept;

// Writes the text of a timestamp or duration without trailing zeros of the fraction; its length.
inline constexpr size_t kTimeTextMax = 40;
size_t WriteTimestamp(const Value& time, char* out) noexcept;
size_t WriteDuration(const Value& duration, char* out) noexcept;
std::string TimestampText(const Value& time);
std::string DurationText(const Value& duration);

// kGetFullYear to kGetMilliseconds. A zone is `02:00`, `-09:30`, `UTC`, or a name that
// `activation.zone_offset` knows; else kMalformed.
Value TimeField(Function function, const Value& time, std::string_view zone,
                const Activation& activation) noexcept;
// Of a duration: hours, minutes and seconds in total, milliseconds as the part.
Value DurationField(Function function, const Value& duration) noexcept;

}  // namespace lineward::policy::cel
