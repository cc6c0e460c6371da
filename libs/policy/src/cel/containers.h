#pragma once

// Lists and maps: building, finding, joining. Pure; any thread. What is made lives in the scratch.

#include <span>

#include "policy/src/cel/scratch.h"
#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

// The value behind an equal key, or nullptr.
const Value* FindKey(const Value& map, const Value& key, Scratch* scratch) noexcept;

// The list of `items`, which must outlive it; the first failure among them.
Value MakeList(std::span<const Value> items) noexcept;

// The map of `entries`, keys and values in turn, which must outlive it; a failure if a key is no
// int, uint, bool or string, or equals another.
Value MakeMap(std::span<const Value> entries, Scratch* scratch) noexcept;

// `container[index]`, `target.field` and `has(target.field)`; failures as the language has them.
Value Index(const Value& container, const Value& index, Scratch* scratch) noexcept;
Value Select(const Value& target, std::string_view field, Scratch* scratch) noexcept;
Value Has(const Value& target, std::string_view field, Scratch* scratch) noexcept;

// `item in container`.
Value Contains(const Value& item, const Value& container, Scratch* scratch) noexcept;

// `a + b` of two lists.
Value JoinLists(const Value& a, const Value& b, Scratch* scratch) noexcept;

}  // namespace lineward::policy::cel
