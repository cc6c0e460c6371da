// C1-C5, C8, C10, C17: what becomes visible, and in which order.

#include <chrono>

#include "tests/conformance/transport/bench.h"

namespace lineward::conformance {
namespace {

using Strings = std::vector<std::string>;

// C1
absl::Status CommittedIsVisibleWhole(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto first, bench.MakeTopic(2));
  LW_ASSIGN_OR_RETURN(const auto second, bench.MakeTopic(1));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(bench.Unique("seat")));
  LW_RETURN_IF_ERROR(producer->Begin());
  LW_RETURN_IF_ERROR(producer->Send({.topic = first, .partition = 0, .value = "a"}));
  LW_RETURN_IF_ERROR(producer->Send({.topic = first, .partition = 1, .value = "b"}));
  LW_RETURN_IF_ERROR(producer->Send({.topic = second, .partition = 0, .value = "c"}));
  LW_ASSIGN_OR_RETURN(const auto delivered, producer->Flush());
  LW_WANT(delivered.records == 3, "{}", delivered.records);
  LW_RETURN_IF_ERROR(producer->Commit());
  // The markers reach the partitions after Commit has answered: a further transaction on each shows
  // that they did.
  LW_RETURN_IF_ERROR(CommitOne(*producer, first, "end", 0));
  LW_RETURN_IF_ERROR(CommitOne(*producer, first, "end", 1));
  LW_RETURN_IF_ERROR(CommitOne(*producer, second, "end", 0));
  LW_RETURN_IF_ERROR(CommitOne(*producer, first, "last", 0));
  LW_ASSIGN_OR_RETURN(const auto a, bench.Values(first, 0));
  LW_ASSIGN_OR_RETURN(const auto b, bench.Values(first, 1));
  LW_ASSIGN_OR_RETURN(const auto c, bench.Values(second, 0));
  LW_WANT(!a.empty() && a[0] == "a", "{} values", a.size());
  LW_WANT(!b.empty() && b[0] == "b", "{} values", b.size());
  LW_WANT(!c.empty() && c[0] == "c", "{} values", c.size());
  return absl::OkStatus();
}

// C2
absl::Status AbortedIsNeverVisible(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto topic, bench.MakeTopic(1));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(bench.Unique("seat")));
  LW_RETURN_IF_ERROR(producer->Begin());
  LW_RETURN_IF_ERROR(producer->Send({.topic = topic, .value = "aborted"}));
  LW_RETURN_IF_ERROR(producer->Flush().status());
  LW_RETURN_IF_ERROR(producer->Abort());
  LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "committed"));
  LW_ASSIGN_OR_RETURN(const auto values, bench.Values(topic));
  LW_WANT(values == Strings{"committed"}, "{}", fmt::join(values, ","));
  return absl::OkStatus();
}

// C3
absl::Status OpenIsNotVisible(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto topic, bench.MakeTopic(1));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(bench.Unique("seat")));
  LW_RETURN_IF_ERROR(producer->Begin());
  LW_RETURN_IF_ERROR(producer->Send({.topic = topic, .value = "open"}));
  LW_RETURN_IF_ERROR(producer->Flush().status());
  LW_ASSIGN_OR_RETURN(const auto before, bench.Values(topic));
  LW_WANT(before.empty(), "{}", fmt::join(before, ","));
  LW_RETURN_IF_ERROR(producer->Commit());
  LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "next"));
  LW_ASSIGN_OR_RETURN(const auto after, bench.Values(topic));
  LW_WANT(!after.empty() && after[0] == "open", "{}", fmt::join(after, ","));
  return absl::OkStatus();
}

