#pragma once

// A value of the language in 16 bytes: it owns nothing. What it points to (text, items) lives in
// the expression, the program, the facts or the arena of the evaluation that made it. Any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace lineward::policy::cel {

enum class Kind : uint8_t {
  kNull,
  kBool,
  kInt,
  kUint,
  kDouble,
  kString,
  kBytes,
  kList,
  kMap,
  kTimestamp,
  kDuration,
  kType,
  kFailure,
};

// Why an evaluation has no value. `&&`, `||`, `exists` and `all` absorb every one but kBudgetSpent.
enum class Failure : uint8_t {
  kNoOverload,
  kUnknownName,
  kUnknownFunction,
  kAbsent,       // an optional fact that is not there
  kUnknownFact,  // a fact that is there but not known
  kDivideByZero,
  kOverflow,
  kRange,      // a conversion or time out of range
  kMalformed,  // text that is no number, time or zone
  kNoSuchKey,
  kOutOfBounds,
  kDuplicateKey,
  kBadKey,
  kBadRegex,
  kBudgetSpent,
};

// "division by zero" and so on.
std::string_view FailureText(Failure failure);

class Value {
 public:
  constexpr Value() = default;  // null

  static constexpr Value Bool(bool value) { return {Kind::kBool, 0, Payload{.uint = value}}; }
  static constexpr Value Int(int64_t value) { return {Kind::kInt, 0, Payload{.integer = value}}; }
  static constexpr Value Uint(uint64_t value) { return {Kind::kUint, 0, Payload{.uint = value}}; }
  static constexpr Value Double(double value) {
    return {Kind::kDouble, 0, Payload{.number = value}};
  }
  static constexpr Value String(std::string_view text) { return Text(Kind::kString, text); }
  static constexpr Value Bytes(std::string_view bytes) { return Text(Kind::kBytes, bytes); }
  static constexpr Value TypeNamed(std::string_view name) { return Text(Kind::kType, name); }
  // Nanoseconds in [0, 1e9) after the second.
  static constexpr Value Timestamp(int64_t seconds, uint32_t nanos) {
    return {Kind::kTimestamp, nanos, Payload{.integer = seconds}};
  }
  static constexpr Value Duration(int64_t nanos) {
    return {Kind::kDuration, 0, Payload{.integer = nanos}};
  }
  static constexpr Value List(std::span<const Value> items) {
    return {Kind::kList, static_cast<uint32_t>(items.size()), Payload{.items = items.data()}};
  }
  // Keys and values in turn; no two keys are equal.
  static constexpr Value Map(std::span<const Value> entries) {
    return {Kind::kMap, static_cast<uint32_t>(entries.size() / 2),
            Payload{.items = entries.data()}};
  }
  static constexpr Value Failed(Failure failure) {
    return {Kind::kFailure, static_cast<uint32_t>(failure), Payload{.uint = 0}};
  }

  constexpr Kind kind() const { return kind_; }
  constexpr bool is(Kind kind) const { return kind_ == kind; }
  constexpr bool is_failure() const { return kind_ == Kind::kFailure; }
  constexpr bool is_true() const { return kind_ == Kind::kBool && payload_.uint != 0; }
  constexpr bool is_false() const { return kind_ == Kind::kBool && payload_.uint == 0; }
  constexpr bool is_number() const {
    return kind_ == Kind::kInt || kind_ == Kind::kUint || kind_ == Kind::kDouble;
  }

  // Each only of a value of its kind.
  constexpr bool as_bool() const { return payload_.uint != 0; }
  constexpr int64_t as_int() const { return payload_.integer; }
  constexpr uint64_t as_uint() const { return payload_.uint; }
  constexpr double as_double() const { return payload_.number; }
  constexpr std::string_view text() const { return {payload_.chars, extra_}; }
  constexpr int64_t seconds() const { return payload_.integer; }
  constexpr uint32_t nanos() const { return extra_; }
  constexpr int64_t duration_nanos() const { return payload_.integer; }
  constexpr std::span<const Value> items() const { return {payload_.items, extra_}; }
  constexpr std::span<const Value> entries() const { return {payload_.items, size_t{2} * extra_}; }
  constexpr uint32_t size() const { return extra_; }  // of list, map (entries), text (bytes)
  constexpr Failure failure() const { return static_cast<Failure>(extra_); }

  // Where in the source a failure arose; unset (nullopt) until the evaluator places it.
  constexpr std::optional<uint32_t> offset() const {
    if (payload_.uint == 0) return std::nullopt;
    return static_cast<uint32_t>(payload_.uint - 1);
  }
  constexpr Value PlacedAt(uint32_t offset) const {
    if (kind_ != Kind::kFailure || payload_.uint != 0) return *this;
    return {Kind::kFailure, extra_, Payload{.uint = uint64_t{offset} + 1}};
  }

 private:
  union Payload {
    uint64_t uint;
    int64_t integer;
    double number;
    const char* chars;
    const Value* items;
  };

  constexpr Value(Kind kind, uint32_t extra, Payload payload)
      : kind_(kind), extra_(extra), payload_(payload) {}
  static constexpr Value Text(Kind kind, std::string_view text) {
    return {kind, static_cast<uint32_t>(text.size()), Payload{.chars = text.data()}};
  }

  Kind kind_ = Kind::kNull;
  uint32_t extra_ = 0;  // bytes, items, entries, nanoseconds or the failure
  Payload payload_ = {.uint = 0};
};
static_assert(sizeof(Value) == 16);

// "int", "google.protobuf.Timestamp" and so on: the name of the type of `value`.
std::string_view TypeNameOf(const Value& value);

// For messages and tests: `[1, 2u, "a"]`, doubles with a fraction or exponent, maps in their order.
std::string ToText(const Value& value);

}  // namespace lineward::policy::cel
