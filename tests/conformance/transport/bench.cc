#include "tests/conformance/transport/bench.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>

namespace lineward::conformance {
namespace {

using stream::PartitionEvent;
using stream::Position;
using stream::TopicPartition;

// Longer than any healthy answer, shorter than the test's own limit.
constexpr std::chrono::seconds kPatience{60};

OwnedRecord Own(const stream::RecordView& view) {
  OwnedRecord record;
  record.partition = view.partition;
  record.offset = view.offset;
  if (view.key.has_value()) record.key.emplace(*view.key);
  if (view.value.has_value()) record.value.emplace(*view.value);
  for (const stream::Header& header : view.headers) {
    auto& [name, value] = record.headers.emplace_back(header.name, std::nullopt);
    if (header.value.has_value()) value.emplace(*header.value);
  }
  record.timestamp_ms = view.timestamp_ms;
  record.timestamp_type = view.timestamp_type;
  return record;
}

}  // namespace

std::string Bench::Unique(std::string_view stem) const {
  static std::atomic<int> count{0};
  static const auto start = std::chrono::system_clock::now().time_since_epoch().count();
  return fmt::format("{}-{}-{}-{}", stem, getpid(), start % 1000000007, ++count);
}

absl::StatusOr<std::string> Bench::MakeTopic(int32_t partitions, stream::TopicSpec spec) const {
  spec.name = Unique("conformance");
  spec.partitions = partitions;
  LW_ASSIGN_OR_RETURN(const auto admin, transport().OpenAdmin());
  LW_RETURN_IF_ERROR(admin->Create({{spec}}));
  return spec.name;
}

absl::StatusOr<std::unique_ptr<stream::TransactionalProducer>> Bench::Seat(
    const std::string& id, stream::TransactionalOptions options) const {
  options.transactional_id = id;
  LW_ASSIGN_OR_RETURN(auto producer, transport().OpenTransactionalProducer(options));
  LW_RETURN_IF_ERROR(producer->Init());
  return producer;
}

absl::StatusOr<std::vector<OwnedRecord>> Bench::ReadAll(const std::string& topic) const {
  LW_ASSIGN_OR_RETURN(const auto admin, transport().OpenAdmin());
  LW_ASSIGN_OR_RETURN(const int32_t count, admin->Partitions(topic));
  std::vector<TopicPartition> partitions;
  std::vector<Position> positions;
  for (int32_t i = 0; i < count; ++i) {
    partitions.push_back({topic, i});
    positions.push_back({partitions.back(), stream::kLogStart});
  }
  LW_ASSIGN_OR_RETURN(const auto reader, transport().OpenReader({}));
  LW_RETURN_IF_ERROR(reader->Assign(positions));
  LW_ASSIGN_OR_RETURN(const auto ends, reader->EndOffsets(partitions));
  std::map<int32_t, int64_t> reached;
  std::vector<OwnedRecord> records;
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    LW_ASSIGN_OR_RETURN(const auto polled, reader->Poll(absl::Milliseconds(100)));
    for (const stream::RecordView& record : polled.records) records.push_back(Own(record));
    for (const PartitionEvent& event : polled.events) {
      LW_RETURN_IF_ERROR(event.status);
      reached[event.partition.partition] = event.offset;
    }
    bool is_done = true;
    for (int32_t i = 0; i < count; ++i) {
      const auto found = reached.find(i);
      if (found == reached.end() || found->second < ends[static_cast<size_t>(i)]) is_done = false;
    }
    if (is_done) return records;
  }
  return base::DeadlineExceeded("", "`{}` was not read to its end", topic);
}

absl::StatusOr<std::vector<std::string>> Bench::Values(const std::string& topic,
                                                       int32_t partition) const {
  LW_ASSIGN_OR_RETURN(const auto records, ReadAll(topic));
  std::vector<std::string> values;
  for (const OwnedRecord& record : records) {
    if (record.partition == partition) values.push_back(record.value.value_or("-"));
  }
  return values;
}

absl::StatusOr<std::unique_ptr<stream::GroupConsumer>> Bench::Join(const std::string& group,
                                                                   const std::string& seat,
                                                                   const std::string& topic) const {
  stream::GroupOptions options;
  options.group_id = group;
  options.instance_id = seat;
  options.topics = {topic};
  LW_ASSIGN_OR_RETURN(auto consumer, transport().OpenGroupConsumer(options));
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < deadline) {
    LW_ASSIGN_OR_RETURN(const auto polled, consumer->Poll(absl::Milliseconds(100)));
    if (polled.rebalance != stream::Rebalance::kAssigned) continue;
    std::vector<Position> positions;
    for (const TopicPartition& partition : polled.partitions) {
      positions.push_back({partition, stream::kLogStart});
    }
    LW_RETURN_IF_ERROR(consumer->Assign(positions));
    return consumer;
  }
  return base::DeadlineExceeded("", "seat `{}` was assigned nothing", seat);
}

absl::StatusOr<stream::CommittedOffset> Bench::Committed(stream::GroupConsumer& consumer,
                                                         const std::string& topic) const {
  const TopicPartition partition{topic, 0};
  LW_ASSIGN_OR_RETURN(auto committed, consumer.Committed({{partition}}));
  return committed.at(0);
}

absl::Status CommitOne(stream::TransactionalProducer& producer, const std::string& topic,
                       std::string_view value, int32_t partition) {
  LW_RETURN_IF_ERROR(producer.Begin());
  LW_RETURN_IF_ERROR(producer.Send({.topic = topic, .partition = partition, .value = value}));
  return producer.Commit();
}

std::vector<Case> AllCases() {
  std::vector<Case> all;
  for (const auto& part : {TransactionCases(), OffsetCases(), RecordCases()}) {
    all.insert(all.end(), part.begin(), part.end());
  }
  return all;
}

}  // namespace lineward::conformance
