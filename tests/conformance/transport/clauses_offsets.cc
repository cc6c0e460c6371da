// C6, C7, C9, C12, C13: offsets of groups, ends of partitions, positions outside the log.

#include <chrono>

#include "tests/conformance/transport/bench.h"

namespace lineward::conformance {
namespace {

using stream::OffsetToCommit;
using stream::PartitionEvent;
using stream::Position;
using stream::TopicPartition;

constexpr std::chrono::seconds kPatience{30};

absl::Status CommitOffset(stream::TransactionalProducer& producer, stream::GroupConsumer& consumer,
                          const std::string& source, const std::string& output, int64_t next,
                          std::string metadata = {}) {
  LW_RETURN_IF_ERROR(producer.Begin());
  LW_RETURN_IF_ERROR(producer.Send({.topic = output, .value = "v"}));
  LW_ASSIGN_OR_RETURN(const auto token, consumer.Token());
  const OffsetToCommit offset{
      .partition = {source, 0}, .next = next, .metadata = std::move(metadata)};
  LW_RETURN_IF_ERROR(producer.SendOffsets(token, {{offset}}));
  return producer.Commit();
}

// C6
absl::Status OffsetsCommitWithTheRecordsOrNotAtAll(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto source, bench.MakeTopic(1));
  LW_ASSIGN_OR_RETURN(const auto output, bench.MakeTopic(1));
  const std::string id = bench.Unique("seat");
  LW_ASSIGN_OR_RETURN(const auto consumer, bench.Join(bench.Unique("group"), id, source));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(id));
  LW_ASSIGN_OR_RETURN(const auto none, bench.Committed(*consumer, source));
  LW_WANT(!none.offset.has_value(), "{}", none.offset.value_or(-1));
  // Broken UTF-8 and zero bytes too: metadata is bytes.
  std::string metadata(stream::kOffsetMetadataBytesMax - 2, 'm');
  metadata += "\xc3\xa4";
  LW_RETURN_IF_ERROR(CommitOffset(*producer, *consumer, source, output, 17, metadata));
  LW_ASSIGN_OR_RETURN(const auto first, bench.Committed(*consumer, source));
  LW_WANT(first.offset == 17, "{}", first.offset.value_or(-1));
  LW_WANT(first.metadata == metadata, "{} bytes of metadata", first.metadata.size());

  LW_RETURN_IF_ERROR(producer->Begin());
  LW_RETURN_IF_ERROR(producer->Send({.topic = output, .value = "v"}));
  LW_ASSIGN_OR_RETURN(const auto token, consumer->Token());
  const OffsetToCommit offset{.partition = {source, 0}, .next = 99};
  LW_RETURN_IF_ERROR(producer->SendOffsets(token, {{offset}}));
  LW_RETURN_IF_ERROR(producer->Abort());
  LW_ASSIGN_OR_RETURN(const auto second, bench.Committed(*consumer, source));
  LW_WANT(second.offset == 17, "after an abort: {}", second.offset.value_or(-1));
  return absl::OkStatus();
}

absl::Status MetadataOverTheLimitIsRefused(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto source, bench.MakeTopic(1));
  const std::string id = bench.Unique("seat");
  LW_ASSIGN_OR_RETURN(const auto consumer, bench.Join(bench.Unique("group"), id, source));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(id));
  const absl::Status refused = CommitOffset(*producer, *consumer, source, source, 1,
                                            std::string(stream::kOffsetMetadataBytesMax + 1, 'm'));
  LW_WANT(absl::IsInvalidArgument(refused), "{}", refused.ToString());
  LW_RETURN_IF_ERROR(producer->Abort());
  return absl::OkStatus();
}

// C7
absl::Status CommittedNeverAnswersAnOlderValue(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto source, bench.MakeTopic(1));
  LW_ASSIGN_OR_RETURN(const auto output, bench.MakeTopic(1));
  const std::string id = bench.Unique("seat");
  LW_ASSIGN_OR_RETURN(const auto consumer, bench.Join(bench.Unique("group"), id, source));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(id));
  for (int64_t next = 1; next <= 30; ++next) {
    LW_RETURN_IF_ERROR(CommitOffset(*producer, *consumer, source, output, next));
    LW_ASSIGN_OR_RETURN(const auto committed, bench.Committed(*consumer, source));
    LW_WANT(committed.offset == next, "{} instead of {}", committed.offset.value_or(-1), next);
  }
  return absl::OkStatus();
}

