#include "policy/src/cel/pattern.h"

#include <algorithm>
#include <string>

#include "lineward/base/strings.h"

namespace lineward::policy::cel {
namespace {

constexpr uint32_t kCodePointMax = 0x10FFFF;
constexpr uint32_t kNone =
    UINT32_MAX;  // before and behind the text, and of bytes that are no UTF-8

// The code point at `*at`, which moves behind it.
uint32_t Next(std::string_view text, size_t* at) noexcept {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<uint8_t>(text[i])); };
  const uint32_t first = byte((*at)++);
  if (first < 0x80) return first;
  const size_t more = first >= 0xF0 ? 3 : first >= 0xE0 ? 2 : first >= 0xC0 ? 1 : 0;
  if (more == 0 || text.size() - *at < more) return kNone;
  uint32_t code = first & (0x3Fu >> more);
  for (size_t i = 0; i < more; ++i) {
    if ((byte(*at + i) & 0xC0) != 0x80) return kNone;
    code = code << 6 | (byte(*at + i) & 0x3F);
  }
  *at += more;
  return code;
}

bool IsWord(uint32_t code) noexcept {
  return (code >= '0' && code <= '9') || (code >= 'A' && code <= 'Z') ||
         (code >= 'a' && code <= 'z') || code == '_';
}

}  // namespace

// Recursive descent, one method per level of the grammar; then the tree into states, from the end:
// each gets the state that follows it. `failed_` once something is not taken.
class PatternParser {
 public:
  explicit PatternParser(std::string_view text) : text_(text) {}

  std::optional<Pattern> Run() {
    if (!base::IsUtf8(text_)) return std::nullopt;
    const Piece tree = Alternation();
    if (failed_ || at_ != text_.size()) return std::nullopt;
    pattern_.start_ = Make(tree, Add({Kind::kMatch}));
    if (failed_) return std::nullopt;
    return std::move(pattern_);
  }

 private:
  using Kind = Pattern::Kind;
  using Ranges = Pattern::Ranges;
  static constexpr int kDepthMax = 64;
  static constexpr uint32_t kRepeatMax = 1'000;
  static constexpr uint32_t kMadeMax = 1 << 16;  // pieces, copies of repeated ones included

  enum class Form : uint8_t { kState, kSequence, kAlternation, kRepeat };
  struct Piece {
    Form form = Form::kSequence;
    Kind kind = Kind::kClass;  // of kState
    uint16_t ranges = 0;       // of kClass
    uint32_t min = 1;          // of kRepeat
    uint32_t max = 1;          // kNone: any number
    std::vector<Piece> pieces = {};
  };