// C4, C5
absl::Status SendTenThousand(const Bench& bench, std::vector<OwnedRecord>* records) {
  constexpr int kRecords = 10000;
  constexpr int kPerTransaction = 2500;
  LW_ASSIGN_OR_RETURN(const auto topic, bench.MakeTopic(3));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(bench.Unique("seat")));
  for (int i = 0; i < kRecords; ++i) {
    if (i % kPerTransaction == 0) LW_RETURN_IF_ERROR(producer->Begin());
    const std::string value = std::to_string(i);
    LW_RETURN_IF_ERROR(producer->Send({.topic = topic, .partition = i % 3, .value = value}));
    if (i % kPerTransaction == kPerTransaction - 1) LW_RETURN_IF_ERROR(producer->Commit());
  }
  for (int32_t i = 0; i < 3; ++i) LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "end", i));
  LW_ASSIGN_OR_RETURN(*records, bench.ReadAll(topic));
  std::erase_if(*records, [](const OwnedRecord& record) { return record.value == "end"; });
  LW_WANT(records->size() == kRecords, "{} records", records->size());
  return absl::OkStatus();
}

absl::Status OrderIsSendOrder(const Bench& bench) {
  std::vector<OwnedRecord> records;
  LW_RETURN_IF_ERROR(SendTenThousand(bench, &records));
  int next[3] = {0, 1, 2};
  for (const OwnedRecord& record : records) {
    const std::string wanted = std::to_string(next[record.partition]);
    LW_WANT(record.value == wanted, "partition {} offset {}", record.partition, record.offset);
    next[record.partition] += 3;
  }
  return absl::OkStatus();
}

absl::Status OffsetsStrictlyIncrease(const Bench& bench) {
  std::vector<OwnedRecord> records;
  LW_RETURN_IF_ERROR(SendTenThousand(bench, &records));
  int64_t last[3] = {-1, -1, -1};
  int64_t gaps = 0;
  for (const OwnedRecord& record : records) {
    int64_t& before = last[record.partition];
    LW_WANT(record.offset > before, "partition {}: {} after {}", record.partition, record.offset,
            before);
    if (record.offset != before + 1) ++gaps;
    before = record.offset;
  }
  // Ends of transactions take offsets too: whoever counts by subtracting must fail here.
  LW_WANT(gaps > 0, "no gap between transactions");
  return absl::OkStatus();
}

// C8
absl::Status InitFencesTheOlderHolder(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto topic, bench.MakeTopic(1));
  const std::string id = bench.Unique("seat");
  LW_ASSIGN_OR_RETURN(const auto older, bench.Seat(id));
  LW_RETURN_IF_ERROR(older->Begin());
  LW_RETURN_IF_ERROR(older->Send({.topic = topic, .value = "older"}));
  LW_RETURN_IF_ERROR(older->Flush().status());
  LW_ASSIGN_OR_RETURN(const auto newer, bench.Seat(id));
  const absl::Status ended = older->Commit();
  LW_WANT(!ended.ok(), "the older one's commit was taken");
  LW_WANT(absl::IsUnknown(ended), "{}", ended.ToString());
  LW_WANT(older->IsFenced(), "the older one does not know that it is fenced");
  LW_RETURN_IF_ERROR(CommitOne(*newer, topic, "newer"));
  LW_ASSIGN_OR_RETURN(const auto values, bench.Values(topic));
  LW_WANT(values == Strings{"newer"}, "{}", fmt::join(values, ","));
  return absl::OkStatus();
}