// After Init by a new holder, what Committed says cannot be changed by the old one any more.
absl::Status CommittedAfterInitIsFinal(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto source, bench.MakeTopic(1));
  LW_ASSIGN_OR_RETURN(const auto output, bench.MakeTopic(1));
  const std::string id = bench.Unique("seat");
  LW_ASSIGN_OR_RETURN(const auto consumer, bench.Join(bench.Unique("group"), id, source));
  LW_ASSIGN_OR_RETURN(const auto older, bench.Seat(id));
  LW_RETURN_IF_ERROR(CommitOffset(*older, *consumer, source, output, 5));
  LW_RETURN_IF_ERROR(older->Begin());
  LW_RETURN_IF_ERROR(older->Send({.topic = output, .value = "v"}));
  LW_ASSIGN_OR_RETURN(const auto token, consumer->Token());
  const OffsetToCommit offset{.partition = {source, 0}, .next = 6};
  LW_RETURN_IF_ERROR(older->SendOffsets(token, {{offset}}));
  LW_ASSIGN_OR_RETURN(const auto newer, bench.Seat(id));
  LW_ASSIGN_OR_RETURN(const auto before, bench.Committed(*consumer, source));
  static_cast<void>(older->Commit());
  LW_ASSIGN_OR_RETURN(const auto after, bench.Committed(*consumer, source));
  LW_WANT(before.offset == after.offset, "{}, then {}", before.offset.value_or(-1),
          after.offset.value_or(-1));
  return absl::OkStatus();
}

// C9
absl::Status AStaleTokenIsRefused(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto source, bench.MakeTopic(2));
  const std::string group = bench.Unique("group");
  const std::string id = bench.Unique("seat");
  LW_ASSIGN_OR_RETURN(const auto consumer, bench.Join(group, id + ".a", source));
  LW_ASSIGN_OR_RETURN(const auto stale, consumer->Token());
  // A second member makes a new generation once the first gave its partitions up.
  stream::GroupOptions options;
  options.group_id = group;
  options.instance_id = id + ".b";
  options.topics = {source};
  LW_ASSIGN_OR_RETURN(const auto second, bench.transport().OpenGroupConsumer(options));
  bool is_rejoined = false;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (!is_rejoined && std::chrono::steady_clock::now() < deadline) {
    LW_ASSIGN_OR_RETURN(const auto polled, consumer->Poll(absl::Milliseconds(50)));
    if (polled.rebalance == stream::Rebalance::kRevoked) LW_RETURN_IF_ERROR(consumer->Unassign());
    if (polled.rebalance == stream::Rebalance::kAssigned) is_rejoined = true;
    LW_RETURN_IF_ERROR(second->Poll(absl::Milliseconds(50)).status());
  }
  LW_WANT(is_rejoined, "no new generation");
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(id));
  LW_RETURN_IF_ERROR(producer->Begin());
  LW_RETURN_IF_ERROR(producer->Send({.topic = source, .value = "v"}));
  const OffsetToCommit offset{.partition = {source, 0}, .next = 1};
  const absl::Status refused = producer->SendOffsets(stale, {{offset}});
  LW_WANT(absl::IsFailedPrecondition(refused), "{}", refused.ToString());
  LW_RETURN_IF_ERROR(producer->Abort());
  LW_RETURN_IF_ERROR(producer->Begin());
  LW_RETURN_IF_ERROR(producer->Send({.topic = source, .value = "v"}));
  LW_ASSIGN_OR_RETURN(const auto fresh, consumer->Token());
  LW_RETURN_IF_ERROR(producer->SendOffsets(fresh, {{offset}}));
  return producer->Commit();
}

// C12
absl::Status EndIsTheLastStableOneAndIsReached(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto topic, bench.MakeTopic(1));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(bench.Unique("seat")));
  LW_ASSIGN_OR_RETURN(const auto reader, bench.transport().OpenReader({}));
  const TopicPartition partition{topic, 0};
  const Position start{partition, stream::kLogStart};
  const auto await_end = [&](int64_t wanted) -> absl::Status {
    LW_RETURN_IF_ERROR(reader->Assign({{start}}));
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
      LW_ASSIGN_OR_RETURN(const auto polled, reader->Poll(absl::Milliseconds(50)));
      for (const PartitionEvent& event : polled.events) {
        if (event.offset >= wanted) return absl::OkStatus();
      }
    }
    return base::DeadlineExceeded("", "the end {} was not reached", wanted);
  };
  LW_RETURN_IF_ERROR(await_end(0));
  LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "v"));
  // An aborted transaction leaves at most control records behind.
  LW_RETURN_IF_ERROR(producer->Begin());
  LW_RETURN_IF_ERROR(producer->Send({.topic = topic, .value = "aborted"}));
  LW_RETURN_IF_ERROR(producer->Flush().status());
  LW_RETURN_IF_ERROR(producer->Abort());
  LW_ASSIGN_OR_RETURN(const auto ends, reader->EndOffsets({{partition}}));
  LW_WANT(ends[0] >= 1, "{}", ends[0]);
  LW_RETURN_IF_ERROR(await_end(ends[0]));
  // What is open does not move the end.
  LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "v"));
  LW_RETURN_IF_ERROR(producer->Begin());
  LW_RETURN_IF_ERROR(producer->Send({.topic = topic, .value = "open"}));
  LW_RETURN_IF_ERROR(producer->Flush().status());
  LW_ASSIGN_OR_RETURN(const auto open, reader->EndOffsets({{partition}}));
  LW_RETURN_IF_ERROR(await_end(open[0]));
  LW_ASSIGN_OR_RETURN(const auto same, reader->EndOffsets({{partition}}));
  LW_RETURN_IF_ERROR(producer->Commit());
  LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "end"));
  LW_ASSIGN_OR_RETURN(const auto closed, reader->EndOffsets({{partition}}));
  LW_WANT(closed[0] > same[0], "{} and {}", same[0], closed[0]);
  return await_end(closed[0]);
}

