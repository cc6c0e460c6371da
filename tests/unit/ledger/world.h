#pragma once

// A small random world of decisions: blocks as a gate would send them, and what a naive reader
// keeps of them to compare the ledger with.

#include <algorithm>
#include <cstdint>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/decision/block.h"
#include "lineward/ledger/ledger.h"
#include "lineward/policy/reasons.h"
#include "tests/support/manual_clock.h"

namespace lineward::ledger {

inline const std::string kTenantKey(32, 'k');
inline constexpr int64_t kWorldStartMs = 1'772'366'400'000;  // 2026-03-01T12:00:00Z

// What the naive reader knows of one row.
struct PlainRow {
  decision::SourceName source;
  int64_t time_ms = 0;
  uint64_t offset = 0;
  std::string outcome;
  std::string reason;
  std::vector<std::string> rules;
  std::string model;
  std::string version;
  std::string purpose;
  std::string surface;
  std::string jurisdiction;
  std::string subject;
  std::string event_id;
  int32_t partition = 0;

  std::string Id() const {
    return source.topic + "-" + std::to_string(source.partition) + "-" + std::to_string(offset);
  }
};

// The design's order of lists.
inline bool IsBefore(const PlainRow& a, const PlainRow& b) {
  if (a.time_ms != b.time_ms) return a.time_ms > b.time_ms;
  if (a.source.topic != b.source.topic) return a.source.topic < b.source.topic;
  if (a.source.partition != b.source.partition) return a.source.partition < b.source.partition;
  if (a.source.cluster != b.source.cluster) return a.source.cluster < b.source.cluster;
  return a.offset > b.offset;
}

struct Message {
  int32_t partition = 0;
  int64_t offset = 0;
  std::string value;
  decision::BlockHeader header;
};

class World {
 public:
  // `step_ms_max`: the most that decision time moves on between two blocks.
  explicit World(uint64_t seed, int32_t partitions = 2, uint32_t step_ms_max = 4'000)
      : random_(seed), partitions_(partitions), step_ms_max_(step_ms_max) {}

  // One block of `count` rows of one of four sources; `gap` offsets are declared lost in front.
  const Message& AddBlock(uint32_t count, uint64_t gap = 0) {
    const uint32_t number = Pick(4);
    return AddBlockOf({"k1", number < 2 ? "promotions" : "ads", number % 2}, count, gap);
  }

  const Message& AddBlockOf(const decision::SourceName& source, uint32_t count, uint64_t gap = 0) {
    uint64_t& next = next_[source];
    const int32_t partition = static_cast<int32_t>(source.partition) % partitions_;
    if (Pick(3) != 0) time_ms_ += Pick(step_ms_max_);
    decision::BlockContext context;
    context.source = source;
    context.first = next;
    context.decision_time_ms = time_ms_;
    context.policy_set[0] = static_cast<uint8_t>(time_ms_ / 600'000 % 3);
    context.run.seat = "lineward.gate.a.0";
    context.run.software = "0.1.0";
    context.personal_ids = false;
    decision::FragmentTable fragments;
    decision::BlockBuilder builder(&fragments);
    builder.Open(context);
    if (gap > 0) builder.Skip(decision::GapReason::kNotDelivered, gap);
    for (uint32_t i = 0; i < count; ++i) AddRow(context, partition, &fragments, &builder);
    auto sealer = std::make_unique<decision::TenantSealer>(
        decision::TenantSealer::Options{kTenantKey, 1, source, 1'000});
    sealer->SetTime(time_ms_);
    auto sealed = builder.Seal(*sealer);
    for (auto& record : sealer->TakeRecords()) keys.emplace_back(partition, std::move(record));
    next = sealed.header.next;
    messages.push_back(
        {partition, next_offset_[partition]++, std::move(sealed.bytes), sealed.header});
    return messages.back();
  }

  uint32_t Pick(uint32_t n) { return static_cast<uint32_t>(random_() % n); }

  std::vector<PlainRow> rows;
  std::vector<Message> messages;
  std::vector<std::pair<int32_t, decision::KeyRecord>> keys;

 private:
  void AddRow(const decision::BlockContext& context, int32_t partition,
              decision::FragmentTable* fragments, decision::BlockBuilder* builder) {
    if (Pick(25) == 0) {
      AddMalformed(context, partition, fragments, builder);
      return;
    }
    PlainRow row;
    row.source = context.source;
    row.time_ms = context.decision_time_ms;
    row.offset = builder->next();
    row.partition = partition;
    row.model = Pick(2) == 0 ? "ranker" : "recall";
    row.version = std::to_string(1 + Pick(3));
    row.purpose = "dpv:P" + std::to_string(Pick(3));
    row.surface = Pick(4) == 0 ? "home_feed" : "search";
    row.jurisdiction = Pick(5) == 0 ? "" : (Pick(2) == 0 ? "DE" : "FR");
    row.subject = Pick(6) == 0 ? "" : "person-" + std::to_string(Pick(40));
    row.event_id = Pick(9) == 0 ? "" : "event-" + std::to_string(Pick(500));

    decision::VerdictFields verdict;
    const uint32_t kind = Pick(10);
    verdict.binding = "home";
    std::vector<decision::ReasonField> reasons;
    if (kind < 7) {
      verdict.outcome = decision::Outcome::kAllow;
      verdict.route = decision::Route::kAllowed;
      row.rules = {"rec/r" + std::to_string(Pick(3))};
      if (Pick(3) == 0) row.rules.push_back("rec/s1");
      for (const auto& rule : row.rules) {
        reasons.push_back({0, decision::Outcome::kAllow, rule});
      }
      row.outcome = "ALLOW";
      row.reason = "PERMITTED";
    } else if (kind < 9) {
      verdict.outcome = decision::Outcome::kBlock;
      verdict.route = decision::Route::kBlocked;
      reasons.push_back({402, decision::Outcome::kBlock, ""});
      if (Pick(2) == 0) reasons.push_back({501, decision::Outcome::kBlock, ""});
      row.outcome = "BLOCK";
      row.reason = "PURPOSE_NOT_ALLOWED";
    } else {
      verdict.outcome = decision::Outcome::kQuarantine;
      verdict.route = decision::Route::kQuarantined;
      reasons.push_back({300, decision::Outcome::kQuarantine, ""});
      row.outcome = "QUARANTINE";
      row.reason = "MODEL_UNKNOWN";
    }
    verdict.reasons = reasons;
    for (const auto& rule : row.rules) verdict.rules.push_back(rule);

    decision::ModelFields model;
    model.recommender = "shop";
    model.model = row.model;
    model.version = row.version;
    decision::PlaceFields place;
    place.surface = row.surface;
    place.schema = "json";
    decision::PurposeFields purpose;
    purpose.purpose = row.purpose;
    decision::WhereFields where;
    where.jurisdiction = row.jurisdiction;

    decision::RowFacts facts;
    facts.offset = row.offset;
    facts.route = verdict.route;
    facts.verdict = Intern(verdict, decision::AppendVerdict, fragments);
    facts.model = Intern(model, decision::AppendModel, fragments);
    facts.place = Intern(place, decision::AppendPlace, fragments);
    facts.purpose = Intern(purpose, decision::AppendPurpose, fragments);
    facts.where = Intern(where, decision::AppendWhere, fragments);
    facts.event_time_us = (context.decision_time_ms - 5) * 1'000;
    facts.event_id = row.event_id;
    facts.subject = row.subject;
    const absl::Status status = builder->Append(facts);
    LW_CHECK(status.ok(), "{}", base::MessageOf(status));
    rows.push_back(std::move(row));
  }

  // What could not be decoded has a verdict and nothing else.
  void AddMalformed(const decision::BlockContext& context, int32_t partition,
                    decision::FragmentTable* fragments, decision::BlockBuilder* builder) {
    PlainRow row;
    row.source = context.source;
    row.time_ms = context.decision_time_ms;
    row.offset = builder->next();
    row.partition = partition;
    row.outcome = "QUARANTINE";
    row.reason = "MALFORMED";
    decision::VerdictFields verdict;
    verdict.outcome = decision::Outcome::kQuarantine;
    verdict.route = decision::Route::kDeadLetter;
    verdict.reasons = {{200, decision::Outcome::kQuarantine, ""}};
    verdict.malformed = 3;
    decision::RowFacts facts;
    facts.offset = row.offset;
    facts.route = verdict.route;
    facts.verdict = Intern(verdict, decision::AppendVerdict, fragments);
    const absl::Status status = builder->Append(facts);
    LW_CHECK(status.ok(), "{}", base::MessageOf(status));
    rows.push_back(std::move(row));
  }

  template <typename Fields>
  static decision::FragmentId Intern(const Fields& fields,
                                     void (*append)(const Fields&, std::string*),
                                     decision::FragmentTable* table) {
    std::string bytes;
    append(fields, &bytes);
    return table->Intern(bytes);
  }

  std::mt19937_64 random_;
  int32_t partitions_;
  uint32_t step_ms_max_;
  int64_t time_ms_ = kWorldStartMs;
  std::map<decision::SourceName, uint64_t> next_;
  std::map<int32_t, int64_t> next_offset_;
};

// Options of a small ledger of two partitions below `folder`.
inline LedgerOptions SmallLedger(const std::string& folder) {
  LedgerOptions options;
  options.data_dir = folder;
  options.log_id = "k1";
  options.partitions = {0, 1};
  options.block_cache_bytes = 8 << 20;
  options.min_free_bytes = 0;
  options.query_time = absl::Seconds(60);
  options.stale_after = absl::Hours(1);
  options.tenant_key = kTenantKey;
  return options;
}

inline CountRequest ByOutcome() {
  CountRequest request;
  request.by = {Facet::kOutcome};
  return request;
}

// Starts each log at 0 and folds messages [first, end) and the keys.
inline absl::Status FoldAll(Ledger& ledger, const World& world, size_t first = 0,
                            size_t end = SIZE_MAX) {
  for (const ResumePoint& point : ledger.Resume()) {
    if (!point.next_offset) LW_RETURN_IF_ERROR(ledger.Begin(point.partition, 0));
  }
  for (size_t i = first; i < std::min(end, world.messages.size()); ++i) {
    const Message& message = world.messages[i];
    LW_RETURN_IF_ERROR(ledger.Fold(message.partition, message.offset, message.value));
  }
  int64_t key_offset = 0;
  for (const auto& [partition, record] : world.keys) {
    LW_RETURN_IF_ERROR(ledger.FoldKey(partition, key_offset++, record.key, record.value));
  }
  for (const ResumePoint& point : ledger.Resume()) ledger.NoteEnd(point.partition);
  return ledger.Publish();
}

}  // namespace lineward::ledger
