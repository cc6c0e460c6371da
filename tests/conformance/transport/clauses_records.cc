// C11, C14, C15, C16: compaction, bounds, bytes, timestamps.

#include <chrono>

#include "tests/conformance/transport/bench.h"

namespace lineward::conformance {
namespace {

using stream::Header;
using stream::TimestampType;

// C11
absl::Status CompactionKeepsTheNewest(const Bench& bench) {
  stream::TopicSpec spec;
  spec.cleanup = stream::Cleanup::kCompact;
  // Kafka compacts closed segments only: they close after 100 ms here.
  spec.extra = {{"segment.ms", "100"}, {"min.cleanable.dirty.ratio", "0.001"}};
  LW_ASSIGN_OR_RETURN(const auto topic, bench.MakeTopic(1, spec));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.transport().OpenProducer({}));
  const auto put = [&](std::string_view key, std::string_view value) {
    return stream::SendAndWait(*producer, {.topic = topic, .key = key, .value = value},
                               absl::Seconds(20))
        .status();
  };
  LW_RETURN_IF_ERROR(put("a", "1"));
  LW_RETURN_IF_ERROR(put("b", "1"));
  LW_RETURN_IF_ERROR(put("c", "1"));
  LW_RETURN_IF_ERROR(put("b", "2"));
  LW_RETURN_IF_ERROR(put("a", "2"));
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(40);
  std::string seen;
  for (int i = 0; std::chrono::steady_clock::now() < deadline; ++i) {
    LW_RETURN_IF_ERROR(put("filler", std::to_string(i)));
    LW_ASSIGN_OR_RETURN(const auto records, bench.ReadAll(topic));
    seen.clear();
    std::optional<std::string> newest_filler;
    for (const OwnedRecord& record : records) {
      if (record.key == "filler") {
        newest_filler = record.value;
        continue;
      }
      seen += *record.key + *record.value + " ";
    }
    LW_WANT(newest_filler == std::to_string(i), "the newest record is missing");
    if (seen == "c1 b2 a2 ") return absl::OkStatus();
    LW_WANT(seen.ends_with("b2 a2 "), "{}", seen);
  }
  LW_WANT(false, "never compacted: {}", seen);
}

// C14
absl::Status SendNeverBlocks(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto topic, bench.MakeTopic(1));
  stream::TransactionalOptions options;
  options.queue_bytes_max = 2 << 20;
  options.linger = absl::Seconds(1);
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(bench.Unique("seat"), options));
  LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "first"));
  LW_RETURN_IF_ERROR(producer->Begin());
  std::string value(100000, 'x');
  for (size_t i = 0; i < value.size(); ++i) value[i] = static_cast<char>((i * 2654435761u) >> 13);
  size_t taken = 0;
  absl::Status status;
  while (taken < 1000) {
    const auto begin = std::chrono::steady_clock::now();
    status = producer->Send({.topic = topic, .value = value});
    const auto took = std::chrono::steady_clock::now() - begin;
    LW_WANT(took < std::chrono::seconds(1), "Send took {} ms",
            std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
    if (!status.ok()) break;
    ++taken;
  }
  LW_WANT(absl::IsResourceExhausted(status), "after {} records: {}", taken, status.ToString());
  LW_RETURN_IF_ERROR(producer->Commit());
  LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "end"));
  LW_ASSIGN_OR_RETURN(const auto values, bench.Values(topic));
  LW_WANT(values.size() >= taken + 1, "{} of {}", values.size(), taken + 1);
  return absl::OkStatus();
}

absl::Status OversizeFailsBeforeAnythingIsSent(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto topic, bench.MakeTopic(1));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(bench.Unique("seat")));
  LW_RETURN_IF_ERROR(producer->Begin());
  const std::string value(stream::kRecordBytesMax, 'x');
  const absl::Status refused = producer->Send({.topic = topic, .value = value});
  LW_WANT(absl::IsInvalidArgument(refused), "{}", refused.ToString());
  LW_RETURN_IF_ERROR(producer->Send({.topic = topic, .value = "fits"}));
  LW_RETURN_IF_ERROR(producer->Commit());
  LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "end"));
  LW_ASSIGN_OR_RETURN(const auto values, bench.Values(topic));
  LW_WANT(!values.empty() && values[0] == "fits", "{} values", values.size());
  return absl::OkStatus();
}

absl::Status TheLargestRecordGoesThrough(const Bench& bench) {
  stream::TopicSpec spec;
  spec.message_bytes = stream::kRecordBytesMax;
  LW_ASSIGN_OR_RETURN(const auto topic, bench.MakeTopic(1, spec));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(bench.Unique("seat")));
  // Bytes that no compression makes smaller.
  std::string value(stream::kRecordBytesMax - 100, 'x');
  uint64_t state = 88172645463325252ull;
  for (char& byte : value) {
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    byte = static_cast<char>(state);
  }
  LW_RETURN_IF_ERROR(CommitOne(*producer, topic, value));
  LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "end"));
  LW_ASSIGN_OR_RETURN(const auto values, bench.Values(topic));
  LW_WANT(!values.empty() && values[0] == value, "{} values", values.size());
  return absl::OkStatus();
}