  char Peek(size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  bool Take(std::string_view word) {
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }
  uint16_t Fail() {
    failed_ = true;
    return 0;
  }
  Piece Failed() {
    failed_ = true;
    return {};
  }
  Piece ClassOf(Ranges ranges) {
    if (pattern_.classes_.size() == Pattern::kStatesMax) return Failed();
    pattern_.classes_.push_back(std::move(ranges));
    return {.form = Form::kState, .ranges = static_cast<uint16_t>(pattern_.classes_.size() - 1)};
  }
  static Piece EdgeOf(Kind kind) { return {.form = Form::kState, .kind = kind}; }

  Piece Alternation() {
    if (++depth_ > kDepthMax) return Failed();
    Piece all{.form = Form::kAlternation};
    do {
      all.pieces.push_back(Sequence());
    } while (!failed_ && Take("|"));
    --depth_;
    return all;
  }

  Piece Sequence() {
    Piece all{.form = Form::kSequence};
    while (!failed_ && at_ < text_.size() && Peek() != '|' && Peek() != ')') {
      Piece atom = Atom();
      all.pieces.push_back(Repeated(std::move(atom)));
    }
    return all;
  }

  Piece Repeated(Piece atom) {
    Piece repeat{.form = Form::kRepeat};
    if (Take("*")) {
      repeat.min = 0;
      repeat.max = kNone;
    } else if (Take("+")) {
      repeat.max = kNone;
    } else if (Take("?")) {
      repeat.min = 0;
    } else if (Peek() != '{' || !ReadCounts(&repeat)) {
      return atom;
    }
    Take("?");  // greedy or not: a match is a match
    repeat.pieces.push_back(std::move(atom));
    return repeat;
  }

  // `{2}`, `{2,}`, `{2,5}`; anything else would be text.
  bool ReadCounts(Piece* repeat) {
    const size_t close = text_.find('}', at_);
    if (close == text_.npos) return Fail() != 0;
    const std::string_view inside = text_.substr(at_ + 1, close - at_ - 1);
    const size_t comma = inside.find(',');
    const auto min = base::ParseUint64(inside.substr(0, comma));
    const bool is_open = comma != inside.npos && comma + 1 == inside.size();
    const auto max = comma == inside.npos ? min : base::ParseUint64(inside.substr(comma + 1));
    const auto fits = [](const std::optional<uint64_t>& count) {
      return count.has_value() && *count <= kRepeatMax;
    };
    if (!fits(min) || (!is_open && !fits(max))) return Fail() != 0;
    repeat->min = static_cast<uint32_t>(*min);
    repeat->max = is_open ? kNone : static_cast<uint32_t>(*max);
    at_ = close + 1;
    return true;
  }

  Piece Atom() {
    if (Take("(")) return Group();
    if (Take("[")) return Class();
    if (Take("^")) return EdgeOf(Kind::kBegin);
    if (Take("$")) return EdgeOf(Kind::kEnd);
    if (Take(".")) return ClassOf({{0, '\n' - 1}, {'\n' + 1, kCodePointMax}});
    if (Take("\\")) return Escape();
    if (Peek() == '*' || Peek() == '+' || Peek() == '?' || Peek() == '{') return Failed();
    const uint32_t code = Next(text_, &at_);
    return ClassOf({{code, code}});
  }

  Piece Group() {
    if (Take("?P<") || Take("?<")) {
      const size_t close = text_.find('>', at_);
      if (close == text_.npos) return Failed();
      at_ = close + 1;
    } else if (!Take("?:") && Peek() == '?') {
      return Failed();
    }
    Piece inside = Alternation();
    if (!Take(")")) return Failed();
    return inside;
  }

  Piece Escape() {
    if (Take("A")) return EdgeOf(Kind::kBegin);
    if (Take("z")) return EdgeOf(Kind::kEnd);
    if (Take("b")) return EdgeOf(Kind::kWordEdge);
    if (Take("B")) return EdgeOf(Kind::kNoWordEdge);
    Ranges ranges;
    if (!EscapedClass(&ranges)) {
      const uint32_t code = EscapedCode();
      ranges = {{code, code}};
    }
    return ClassOf(std::move(ranges));
  }

  static Ranges Complement(const Ranges& ranges) {
    Ranges others;
    uint32_t from = 0;
    for (const auto& [first, last] : ranges) {
      if (first > from) others.emplace_back(from, first - 1);
      from = last + 1;
    }
    if (from <= kCodePointMax) others.emplace_back(from, kCodePointMax);
    return others;
  }

  // `\d` and its like, behind the backslash.
  bool EscapedClass(Ranges* ranges) {
    const Ranges digits = {{'0', '9'}};
    const Ranges spaces = {{'\t', '\n'}, {'\f', '\r'}, {' ', ' '}};
    const Ranges words = {{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
    for (const auto& [name, all] :
         {std::pair{'d', &digits}, std::pair{'s', &spaces}, std::pair{'w', &words}}) {
      if (Peek() != name && Peek() != name - 'a' + 'A') continue;
      *ranges = Peek() == name ? *all : Complement(*all);
      ++at_;
      return true;
    }
    return false;
  }

  uint32_t EscapedCode() {
    static constexpr std::string_view kNames = "nrtfva";
    static constexpr std::string_view kMeant = "\n\r\t\f\v\a";
    const char c = Peek();
    if (c == 'x') return HexCode();
    if (const size_t known = kNames.find(c); c != '\0' && known != kNames.npos) {
      ++at_;
      return static_cast<uint32_t>(kMeant[known]);
    }
    const auto code = static_cast<uint32_t>(static_cast<uint8_t>(c));
    if (code >= 0x80 || code <= ' ' || IsWord(code)) return Fail();
    ++at_;
    return code;
  }

  // `\x41` and `\x{10ffff}`.
  uint32_t HexCode() {
    ++at_;
    size_t digits = 2;
    const bool has_braces = Take("{");
    if (has_braces) {
      const size_t close = text_.find('}', at_);
      digits = close == text_.npos ? 0 : close - at_;
    }
    if (digits == 0 || digits > 6 || text_.size() - at_ < digits) return Fail();
    uint32_t code = 0;
    for (char digit : text_.substr(at_, digits)) {
      const size_t value = std::string_view("0123456789abcdef").find(digit | 0x20);
      if (value == std::string_view::npos) return Fail();
      code = code << 4 | static_cast<uint32_t>(value);
    }
    at_ += digits + (has_braces ? 1 : 0);
    return code > kCodePointMax ? Fail() : code;
  }

  // Behind `[`.
  Piece Class() {
    const bool is_negated = Take("^");
    Ranges ranges;
    bool is_first = true;
    while (!failed_ && (Peek() != ']' || is_first)) {
      if (at_ >= text_.size() || text_.substr(at_).starts_with("[:")) return Failed();
      is_first = false;
      ClassItem(&ranges);
    }
    if (failed_) return {};
    ++at_;
    std::sort(ranges.begin(), ranges.end());
    Ranges joined;
    for (const auto& [first, last] : ranges) {
      if (!joined.empty() && first <= joined.back().second + 1) {
        joined.back().second = std::max(joined.back().second, last);
      } else {
        joined.emplace_back(first, last);
      }
    }
    return ClassOf(is_negated ? Complement(joined) : joined);
  }

  void ClassItem(Ranges* ranges) {
    Ranges escaped;
    if (Peek() == '\\' && std::string_view("dDsSwW").find(Peek(1)) != std::string_view::npos &&
        Peek(1) != '\0') {
      ++at_;
      EscapedClass(&escaped);
      ranges->insert(ranges->end(), escaped.begin(), escaped.end());
      return;
    }
    const uint32_t first = ClassCode();
    uint32_t last = first;
    if (Peek() == '-' && Peek(1) != ']' && Peek(1) != '\0') {
      ++at_;
      last = ClassCode();
    }
    if (last < first) Fail();
    ranges->emplace_back(first, last);
  }

  uint32_t ClassCode() {
    if (at_ >= text_.size()) return Fail();
    if (Take("\\")) return EscapedCode();
    return Next(text_, &at_);
  }

  uint16_t Add(Pattern::State state) {
    if (pattern_.states_.size() == Pattern::kStatesMax) return Fail();
    pattern_.states_.push_back(state);
    return static_cast<uint16_t>(pattern_.states_.size() - 1);
  }

  // The state in which `piece` begins, if `next` follows it.
  uint16_t Make(const Piece& piece, uint16_t next) {
    if (failed_ || ++made_ > kMadeMax) return Fail();
    switch (piece.form) {
      case Form::kState:
        return Add({piece.kind, next, piece.ranges});
      case Form::kSequence:
        for (size_t i = piece.pieces.size(); i-- > 0;) next = Make(piece.pieces[i], next);
        return next;
      case Form::kAlternation: {
        uint16_t begin = Make(piece.pieces[0], next);
        for (size_t i = 1; i < piece.pieces.size(); ++i) {
          begin = Add({Kind::kSplit, begin, Make(piece.pieces[i], next)});
        }
        return begin;
      }
      case Form::kRepeat:
        return MakeRepeat(piece, next);
    }
    return next;
  }

  uint16_t MakeRepeat(const Piece& piece, uint16_t next) {
    uint16_t at = next;
    if (piece.max == kNone) {
      at = Add({Kind::kSplit, 0, next});
      const uint16_t body = Make(piece.pieces[0], at);
      if (!failed_) pattern_.states_[at].next = body;
    } else {
      for (uint32_t i = piece.min; i < piece.max && !failed_; ++i) {
        at = Add({Kind::kSplit, Make(piece.pieces[0], at), next});
      }
    }
    for (uint32_t i = 0; i < piece.min && !failed_; ++i) at = Make(piece.pieces[0], at);
    return at;
  }

  const std::string_view text_;
  size_t at_ = 0;
  int depth_ = 0;
  uint32_t made_ = 0;
  bool failed_ = false;
  Pattern pattern_;
};

// The states that are possible after each code point, kept as a list without duplicates.
class PatternRun {
 public:
  PatternRun(const Pattern& pattern, std::string_view text) noexcept
      : pattern_(pattern), text_(text) {
    std::fill_n(seen_.begin(), pattern.states(), 0u);
  }

  bool Run() noexcept {
    uint32_t before = kNone;
    for (size_t at = 0;;) {
      const bool is_end = at == text_.size();
      size_t behind = at;
      const uint32_t code = is_end ? kNone : Next(text_, &behind);
      ++round_;
      count_ = 0;
      edge_ = {at == 0, is_end, IsWord(before) != IsWord(code)};
      for (size_t i = 0; i < next_count_; ++i) {
        if (Reach(next_[i])) return true;
      }
      if (Reach(pattern_.start_)) return true;
      if (is_end) return false;
      next_count_ = 0;
      for (size_t i = 0; i < count_; ++i) Step(pattern_.states_[states_[i]], code);
      before = code;
      at = behind;
    }
  }

 private:
  struct Edge {
    bool is_begin = false, is_end = false, is_word = false;
  };
  using Kind = Pattern::Kind;

  // Adds what can be reached from `from` without a character; true once that is the end.
  bool Reach(uint16_t from) noexcept {
    size_t open = 0;
    Push(from, &open);
    while (open > 0) {
      const uint16_t index = open_[--open];
      const Pattern::State& state = pattern_.states_[index];
      switch (state.kind) {
        case Kind::kMatch:
          return true;
        case Kind::kClass:
          states_[count_++] = index;
          break;
        case Kind::kSplit:
          Push(state.other, &open);
          Push(state.next, &open);
          break;
        default:
          if (Holds(state.kind)) Push(state.next, &open);
      }
    }
    return false;
  }

  void Push(uint16_t index, size_t* open) noexcept {
    if (seen_[index] == round_) return;
    seen_[index] = round_;
    open_[(*open)++] = index;
  }

  bool Holds(Kind kind) const noexcept {
    switch (kind) {
      case Kind::kBegin:
        return edge_.is_begin;
      case Kind::kEnd:
        return edge_.is_end;
      case Kind::kWordEdge:
        return edge_.is_word;
      default:
        return !edge_.is_word;
    }
  }

  void Step(const Pattern::State& state, uint32_t code) noexcept {
    const Pattern::Ranges& ranges = pattern_.classes_[state.other];
    const auto range = std::lower_bound(ranges.begin(), ranges.end(), code,
                                        [](const std::pair<uint32_t, uint32_t>& each,
                                           uint32_t value) { return each.second < value; });
    if (range != ranges.end() && range->first <= code) next_[next_count_++] = state.next;
  }

  using List = std::array<uint16_t, Pattern::kStatesMax>;

  const Pattern& pattern_;
  const std::string_view text_;
  Edge edge_;
  uint32_t round_ = 0;
  size_t count_ = 0;
  size_t next_count_ = 0;
  List states_;  // each filled up to its count: left unset to keep short texts short
  List next_;
  List open_;
  std::array<uint32_t, Pattern::kStatesMax> seen_;
};

std::optional<Pattern> Pattern::Of(std::string_view pattern) {
  return PatternParser(pattern).Run();
}

bool Pattern::IsIn(std::string_view text) const noexcept { return PatternRun(*this, text).Run(); }

}  // namespace lineward::policy::cel