// C10
absl::Status AfterAnErrorAllOrNothing(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto source, bench.MakeTopic(1));
  LW_ASSIGN_OR_RETURN(const auto output, bench.MakeTopic(1));
  const std::string id = bench.Unique("seat");
  LW_ASSIGN_OR_RETURN(const auto consumer, bench.Join(bench.Unique("group"), id, source));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(id));
  const auto try_once = [&](int64_t next, std::string_view value, bool disturb) -> absl::Status {
    LW_RETURN_IF_ERROR(producer->Begin());
    LW_RETURN_IF_ERROR(producer->Send({.topic = output, .value = value}));
    LW_RETURN_IF_ERROR(producer->Flush().status());
    LW_ASSIGN_OR_RETURN(const auto token, consumer->Token());
    const stream::OffsetToCommit offset{.partition = {source, 0}, .next = next};
    LW_RETURN_IF_ERROR(producer->SendOffsets(token, {{offset}}));
    if (disturb) LW_RETURN_IF_ERROR(bench.Seat(id).status());
    return producer->Commit();
  };
  const absl::Status disturbed = try_once(7, "disturbed", true);
  LW_RETURN_IF_ERROR(producer->Recycle());
  LW_ASSIGN_OR_RETURN(const auto between, bench.Committed(*consumer, source));
  LW_RETURN_IF_ERROR(try_once(9, "calm", false));
  LW_ASSIGN_OR_RETURN(const auto after, bench.Committed(*consumer, source));
  LW_WANT(after.offset == 9, "{}", after.offset.value_or(-1));
  LW_RETURN_IF_ERROR(CommitOne(*producer, output, "end"));
  LW_ASSIGN_OR_RETURN(const auto values, bench.Values(output));
  const bool is_visible = !values.empty() && values[0] == "disturbed";
  const bool is_committed = between.offset == 7;
  LW_WANT(is_visible == is_committed, "record visible: {}, offset committed: {}, commit: {}",
          is_visible, is_committed, disturbed.ToString());
  LW_WANT(disturbed.ok() == is_committed, "{}", disturbed.ToString());
  return absl::OkStatus();
}

// C17
absl::Status TooOldIsAborted(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto topic, bench.MakeTopic(1));
  stream::TransactionalOptions options;
  options.transaction_timeout = absl::Seconds(1);
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(bench.Unique("seat"), options));
  LW_ASSIGN_OR_RETURN(const auto other, bench.Seat(bench.Unique("seat")));
  LW_RETURN_IF_ERROR(producer->Begin());
  LW_RETURN_IF_ERROR(producer->Send({.topic = topic, .value = "old"}));
  LW_RETURN_IF_ERROR(producer->Flush().status());
  bench.PassTime(absl::Seconds(2));
  LW_RETURN_IF_ERROR(CommitOne(*other, topic, "other"));
  // An open transaction hides what stands behind it: once that is seen, it was ended.
  Strings values;
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (values.empty() && std::chrono::steady_clock::now() < deadline) {
    LW_ASSIGN_OR_RETURN(values, bench.Values(topic));
  }
  LW_WANT(values == Strings{"other"}, "{}", fmt::join(values, ","));
  const absl::Status late = producer->Commit();
  LW_WANT(absl::IsUnknown(late), "{}", late.ToString());
  LW_RETURN_IF_ERROR(producer->Recycle());
  LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "new"));
  LW_RETURN_IF_ERROR(CommitOne(*other, topic, "end"));
  LW_ASSIGN_OR_RETURN(values, bench.Values(topic));
  LW_WANT(values.size() >= 2 && values[0] == "other" && values[1] == "new", "{}",
          fmt::join(values, ","));
  return absl::OkStatus();
}

}  // namespace

std::vector<Case> TransactionCases() {
  return {
      {"C1", "ACommittedTransactionBecomesVisibleWhole", CommittedIsVisibleWhole},
      {"C2", "AnAbortedTransactionIsNeverVisible", AbortedIsNeverVisible},
      {"C3", "AnOpenTransactionIsNotVisible", OpenIsNotVisible},
      {"C4", "OrderPerPartitionIsSendOrder", OrderIsSendOrder},
      {"C5", "OffsetsStrictlyIncreaseAndHaveGaps", OffsetsStrictlyIncrease},
      {"C8", "InitFencesTheOlderHolderAndEndsItsTransaction", InitFencesTheOlderHolder},
      {"C10", "AfterAnErrorAllOfATransactionIsThereOrNothing", AfterAnErrorAllOrNothing},
      {"C17", "ATransactionOverItsTimeLimitIsAborted", TooOldIsAborted},
  };
}

}  // namespace lineward::conformance
