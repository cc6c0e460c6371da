#pragma once

// A regular expression as a machine of few states, run over a text in time linear in it, without
// allocation, lock or cache: what `matches` runs in a decision, where RE2 would fill a cache under
// a lock. It takes most of RE2's syntax, with RE2's meaning. Immutable once made; any thread.

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace lineward::policy::cel {

class Pattern {
 public:
  static constexpr size_t kStatesMax = 1'024;

  // The machine of a pattern that RE2 takes; nullopt if it would have more states, or has what this
  // does not know: flags, Unicode classes, POSIX classes, `\Q`, `\C`, octal escapes.
  static std::optional<Pattern> Of(std::string_view pattern);

  size_t states() const { return states_.size(); }

  // Whether it matches some part of `text`, which is UTF-8.
  bool IsIn(std::string_view text) const noexcept;

 private:
  friend class PatternParser;
  friend class PatternRun;

  enum class Kind : uint8_t { kClass, kSplit, kBegin, kEnd, kWordEdge, kNoWordEdge, kMatch };
  struct State {
    Kind kind = Kind::kMatch;
    uint16_t next = 0;
    uint16_t other = 0;  // of kSplit; of kClass the index of its ranges
  };
  // Code points from first to last, ascending, apart from each other.
  using Ranges = std::vector<std::pair<uint32_t, uint32_t>>;

  std::vector<State> states_;
  std::vector<Ranges> classes_;
  uint16_t start_ = 0;
};

}  // namespace lineward::policy::cel
