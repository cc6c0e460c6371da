#pragma once

// Items of `POST /v1/registry:register` and lines of `import --format jsonl` (registry design,
// section 8): read strictly, every violation told at once, and normalised, so that equal statements
// are equal JSON. Pure; any thread.

#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/document/json.h"
#include "lineward/registry/fact.h"

namespace lineward::registry {

inline constexpr size_t kItemsMax = 500;
inline constexpr size_t kEdgesPerItemMax = 1'000;
inline constexpr size_t kTagsMax = 100;
inline constexpr size_t kNamespaceBytesMax = 1'024;
inline constexpr size_t kNameBytesMax = 4'096;

struct Violation {
  std::string field;  // `items[3].declaration.grants[0].basis`
  std::string message;
};

// A purpose by its canonical id; an alias may narrow it to some processings (`TRAIN`, ...).
struct FoundPurpose {
  std::string id;
  std::vector<std::string> processing;  // empty: no limit
};

// How a purpose is found by any spelling, and what to add to the message about an unknown one.
struct PurposeLookup {
  std::function<std::optional<FoundPurpose>(std::string_view)> find;
  std::function<std::string(std::string_view)> nearest_hint;
};

struct Item {
  FactKind kind = FactKind::kDataset;
  // The given fields: references as resource names, purposes canonical, times RFC 3339 in UTC,
  // sets sorted. Without `kind`, `valid_from`, `valid_to`.
  document::Json body;
  // Resource name; of a model version without number it ends in `/versions/`.
  std::string subject;
  std::optional<int64_t> valid_from_us = {};
  std::optional<int64_t> valid_to_us = {};
};

// The kind of a word (`DATASET`, ...); nullopt if there is none.
std::optional<FactKind> ParseItemKind(std::string_view word);
std::string_view NameOf(FactKind kind);

// Reads one item. `kind`: given by a single register, where the object has no `kind`; else read
// from it. Findings go to `violations` with `path` before each field; nullopt if there are any.
std::optional<Item> ParseItem(const document::Json& json, std::optional<FactKind> kind,
                              const std::string& path, const PurposeLookup& purposes,
                              std::vector<Violation>* violations);

// One status of all violations: INVALID_ARGUMENT with the reason of the first, and all of them as
// payload `lineward/violations` (a JSON list of {field, message}).
absl::Status StatusOf(const std::vector<Violation>& violations, std::string_view reason);

// `sha256:` or `sha512:` and lower-case hex of the right length.
bool IsDigest(std::string_view text);

}  // namespace lineward::registry
