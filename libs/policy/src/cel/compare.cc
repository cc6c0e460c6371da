#include "policy/src/cel/compare.h"

#include <algorithm>
#include <cmath>

#include "policy/src/cel/containers.h"

namespace lineward::policy::cel {
namespace {

constexpr double kTwoTo63 = 9223372036854775808.0;
constexpr double kTwoTo64 = 18446744073709551616.0;

std::partial_ordering OrderIntUint(int64_t a, uint64_t b) noexcept {
  if (a < 0) return std::partial_ordering::less;
  return static_cast<uint64_t>(a) <=> b;
}

// Both are numbers, of different kinds. Beside a double an int or uint counts as its nearest
// double: so the language has it.
std::partial_ordering OrderMixed(const Value& a, const Value& b) noexcept {
  if (a.is(Kind::kInt) && b.is(Kind::kUint)) return OrderIntUint(a.as_int(), b.as_uint());
  if (a.is(Kind::kInt)) return static_cast<double>(a.as_int()) <=> b.as_double();
  if (a.is(Kind::kUint) && b.is(Kind::kDouble)) {
    return static_cast<double>(a.as_uint()) <=> b.as_double();
  }
  return 0 <=> OrderMixed(b, a);
}

// The same, exactly: no int equals a double that only rounding makes equal.
bool AreMixedEqual(const Value& a, const Value& b) noexcept {
  if (b.is(Kind::kDouble)) {
    const double number = b.as_double();
    if (a.is(Kind::kInt)) {
      return number >= -kTwoTo63 && number < kTwoTo63 && std::trunc(number) == number &&
             static_cast<int64_t>(number) == a.as_int();
    }
    return number >= 0 && number < kTwoTo64 && std::trunc(number) == number &&
           static_cast<uint64_t>(number) == a.as_uint();
  }
  if (a.is(Kind::kDouble)) return AreMixedEqual(b, a);
  return OrderMixed(a, b) == 0;
}

// Both are of one kind that has an order.
std::optional<std::partial_ordering> OrderSame(const Value& a, const Value& b,
                                               Scratch* scratch) noexcept {
  switch (a.kind()) {
    case Kind::kBool:
      return a.as_bool() <=> b.as_bool();
    case Kind::kInt:
    case Kind::kDuration:
      return a.as_int() <=> b.as_int();
    case Kind::kUint:
      return a.as_uint() <=> b.as_uint();
    case Kind::kDouble:
      return a.as_double() <=> b.as_double();
    case Kind::kString:
    case Kind::kBytes:
      if (!scratch->Work(std::min(a.size(), b.size()))) return std::nullopt;
      return a.text() <=> b.text();  // bytes of UTF-8 are in the order of code points
    case Kind::kTimestamp:
      if (a.seconds() != b.seconds()) return a.seconds() <=> b.seconds();
      return a.nanos() <=> b.nanos();
    case Kind::kNull:
    case Kind::kList:
    case Kind::kMap:
    case Kind::kType:
    case Kind::kFailure:
      break;
  }
  return std::nullopt;
}

std::optional<bool> AreListsEqual(const Value& a, const Value& b, Scratch* scratch) noexcept {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    const std::optional<bool> equal = AreEqual(a.items()[i], b.items()[i], scratch);
    if (!equal || !*equal) return equal;
  }
  return true;
}

std::optional<bool> AreMapsEqual(const Value& a, const Value& b, Scratch* scratch) noexcept {
  if (a.size() != b.size()) return false;
  const std::span<const Value> entries = a.entries();
  for (size_t i = 0; i < entries.size(); i += 2) {
    const Value* value = FindKey(b, entries[i], scratch);
    if (scratch->is_exhausted()) return std::nullopt;
    if (value == nullptr) return false;
    const std::optional<bool> equal = AreEqual(entries[i + 1], *value, scratch);
    if (!equal || !*equal) return equal;
  }
  return true;
}

}  // namespace

std::optional<bool> AreEqual(const Value& a, const Value& b, Scratch* scratch) noexcept {
  if (!scratch->Work(sizeof(Value))) return std::nullopt;
  if (a.kind() != b.kind()) return a.is_number() && b.is_number() && AreMixedEqual(a, b);
  switch (a.kind()) {
    case Kind::kNull:
      return true;
    case Kind::kType:
      return a.text() == b.text();
    case Kind::kString:
    case Kind::kBytes:
      if (a.size() != b.size()) return false;
      if (!scratch->Work(a.size())) return std::nullopt;
      return a.text() == b.text();
    case Kind::kList:
      return AreListsEqual(a, b, scratch);
    case Kind::kMap:
      return AreMapsEqual(a, b, scratch);
    case Kind::kBool:
    case Kind::kInt:
    case Kind::kUint:
    case Kind::kDouble:
    case Kind::kTimestamp:
    case Kind::kDuration:
      return OrderSame(a, b, scratch) == std::partial_ordering::equivalent;
    case Kind::kFailure:
      break;
  }
  return false;
}

std::optional<std::partial_ordering> Order(const Value& a, const Value& b,
                                           Scratch* scratch) noexcept {
  if (a.kind() == b.kind()) return OrderSame(a, b, scratch);
  if (a.is_number() && b.is_number()) return OrderMixed(a, b);
  return std::nullopt;
}

}  // namespace lineward::policy::cel
