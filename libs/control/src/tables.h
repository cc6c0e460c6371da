#pragma once

// What a snapshot looks things up in. Maps are keyed by views into their values, so that a copy of
// the tables copies pointers alone.

#include <absl/container/flat_hash_map.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/base/strings.h"
#include "lineward/control/snapshot.h"
#include "lineward/policy/declaration.h"

namespace lineward::control {

template <typename T>
using ViewMap = absl::flat_hash_map<std::string_view, std::shared_ptr<const T>, base::StringHash,
                                    std::equal_to<>>;

struct Record {
  NamedDeclaration named;
  policy::Declaration policy;
  // Of a dataset version: the same, if its series has no grants.
  std::optional<policy::Declaration> undeclared;
};

struct Served {
  std::string name;
  ServeFacts facts;
};

struct Alias {
  std::string name;  // resource name
  int32_t version = 0;
};

struct Former {
  std::string name;   // as events may still say it
  std::string model;  // as it is called now
};

struct ModelNames {
  std::string key;   // `ranker@2`
  std::string name;  // resource name
};

struct ModelEntry {
  std::shared_ptr<const ModelNames> names;
  std::shared_ptr<const ResolvedModel> resolved;
};

struct ControlTables {
  std::vector<std::shared_ptr<const Record>> records;  // by id; null: none
  ViewMap<Served> served;
  ViewMap<Alias> aliases;
  ViewMap<Former> former_names;
  absl::flat_hash_map<std::string_view, ModelEntry, base::StringHash, std::equal_to<>> models;
};

// `ranker@2`: names have no `@`.
std::string ModelKey(std::string_view model, int32_t version);

// The record as `policy` reads it.
Record MakeRecord(std::string_view name, const Declaration& declaration, bool is_revoked);

// The facts of a model version at `time_us` under `set` (null: nothing is resolved, so unknown).
std::shared_ptr<const ResolvedModel> ResolveModel(const ControlTables& tables,
                                                  const policy::PolicySet* set,
                                                  std::shared_ptr<const ModelFacts> registered,
                                                  int64_t time_us);

}  // namespace lineward::control
