#include "policy/src/cel/conversions.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstring>

#include "lineward/base/strings.h"
#include "policy/src/cel/times.h"

namespace lineward::policy::cel {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;
constexpr std::array<std::string_view, 5> kTrue = {"1", "t", "true", "TRUE", "True"};
constexpr std::array<std::string_view, 5> kFalse = {"0", "f", "false", "FALSE", "False"};

Value Failed(Failure failure) { return Value::Failed(failure); }

// The number that is the whole of `text`, or a failure.
template <typename Number, typename Make>
Value ParseNumber(std::string_view text, Make make) noexcept {
  Number number{};
  const char* end = text.data() + text.size();
  const auto [last, error] = std::from_chars(text.data(), end, number);
  if (error == std::errc::result_out_of_range && last == end) return Failed(Failure::kRange);
  if (error != std::errc() || last != end) return Failed(Failure::kMalformed);
  return make(number);
}

Value NewString(std::string_view text, Scratch* scratch) noexcept {
  char* copy = scratch->NewChars(text.size());
  if (copy == nullptr) return Failed(Failure::kBudgetSpent);
  std::memcpy(copy, text.data(), text.size());
  return Value::String({copy, text.size()});
}

template <typename Number>
Value NumberText(Number number, Scratch* scratch) noexcept {
  std::array<char, 32> text;  // the longest double has 24
  const auto [end, error] = std::to_chars(text.data(), text.data() + text.size(), number);
  return NewString({text.data(), static_cast<size_t>(end - text.data())}, scratch);
}

Value TimeText(size_t (*write)(const Value&, char*) noexcept, const Value& value,
               Scratch* scratch) noexcept {
  std::array<char, kTimeTextMax> text;
  return NewString({text.data(), write(value, text.data())}, scratch);
}

}  // namespace

Value ToBool(const Value& value) noexcept {
  if (value.is(Kind::kBool)) return value;
  if (!value.is(Kind::kString)) return Failed(Failure::kNoOverload);
  const auto is_one_of = [&value](const auto& words) {
    return std::find(words.begin(), words.end(), value.text()) != words.end();
  };
  if (is_one_of(kTrue)) return Value::Bool(true);
  if (is_one_of(kFalse)) return Value::Bool(false);
  return Failed(Failure::kMalformed);
}

Value ToInt(const Value& value) noexcept {
  switch (value.kind()) {
    case Kind::kInt:
      return value;
    case Kind::kUint:
      if (value.as_uint() > uint64_t{INT64_MAX}) return Failed(Failure::kRange);
      return Value::Int(static_cast<int64_t>(value.as_uint()));
    case Kind::kDouble:  // the language leaves out -2^63 itself; NaN fails both comparisons
      if (!(value.as_double() > -kTwoTo63 && value.as_double() < kTwoTo63)) {
        return Failed(Failure::kRange);
      }
      return Value::Int(static_cast<int64_t>(value.as_double()));
    case Kind::kString:
      return ParseNumber<int64_t>(value.text(), Value::Int);
    case Kind::kTimestamp:
      return Value::Int(value.seconds());
    default:
      return Failed(Failure::kNoOverload);
  }
}

Value ToUint(const Value& value) noexcept {
  switch (value.kind()) {
    case Kind::kUint:
      return value;
    case Kind::kInt:
      if (value.as_int() < 0) return Failed(Failure::kRange);
      return Value::Uint(static_cast<uint64_t>(value.as_int()));
    case Kind::kDouble:
      if (!(value.as_double() >= 0 && value.as_double() < kTwoTo64)) {
        return Failed(Failure::kRange);
      }
      return Value::Uint(static_cast<uint64_t>(value.as_double()));
    case Kind::kString:
      return ParseNumber<uint64_t>(value.text(), Value::Uint);
    default:
      return Failed(Failure::kNoOverload);
  }
}

Value ToDouble(const Value& value) noexcept {
  switch (value.kind()) {
    case Kind::kDouble:
      return value;
    case Kind::kInt:
      return Value::Double(static_cast<double>(value.as_int()));
    case Kind::kUint:
      return Value::Double(static_cast<double>(value.as_uint()));
    case Kind::kString:
      return ParseNumber<double>(value.text(), Value::Double);
    default:
      return Failed(Failure::kNoOverload);
  }
}

Value ToString(const Value& value, Scratch* scratch) noexcept {
  switch (value.kind()) {
    case Kind::kString:
      return value;
    case Kind::kBool:
      return Value::String(value.as_bool() ? "true" : "false");
    case Kind::kInt:
      return NumberText(value.as_int(), scratch);
    case Kind::kUint:
      return NumberText(value.as_uint(), scratch);
    case Kind::kDouble:
      return NumberText(value.as_double(), scratch);
    case Kind::kBytes:
      if (!scratch->Work(value.size())) return Failed(Failure::kBudgetSpent);
      if (!base::IsUtf8(value.text())) return Failed(Failure::kMalformed);
      return Value::String(value.text());
    case Kind::kTimestamp:
      return TimeText(WriteTimestamp, value, scratch);
    case Kind::kDuration:
      return TimeText(WriteDuration, value, scratch);
    default:
      return Failed(Failure::kNoOverload);
  }
}

Value ToBytes(const Value& value) noexcept {
  if (value.is(Kind::kBytes)) return value;
  if (value.is(Kind::kString)) return Value::Bytes(value.text());
  return Failed(Failure::kNoOverload);
}

Value ToTimestamp(const Value& value) noexcept {
  if (value.is(Kind::kTimestamp)) return value;
  if (value.is(Kind::kString)) return ParseTimestamp(value.text());
  if (value.is(Kind::kInt)) return TimestampOf(value.as_int(), 0);
  return Failed(Failure::kNoOverload);
}

Value ToDuration(const Value& value) noexcept {
  if (value.is(Kind::kDuration)) return value;
  if (value.is(Kind::kString)) return ParseDuration(value.text());
  return Failed(Failure::kNoOverload);
}

}  // namespace lineward::policy::cel
