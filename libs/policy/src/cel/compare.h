#pragma once

// Equality and order across types: 1, 1u and 1.0 are equal. Equality is exact; in the order of an
// int or uint and a double the former counts as its nearest double. Pure; any thread.

#include <compare>
#include <optional>

#include "policy/src/cel/scratch.h"
#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

// Whether two values are equal; values of kinds that cannot be compared are not. nullopt once the
// scratch's bound on work is passed.
std::optional<bool> AreEqual(const Value& a, const Value& b, Scratch* scratch) noexcept;

// The order of two values; unordered for NaN, nullopt for kinds that have none.
std::optional<std::partial_ordering> Order(const Value& a, const Value& b,
                                           Scratch* scratch) noexcept;

}  // namespace lineward::policy::cel
