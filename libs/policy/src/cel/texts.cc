#include "policy/src/cel/texts.h"

#include <algorithm>

#include "policy/src/cel/limits.h"

namespace lineward::policy::cel {
namespace {

constexpr int64_t kRegexBytesMax = 256 << 10;     // of a compiled pattern
constexpr size_t kRegexSourceBytesMax = 1 << 10;  // 256 characters of four bytes
constexpr uint64_t kRegexWorkPerByte = 8;         // RE2 against a plain scan, about
// Of one match: what compiling a pattern costs where it has to be, so that both count alike.
constexpr uint64_t kRegexWork = 4 << 10;
constexpr uint64_t kRegexWorkPerPatternByte = 64;

// Each state of the machine may be at work at each byte.
constexpr uint64_t kRegexWorkPerState = 2;

Value Failed(Failure failure) { return Value::Failed(failure); }

uint64_t WorkOf(const Regex& regex, uint64_t bytes) {
  const uint64_t states = regex.machine.has_value() ? regex.machine->states() : 0;
  return kRegexWork + kRegexWorkPerPatternByte * regex.re2->pattern().size() +
         (kRegexWorkPerByte + kRegexWorkPerState * states) * bytes;
}

bool IsIn(const re2::RE2& pattern, std::string_view text) {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), pattern);
}

}  // namespace

Value SizeOf(const Value& value, Scratch* scratch) noexcept {
  switch (value.kind()) {
    case Kind::kString:
      if (!scratch->Work(value.size())) return Failed(Failure::kBudgetSpent);
      return Value::Int(std::count_if(value.text().begin(), value.text().end(),
                                      [](char c) { return (c & 0xC0) != 0x80; }));
    case Kind::kBytes:
    case Kind::kList:
    case Kind::kMap:
      return Value::Int(value.size());
    default:
      return Failed(Failure::kNoOverload);
  }
}

Value TestText(Function function, const Value& text, const Value& part, Scratch* scratch) noexcept {
  if (!text.is(Kind::kString) || !part.is(Kind::kString)) return Failed(Failure::kNoOverload);
  if (function == Function::kStartsWith) return Value::Bool(text.text().starts_with(part.text()));
  if (function == Function::kEndsWith) return Value::Bool(text.text().ends_with(part.text()));
  // The search of the standard library may look at each byte once per byte of the part.
  const uint64_t work = uint64_t{text.size()} * std::min<uint32_t>(part.size(), 64);
  if (!scratch->Work(work)) return Failed(Failure::kBudgetSpent);
  return Value::Bool(text.text().find(part.text()) != std::string_view::npos);
}

Regex CompileRegex(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kRegexBytesMax);
  Regex regex;
  regex.re2 =
      std::make_unique<const re2::RE2>(re2::StringPiece(pattern.data(), pattern.size()), options);
  if (regex.re2->ok()) regex.machine = Pattern::Of(pattern);
  return regex;
}

bool IsRegexSize(std::string_view pattern) { return pattern.size() <= kRegexSourceBytesMax; }

Value Matches(const Value& text, const Value& pattern, Scratch* scratch) noexcept {
  if (!text.is(Kind::kString) || !pattern.is(Kind::kString)) return Failed(Failure::kNoOverload);
  if (!IsRegexSize(pattern.text())) return Failed(Failure::kBadRegex);
  const Regex compiled = CompileRegex(pattern.text());
  if (!compiled.re2->ok()) return Failed(Failure::kBadRegex);
  if (!scratch->Work(WorkOf(compiled, text.size()))) return Failed(Failure::kBudgetSpent);
  return Value::Bool(IsIn(*compiled.re2, text.text()));
}

Value Matches(const Value& text, const Regex& pattern, Scratch* scratch) noexcept {
  if (!text.is(Kind::kString)) return Failed(Failure::kNoOverload);
  if (!scratch->Work(WorkOf(pattern, text.size()))) return Failed(Failure::kBudgetSpent);
  return Value::Bool(pattern.machine.has_value() ? pattern.machine->IsIn(text.text())
                                                 : IsIn(*pattern.re2, text.text()));
}

}  // namespace lineward::policy::cel
