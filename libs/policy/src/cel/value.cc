#include "policy/src/cel/value.h"

#include <fmt/format.h>

#include <array>

#include "policy/src/cel/times.h"

namespace lineward::policy::cel {
namespace {

std::string ListText(const Value& value) {
  std::string text = "[";
  for (const Value& item : value.items()) {
    if (text.size() > 1) text += ", ";
    text += ToText(item);
  }
  return text + "]";
}

std::string MapText(const Value& value) {
  std::string text = "{";
  const std::span<const Value> entries = value.entries();
  for (size_t i = 0; i < entries.size(); i += 2) {
    if (i > 0) text += ", ";
    text += fmt::format("{}: {}", ToText(entries[i]), ToText(entries[i + 1]));
  }
  return text + "}";
}

std::string DoubleText(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_not_of("-0123456789") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

std::string_view FailureText(Failure failure) {
  switch (failure) {
    case Failure::kNoOverload:
      return "no overload for these types";
    case Failure::kUnknownName:
      return "unknown name";
    case Failure::kUnknownFunction:
      return "unknown function";
    case Failure::kAbsent:
      return "the fact is absent";
    case Failure::kUnknownFact:
      return "the fact is unknown";
    case Failure::kDivideByZero:
      return "division by zero";
    case Failure::kOverflow:
      return "overflow";
    case Failure::kRange:
      return "out of range";
    case Failure::kMalformed:
      return "malformed text";
    case Failure::kNoSuchKey:
      return "no such key";
    case Failure::kOutOfBounds:
      return "index out of bounds";
    case Failure::kDuplicateKey:
      return "duplicate key";
    case Failure::kBadKey:
      return "a key is an int, uint, bool or string";
    case Failure::kBadRegex:
      return "bad regular expression";
    case Failure::kBudgetSpent:
      return "the budget is spent";
  }
  return "";
}

std::string_view TypeNameOf(const Value& value) {
  static constexpr std::array<std::string_view, 13> kNames = {"null_type",
                                                              "bool",
                                                              "int",
                                                              "uint",
                                                              "double",
                                                              "string",
                                                              "bytes",
                                                              "list",
                                                              "map",
                                                              "google.protobuf.Timestamp",
                                                              "google.protobuf.Duration",
                                                              "type",
                                                              "failure"};
  return kNames[static_cast<size_t>(value.kind())];
}

std::string ToText(const Value& value) {
  switch (value.kind()) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return value.as_bool() ? "true" : "false";
    case Kind::kInt:
      return fmt::format("{}", value.as_int());
    case Kind::kUint:
      return fmt::format("{}u", value.as_uint());
    case Kind::kDouble:
      return DoubleText(value.as_double());
    case Kind::kString:
      return fmt::format("\"{}\"", value.text());
    case Kind::kBytes:
      return fmt::format("b\"{}\"", value.text());
    case Kind::kList:
      return ListText(value);
    case Kind::kMap:
      return MapText(value);
    case Kind::kTimestamp:
      return fmt::format("timestamp(\"{}\")", TimestampText(value));
    case Kind::kDuration:
      return fmt::format("duration(\"{}\")", DurationText(value));
    case Kind::kType:
      return std::string(value.text());
    case Kind::kFailure:
      return fmt::format("failure({})", FailureText(value.failure()));
  }
  return "";
}

}  // namespace lineward::policy::cel
