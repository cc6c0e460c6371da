#pragma once

// Random filters with the plain test that each stands for, and what a row counts under.

#include <absl/time/time.h>

#include <algorithm>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "lineward/ledger/query.h"
#include "tests/unit/ledger/world.h"

namespace lineward::ledger {

using RowTest = std::function<bool(const PlainRow&)>;

struct RandomFilter {
  std::string text;
  RowTest matches;
};

// One owner; equal seeds give equal filters.
class RandomQueries {
 public:
  // `span_ms`: decision times of filters lie that far from the world's start.
  explicit RandomQueries(uint64_t seed, uint32_t span_ms = 200'000)
      : random_(seed), span_ms_(span_ms) {}

  uint32_t Pick(uint32_t n) { return static_cast<uint32_t>(random_() % n); }

  RandomFilter Filter(int depth) {
    if (depth == 0 || Pick(3) == 0) return Comparison();
    const RandomFilter a = Filter(depth - 1);
    if (Pick(4) == 0) {
      return {"NOT (" + a.text + ")", [=](const PlainRow& row) { return !a.matches(row); }};
    }
    const RandomFilter b = Filter(depth - 1);
    if (Pick(2) == 0) {
      return {"(" + a.text + ") AND (" + b.text + ")",
              [=](const PlainRow& row) { return a.matches(row) && b.matches(row); }};
    }
    return {"(" + a.text + ") OR (" + b.text + ")",
            [=](const PlainRow& row) { return a.matches(row) || b.matches(row); }};
  }

 private:
  RandomFilter Comparison() {
    const auto text = [](std::string name, std::string value, auto member) {
      return RandomFilter{name + " = \"" + value + "\"",
                          [=](const PlainRow& row) { return row.*member == value; }};
    };
    switch (Pick(13)) {
      case 0:
        return text("outcome", Pick(2) == 0 ? "BLOCK" : "QUARANTINE", &PlainRow::outcome);
      case 1:
        return text("reason", "PURPOSE_NOT_ALLOWED", &PlainRow::reason);
      case 2:
        return text("purpose", "dpv:P" + std::to_string(Pick(4)), &PlainRow::purpose);
      case 3:
        return text("surface", "home_feed", &PlainRow::surface);
      case 4:
        return text("jurisdiction", "DE", &PlainRow::jurisdiction);
      case 5:
        return text("model", "ranker", &PlainRow::model);
      case 6: {
        const std::string value = "recall@" + std::to_string(1 + Pick(3));
        return {"model_version = " + value,
                [=](const PlainRow& row) { return row.model + "@" + row.version == value; }};
      }
      case 7: {
        const std::string rule = "rec/r" + std::to_string(Pick(3));
        return {"rule:" + rule, [=](const PlainRow& row) {
                  return std::find(row.rules.begin(), row.rules.end(), rule) != row.rules.end();
                }};
      }
      case 8:
        return text("event_id", "event-" + std::to_string(Pick(500)), &PlainRow::event_id);
      case 9: {
        const std::string who = "person-" + std::to_string(Pick(40));
        return text("subject", who, &PlainRow::subject);
      }
      case 10:
        return {"surface != search", [](const PlainRow& row) { return row.surface != "search"; }};
      case 11:
        return {"event_id:*", [](const PlainRow& row) { return !row.event_id.empty(); }};
      default: {
        const int64_t time = kWorldStartMs + Pick(span_ms_);
        return {"decided_at < " + absl::FormatTime(absl::RFC3339_full, absl::FromUnixMillis(time),
                                                   absl::UTCTimeZone()),
                [=](const PlainRow& row) { return row.time_ms < time; }};
      }
    }
  }

  std::mt19937_64 random_;
  uint32_t span_ms_;
};

// The labels of a row: several for rules, else one.
inline std::vector<std::string> LabelsOf(Facet facet, const PlainRow& row) {
  const absl::Time time = absl::FromUnixMillis(row.time_ms);
  switch (facet) {
    case Facet::kOutcome:
      return {row.outcome};
    case Facet::kReason:
      return {row.reason};
    case Facet::kRule:
      return row.rules.empty() ? std::vector<std::string>{""} : row.rules;
    case Facet::kModel:
      return {row.model};
    case Facet::kModelVersion:
      return {row.model.empty() ? "" : row.model + "@" + row.version};
    case Facet::kPurpose:
      return {row.purpose};
    case Facet::kTopic:
      return {row.source.topic};
    case Facet::kSurface:
      return {row.surface};
    case Facet::kJurisdiction:
      return {row.jurisdiction};
    case Facet::kMode:
      return {"ENFORCE"};
    case Facet::kHour:
      return {absl::FormatTime("%Y-%m-%dT%H:00:00Z", time, absl::UTCTimeZone())};
    case Facet::kDay:
      return {absl::FormatTime("%Y-%m-%d", time, absl::UTCTimeZone())};
    case Facet::kPolicySet:
    case Facet::kTenant:
      return {""};
  }
  return {};
}

}  // namespace lineward::ledger
