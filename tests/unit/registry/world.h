#pragma once

// A state that is written by items, as the writer does, for the tests of this lib.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "lineward/base/status.h"
#include "lineward/document/json.h"
#include "lineward/registry/items.h"
#include "lineward/registry/state.h"
#include "registry/src/plan.h"

namespace lineward::registry {

// Knows `dpv:Marketing`, `dpv:Advertising` (also `ads`) and `tcf:5`, which narrows to PROFILE.
inline PurposeLookup TestPurposes() {
  PurposeLookup lookup;
  lookup.find = [](std::string_view text) -> std::optional<FoundPurpose> {
    if (text == "ads") return FoundPurpose{.id = "dpv:Advertising", .processing = {}};
    if (text == "tcf:5") return FoundPurpose{.id = "dpv:Marketing", .processing = {"PROFILE"}};
    if (text == "dpv:Marketing" || text == "dpv:Advertising") {
      return FoundPurpose{.id = std::string(text), .processing = {}};
    }
    return std::nullopt;
  };
  lookup.nearest_hint = [](std::string_view) { return std::string(" (nearest: `dpv:Marketing`)"); };
  return lookup;
}

inline document::Json Parse(std::string_view text) {
  auto json = document::ParseJson(text);
  EXPECT_TRUE(json.ok()) << json.status() << ": " << text;
  return json.ok() ? *std::move(json) : document::Json();
}

class World {
 public:
  // States items (JSON with `kind`) in one plan; keeps them if all is well.
  absl::Status Write(const std::vector<std::string>& items) {
    std::vector<Item> parsed;
    std::vector<Violation> violations;
    for (const std::string& text : items) {
      auto item = ParseItem(Parse(text), std::nullopt, "", TestPurposes(), &violations);
      if (item.has_value()) parsed.push_back(*std::move(item));
    }
    if (absl::Status status = StatusOf(violations, "INVALID_FIELD"); !status.ok()) return status;
    auto plan = PlanItems(&state_, std::move(parsed), {.actor = "tester", .now_us = ++now_us_});
    if (!plan.ok()) {
      state_.Rollback();
      return plan.status();
    }
    planned_ = plan->items;
    for (const PlannedFact& fact : plan->facts) bytes_.push_back(fact.bytes);
    return absl::OkStatus();
  }
  void Commit() { state_.Commit(); }
  absl::Status WriteAndCommit(const std::vector<std::string>& items) {
    absl::Status status = Write(items);
    if (status.ok()) Commit();
    return status;
  }

  State& state() { return state_; }
  const std::vector<PlannedItem>& planned() const { return planned_; }
  // Bytes of all facts ever staged without an error.
  const std::vector<std::string>& bytes() const { return bytes_; }

 private:
  State state_;
  std::vector<PlannedItem> planned_;
  std::vector<std::string> bytes_;
  int64_t now_us_ = 1'772'366'400'000'000;
};

inline const std::string kClicks =
    R"({"kind":"DATASET","name":"clicks","declaration":{"grants":[{"purposes":["ads"],"basis":"CONSENT"}]}})";
inline const std::string kRaw = R"({"kind":"DATASET","name":"raw"})";
inline const std::string kRanker = R"({"kind":"MODEL","name":"ranker"})";
inline const std::string kRankerOne =
    R"({"kind":"MODEL_VERSION","model":"ranker","version":1,"inputs":["default/clicks"]})";

}  // namespace lineward::registry
