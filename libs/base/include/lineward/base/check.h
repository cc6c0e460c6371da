#pragma once

// Broken invariants: our own bugs, never bad input. LW_CHECK stops the process at once with
// `file:line: check failed: <condition>: <message>`; a restart resumes from the last commit.
// LW_DCHECK is the same and vanishes in release builds: for the hot path only. Any thread.

#include <fmt/format.h>

#include <string_view>

namespace lineward::base {

[[noreturn]] void CheckFailed(const char* file, int line, const char* condition,
                              std::string_view message);

}  // namespace lineward::base

// The message arguments are an fmt format string and its arguments; they may be left out.
#define LW_CHECK(condition, ...)                                    \
  do {                                                              \
    if (!(condition)) [[unlikely]] {                                \
      ::lineward::base::CheckFailed(__FILE__, __LINE__, #condition, \
                                    ::fmt::format("" __VA_ARGS__)); \
    }                                                               \
  } while (false)

#ifdef NDEBUG
#define LW_DCHECK(condition, ...) \
  do {                            \
  } while (false && (condition))
#else
#define LW_DCHECK(condition, ...) LW_CHECK(condition __VA_OPT__(, ) __VA_ARGS__)
#endif