// C15
absl::Status AllBytesSurvive(const Bench& bench) {
  LW_ASSIGN_OR_RETURN(const auto topic, bench.MakeTopic(1));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(bench.Unique("seat")));
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  const std::vector<Header> headers = {
      {"twice", "1"}, {"twice", "2"}, {"null", std::nullopt}, {"empty", ""}, {"Twice", all}};
  LW_RETURN_IF_ERROR(producer->Begin());
  LW_RETURN_IF_ERROR(
      producer->Send({.topic = topic, .key = all, .value = all, .headers = headers}));
  LW_RETURN_IF_ERROR(producer->Send({.topic = topic, .key = "", .value = ""}));
  LW_RETURN_IF_ERROR(producer->Send({.topic = topic}));
  LW_RETURN_IF_ERROR(producer->Commit());
  LW_RETURN_IF_ERROR(CommitOne(*producer, topic, "end"));
  LW_ASSIGN_OR_RETURN(const auto records, bench.ReadAll(topic));
  LW_WANT(records.size() >= 3, "{}", records.size());
  LW_WANT(records[0].key == all && records[0].value == all, "key or value changed");
  LW_WANT(records[0].headers.size() == headers.size(), "{}", records[0].headers.size());
  for (size_t i = 0; i < headers.size(); ++i) {
    const auto& [name, value] = records[0].headers[i];
    LW_WANT(name == headers[i].name, "header {}: {}", i, name);
    LW_WANT(value.has_value() == headers[i].value.has_value(), "header {}", i);
    LW_WANT(value.value_or("") == headers[i].value.value_or(""), "header {}", i);
  }
  LW_WANT(records[1].key == "" && records[1].value == "", "empty became null");
  LW_WANT(!records[2].key.has_value() && !records[2].value.has_value(), "null became empty");
  return absl::OkStatus();
}

// C16
absl::Status CreateAndAppendTimeAreToldApart(const Bench& bench) {
  // Not from now, so that a stamp of the log is told from it by the value too; not so old that
  // retention takes it.
  const int64_t created_ms =
      base::ToUnixMillis(bench.clock().Now()) - absl::ToInt64Milliseconds(absl::Hours(1));
  stream::TopicSpec stamped;
  stamped.timestamp = TimestampType::kAppend;
  LW_ASSIGN_OR_RETURN(const auto created_topic, bench.MakeTopic(1));
  LW_ASSIGN_OR_RETURN(const auto stamped_topic, bench.MakeTopic(1, stamped));
  LW_ASSIGN_OR_RETURN(const auto producer, bench.Seat(bench.Unique("seat")));
  const int64_t before_ms = base::ToUnixMillis(bench.clock().Now());
  LW_RETURN_IF_ERROR(producer->Begin());
  for (const std::string& topic : {created_topic, stamped_topic}) {
    LW_RETURN_IF_ERROR(producer->Send({.topic = topic, .value = "v", .timestamp_ms = created_ms}));
  }
  LW_ASSIGN_OR_RETURN(const auto delivered, producer->Flush());
  LW_RETURN_IF_ERROR(producer->Commit());
  const int64_t after_ms = base::ToUnixMillis(bench.clock().Now());
  LW_RETURN_IF_ERROR(CommitOne(*producer, created_topic, "end"));
  LW_RETURN_IF_ERROR(CommitOne(*producer, stamped_topic, "end"));
  LW_ASSIGN_OR_RETURN(const auto created, bench.ReadAll(created_topic));
  LW_ASSIGN_OR_RETURN(const auto appended, bench.ReadAll(stamped_topic));
  LW_WANT(!created.empty() && !appended.empty(), "nothing to see");
  LW_WANT(created[0].timestamp_type == TimestampType::kCreate, "wrong type");
  LW_WANT(created[0].timestamp_ms == created_ms, "{}", created[0].timestamp_ms);
  LW_WANT(appended[0].timestamp_type == TimestampType::kAppend, "wrong type");
  LW_WANT(appended[0].timestamp_ms >= before_ms && appended[0].timestamp_ms <= after_ms,
          "{} is not in {}-{}", appended[0].timestamp_ms, before_ms, after_ms);
  LW_WANT(delivered.oldest_append_ms.value_or(0) >= before_ms &&
              delivered.newest_append_ms.value_or(0) <= after_ms,
          "append times of the reports: {}-{}", delivered.oldest_append_ms.value_or(0),
          delivered.newest_append_ms.value_or(0));
  return absl::OkStatus();
}

}  // namespace

std::vector<Case> RecordCases() {
  return {
      {"C11", "CompactionKeepsTheNewestRecordPerKeyInOrder", CompactionKeepsTheNewest},
      {"C14", "SendNeverBlocksAndSaysWhenTheQueueIsFull", SendNeverBlocks},
      {"C14", "OversizeFailsBeforeAnythingIsSent", OversizeFailsBeforeAnythingIsSent},
      {"C14", "TheLargestRecordGoesThrough", TheLargestRecordGoesThrough},
      {"C15", "NullEmptyDuplicateHeadersAndAllBytesSurvive", AllBytesSurvive},
      {"C16", "CreateAndAppendTimeAreToldApart", CreateAndAppendTimeAreToldApart},
  };
}

}  // namespace lineward::conformance