// What a pause held back comes once the partition is assigned anew, also after it was taken away.
absl::Status AssignEndsAPause(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto topic, bench.MakeTopic(1));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(bench.Unique("seat")));
  LW_ASSIGN_OR_RETURN(const auto consumer,
                      bench.Join(bench.Unique("group"), bench.Unique("member"), topic));
  const Position start{{topic, 0}, 0};
  LW_RETURN_IF_ERROR(consumer->Assign({{start}}));
  LW_RETURN_IF_ERROR(consumer->Pause());
  LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "v"));
  for (int i = 0; i < 4; ++i) {
    LW_ASSIGN_OR_RETURN(const auto polled, consumer->Poll(absl::Milliseconds(50)));
    LW_WANT(polled.records.empty(), "{} records while paused", polled.records.size());
  }
  LW_RETURN_IF_ERROR(consumer->Unassign());
  LW_RETURN_IF_ERROR(consumer->Resume());
  LW_RETURN_IF_ERROR(consumer->Assign({{start}}));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    LW_ASSIGN_OR_RETURN(const auto polled, consumer->Poll(absl::Milliseconds(50)));
    if (!polled.records.empty()) return absl::OkStatus();
  }
  return base::DeadlineExceeded("", "the record did not come");
}

absl::Status TheLastFetchTellsTheEnd(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto topic, bench.MakeTopic(1));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(bench.Unique("seat")));
  LW_ASSIGN_OR_RETURN(const auto consumer,
                      bench.Join(bench.Unique("group"), bench.Unique("member"), topic));
  const TopicPartition partition{topic, 0};
  LW_RETURN_IF_ERROR(consumer->Assign({{{partition, 0}}}));
  for (int64_t count = 1; count <= 2; ++count) {
    LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "v"));
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    bool is_taken = false;
    while (!is_taken) {
      LW_WANT(std::chrono::steady_clock::now() < deadline, "record {} did not come", count);
      LW_ASSIGN_OR_RETURN(const auto polled, consumer->Poll(absl::Milliseconds(50)));
      is_taken = !polled.records.empty();
    }
    const int64_t end = consumer->FetchedEnd(partition).value_or(-1);
    LW_WANT(end >= count, "after record {}: {}", count, end);
  }
  return absl::OkStatus();
}

// C13
absl::Status APositionOutsideTheLogStopsThatPartition(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto topic, bench.MakeTopic(2));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(bench.Unique("seat")));
  LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "v", 0));
  LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "v", 1));
  LW_ASSIGN_OR_RETURN(const auto reader, bench.transport().OpenReader({}));
  const std::vector<Position> positions = {{{topic, 0}, 1000}, {{topic, 1}, 0}};
  LW_RETURN_IF_ERROR(reader->Assign(positions));
  absl::Status stopped;
  bool goes_on = false;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while ((stopped.ok() || !goes_on) && std::chrono::steady_clock::now() < deadline) {
    LW_ASSIGN_OR_RETURN(const auto polled, reader->Poll(absl::Milliseconds(50)));
    for (const PartitionEvent& event : polled.events) {
      if (event.kind != PartitionEvent::Kind::kStopped) continue;
      LW_WANT(event.partition.partition == 0, "{}", event.partition.partition);
      stopped = event.status;
    }
    for (const auto& record : polled.records) {
      LW_WANT(record.partition == 1, "a record of the stopped partition");
      goes_on = true;
    }
  }
  LW_WANT(absl::IsDataLoss(stopped), "{}", stopped.ToString());
  LW_WANT(goes_on, "the other partition stands still");
  return absl::OkStatus();
}

}  // namespace

std::vector<Case> OffsetCases() {
  return {
      {"C6", "OffsetsCommitWithTheRecordsOrNotAtAll", OffsetsCommitWithTheRecordsOrNotAtAll},
      {"C6", "MetadataOverTheLimitIsRefused", MetadataOverTheLimitIsRefused},
      {"C7", "CommittedNeverAnswersAnOlderValue", CommittedNeverAnswersAnOlderValue},
      {"C7", "CommittedAfterInitIsFinal", CommittedAfterInitIsFinal},
      {"C9", "AStaleTokenIsRefused", AStaleTokenIsRefused},
      {"C12", "TheEndIsTheLastStableOneAndIsReached", EndIsTheLastStableOneAndIsReached},
      {"C12", "AssignEndsAPause", AssignEndsAPause},
      {"C12", "TheLastFetchTellsTheEnd", TheLastFetchTellsTheEnd},
      {"C13", "APositionOutsideTheLogStopsThatPartition", APositionOutsideTheLogStopsThatPartition},
  };
}

}  // namespace lineward::conformance
