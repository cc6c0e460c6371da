#include "policy/src/cel/containers.h"

#include <algorithm>
#include <cmath>

#include "policy/src/cel/compare.h"

namespace lineward::policy::cel {
namespace {

Value Failed(Failure failure) { return Value::Failed(failure); }

bool CanBeKey(const Value& value) noexcept {
  return value.is(Kind::kInt) || value.is(Kind::kUint) || value.is(Kind::kBool) ||
         value.is(Kind::kString);
}

// The place in a list that a number names; nullopt if it is not whole.
std::optional<uint64_t> PlaceIn(const Value& index) noexcept {
  if (index.is(Kind::kUint)) return index.as_uint();
  if (index.is(Kind::kInt) && index.as_int() >= 0) return static_cast<uint64_t>(index.as_int());
  if (index.is(Kind::kDouble) && index.as_double() >= 0 && index.as_double() < 4e9 &&
      std::floor(index.as_double()) == index.as_double()) {
    return static_cast<uint64_t>(index.as_double());
  }
  return std::nullopt;
}

}  // namespace

const Value* FindKey(const Value& map, const Value& key, Scratch* scratch) noexcept {
  const std::span<const Value> entries = map.entries();
  for (size_t i = 0; i < entries.size(); i += 2) {
    const std::optional<bool> equal = AreEqual(entries[i], key, scratch);
    if (!equal) return nullptr;
    if (*equal) return &entries[i + 1];
  }
  return nullptr;
}

Value MakeList(std::span<const Value> items) noexcept {
  for (const Value& item : items) {
    if (item.is_failure()) return item;
  }
  return Value::List(items);
}

Value MakeMap(std::span<const Value> entries, Scratch* scratch) noexcept {
  for (size_t i = 0; i < entries.size(); i += 2) {
    if (entries[i].is_failure()) return entries[i];
    if (entries[i + 1].is_failure()) return entries[i + 1];
    if (!CanBeKey(entries[i])) return Failed(Failure::kBadKey);
    const bool is_known = FindKey(Value::Map(entries.first(i)), entries[i], scratch) != nullptr;
    if (scratch->is_exhausted()) return Failed(Failure::kBudgetSpent);
    if (is_known) return Failed(Failure::kDuplicateKey);
  }
  return Value::Map(entries);
}

Value Index(const Value& container, const Value& index, Scratch* scratch) noexcept {
  if (container.is(Kind::kMap)) {
    const Value* value = FindKey(container, index, scratch);
    return value == nullptr ? Failed(Failure::kNoSuchKey) : *value;
  }
  if (!container.is(Kind::kList)) return Failed(Failure::kNoOverload);
  if (!index.is_number()) return Failed(Failure::kNoOverload);
  const std::optional<uint64_t> place = PlaceIn(index);
  if (!place || *place >= container.size()) return Failed(Failure::kOutOfBounds);
  return container.items()[*place];
}

Value Select(const Value& target, std::string_view field, Scratch* scratch) noexcept {
  if (target.is_failure()) return target;
  if (!target.is(Kind::kMap)) return Failed(Failure::kNoOverload);
  return Index(target, Value::String(field), scratch);
}

Value Has(const Value& target, std::string_view field, Scratch* scratch) noexcept {
  if (target.is_failure()) return target;
  if (!target.is(Kind::kMap)) return Failed(Failure::kNoOverload);
  return Value::Bool(FindKey(target, Value::String(field), scratch) != nullptr);
}

Value Contains(const Value& item, const Value& container, Scratch* scratch) noexcept {
  if (container.is(Kind::kMap)) return Value::Bool(FindKey(container, item, scratch) != nullptr);
  if (!container.is(Kind::kList)) return Failed(Failure::kNoOverload);
  for (const Value& one : container.items()) {
    const std::optional<bool> equal = AreEqual(one, item, scratch);
    if (!equal) return Failed(Failure::kBudgetSpent);
    if (*equal) return Value::Bool(true);
  }
  return Value::Bool(false);
}

Value JoinLists(const Value& a, const Value& b, Scratch* scratch) noexcept {
  Value* items = scratch->NewValues(size_t{a.size()} + b.size());
  if (items == nullptr) return Failed(Failure::kBudgetSpent);
  std::copy(b.items().begin(), b.items().end(),
            std::copy(a.items().begin(), a.items().end(), items));
  return Value::List({items, size_t{a.size()} + b.size()});
}

}  // namespace lineward::policy::cel
