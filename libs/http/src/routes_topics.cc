// Topics: what stands in them and, where that is allowed, sending records.

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <memory>
#include <set>

#include "lineward/base/hash.h"
#include "lineward/base/mutex.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/crypto/sha256.h"
#include "lineward/http/problem.h"
#include "lineward/http/reasons.h"
#include "lineward/http/routes.h"
#include "lineward/stream/reasons.h"
#include "lineward/stream/transport.h"

namespace lineward::http {
namespace {

using document::Json;

constexpr size_t kRecordsPerCallMax = 1'000;
constexpr absl::Duration kSendTimeout = absl::Seconds(20);
constexpr absl::Duration kReadTimeout = absl::Seconds(2);

absl::StatusOr<stream::Transport*> TransportOf(const TopicParts& parts) {
  stream::Transport* transport = parts.transport();
  if (transport == nullptr) return base::Unavailable(kNotReady, "the log is not up yet");
  return transport;
}

// The topic of the path; outside the caller's scope it does not exist.
absl::StatusOr<std::string> TopicOf(const Request& request, Permission permission) {
  const std::string& topic = request.Parameter("topic");
  if (!request.actor.HasForTopic(permission, topic)) {
    return base::NotFound(stream::kTopicUnknown, "topic `{}` does not exist", topic);
  }
  return topic;
}

struct GivenRecord {
  std::optional<std::string> key;
  std::optional<std::string> value;
  std::vector<std::pair<std::string, std::optional<std::string>>> headers;
  std::optional<int64_t> partition;
};

absl::StatusOr<std::optional<std::string>> Base64Of(const Json& given, const std::string& field) {
  if (given.is_null()) return std::optional<std::string>();
  auto bytes = given.is_text() ? base::FromBase64(given.AsText()) : std::nullopt;
  if (!bytes.has_value()) {
    return WithViolation(base::InvalidArgument("INVALID_FIELD", "`{}` is no base64", field), field,
                         "base64 (RFC 4648) is expected");
  }
  return bytes;
}

// `{"json": {...}}` or `{"value": base64 or null}`, with `key` (text), `key_base64`, `headers`
// (name to base64 or null) and `partition`.
absl::StatusOr<GivenRecord> ParseRecord(const Json& json, size_t index) {
  const std::string path = fmt::format("records[{}]", index);
  GivenRecord record;
  if (!json.is_object()) {
    return base::InvalidArgument("INVALID_FIELD", "`{}` is no object", path);
  }
  bool has_value = false;
  for (const auto& [name, value] : json.members()) {
    const std::string field = path + "." + name;
    if (name == "json") {
      record.value = WriteJson(value);
      has_value = true;
    } else if (name == "value") {
      LW_ASSIGN_OR_RETURN(record.value, Base64Of(value, field));
      has_value = true;
    } else if (name == "key" && value.is_text()) {
      record.key = value.AsText();
    } else if (name == "key_base64") {
      LW_ASSIGN_OR_RETURN(record.key, Base64Of(value, field));
    } else if (name == "partition" && value.is_int()) {
      record.partition = value.AsInt();
    } else if (name == "headers" && value.is_list()) {
      for (const Json& header : value.items()) {
        const Json* header_name = header.Find("name");
        const Json* header_value = header.Find("value");
        if (header_name == nullptr || !header_name->is_text() || header_value == nullptr) {
          return base::InvalidArgument("INVALID_FIELD", "`{}`: a header is {{name, value}}", field);
        }
        LW_ASSIGN_OR_RETURN(auto bytes, Base64Of(*header_value, field));
        record.headers.emplace_back(header_name->AsText(), std::move(bytes));
      }
    } else {
      return base::InvalidArgument(
          "INVALID_FIELD",
          "`{}`: unknown field or wrong type; there are json, value, key, key_base64, headers, "
          "partition",
          field);
    }
  }
  if (!has_value) {
    return base::InvalidArgument("INVALID_FIELD", "`{}` has neither `json` nor `value`", path);
  }
  return record;
}

// One producer for all requests, made anew after a failure.
class Sender {
 public:
  explicit Sender(TopicParts parts) : parts_(std::move(parts)) {}

  absl::StatusOr<Response> Send(const Request& request) {
    if (!parts_.may_send) {
      return base::FailedPrecondition(kSendNotAllowed, "topic `{}`: records are not taken here",
                                      request.Parameter("topic"));
    }
    LW_ASSIGN_OR_RETURN(const std::string topic, TopicOf(request, Permission::kEventSend));
    if (topic.starts_with("lineward.") || topic.ends_with(stream::kAllowedSuffix) ||
        topic.ends_with(stream::kBlockedSuffix) || topic.ends_with(stream::kQuarantinedSuffix) ||
        topic.ends_with(stream::kDeadLetterSuffix)) {
      return base::FailedPrecondition(kSendNotAllowed, "topic `{}` is written by Lineward alone",
                                      topic);
    }
    LW_ASSIGN_OR_RETURN(const Json body, JsonBody(request));
    const Json* given = body.Find("records");
    if (given == nullptr || !given->is_list() || given->items().empty()) {
      return base::InvalidArgument("INVALID_FIELD", "`records` is no list of records");
    }
    if (given->items().size() > kRecordsPerCallMax) {
      return base::InvalidArgument("INVALID_FIELD", "{} records, at most {} in a call",
                                   given->items().size(), kRecordsPerCallMax);
    }
    std::vector<GivenRecord> records;
    for (size_t i = 0; i < given->items().size(); ++i) {
      LW_ASSIGN_OR_RETURN(GivenRecord record, ParseRecord(given->items()[i], i));
      records.push_back(std::move(record));
    }
    base::MutexLock lock(&mutex_);
    return SendLocked(topic, records);
  }

 private:
  absl::StatusOr<Response> SendLocked(const std::string& topic,
                                      const std::vector<GivenRecord>& records) LW_REQUIRES(mutex_) {
    LW_ASSIGN_OR_RETURN(stream::Transport * transport, TransportOf(parts_));
    if (admin_ == nullptr) {
      LW_ASSIGN_OR_RETURN(admin_, transport->OpenAdmin());
    }
    LW_ASSIGN_OR_RETURN(const int32_t partitions, admin_->Partitions(topic));
    if (producer_ == nullptr) {
      LW_ASSIGN_OR_RETURN(producer_, transport->OpenProducer({}));
    }
    struct Sent {
      int32_t partition = 0;
      stream::Completion completion;
    };
    std::vector<Sent> sent(records.size());
    size_t done = 0;
    stream::Producer* const producer = producer_.get();
    const auto take = [&](absl::Duration timeout) {
      for (const stream::Completion& completion : producer->Poll(timeout)) {
        if (completion.tag >= sent.size()) continue;
        sent[completion.tag].completion = completion;
        ++done;
      }
    };
    const auto deadline =
        std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(kSendTimeout);
    for (size_t i = 0; i < records.size(); ++i) {
      const GivenRecord& record = records[i];
      std::vector<stream::Header> headers;
      for (const auto& [name, value] : record.headers) {
        headers.push_back(
            {name, value.has_value() ? std::optional<std::string_view>(*value) : std::nullopt});
      }
      stream::OutRecord out;
      out.topic = topic;
      if (record.partition.has_value()) {
        if (*record.partition < 0 || *record.partition >= partitions) {
          producer_.reset();  // completions of the records before must not meet the next call
          return base::InvalidArgument("INVALID_FIELD", "records[{}]: partition {} of {}", i,
                                       *record.partition, partitions);
        }
        out.partition = static_cast<int32_t>(*record.partition);
      } else if (record.key.has_value()) {
        out.partition =
            static_cast<int32_t>(base::Xxh64(*record.key) % static_cast<uint64_t>(partitions));
      } else {
        out.partition = static_cast<int32_t>(next_++ % static_cast<uint64_t>(partitions));
      }
      if (record.key.has_value()) out.key = *record.key;
      if (record.value.has_value()) out.value = *record.value;
      out.headers = headers;
      sent[i].partition = out.partition;
      absl::Status queued = producer_->Send(out, i);
      while (queued.code() == absl::StatusCode::kResourceExhausted &&
             std::chrono::steady_clock::now() < deadline) {
        take(absl::Milliseconds(1));
        queued = producer_->Send(out, i);
      }
      if (!queued.ok()) {
        producer_.reset();
        return base::Annotate(queued, "records[{}]", i);
      }
    }
    while (done < records.size() && std::chrono::steady_clock::now() < deadline) {
      take(absl::Milliseconds(100));
    }
    Json list = Json::EmptyList();
    absl::Status first_failure;
    for (size_t i = 0; i < sent.size(); ++i) {
      absl::Status status = sent[i].completion.status;
      if (status.ok() && sent[i].completion.offset < 0) {
        status = base::Unknown(stream::kBrokerUnavailable, "not acknowledged in time");
      }
      if (!status.ok() && first_failure.ok()) {
        first_failure = base::Annotate(status, "records[{}] and later", i);
      }
      Json line;
      line.Set("partition", static_cast<int64_t>(sent[i].partition));
      line.Set("offset", std::to_string(sent[i].completion.offset));
      line.Set("decision",
               fmt::format("{}-{}-{}", topic, sent[i].partition, sent[i].completion.offset));
      list.Append(std::move(line));
    }
    if (!first_failure.ok()) {
      producer_.reset();
      return first_failure;
    }
    Json answer;
    answer.Set("records", std::move(list));
    return JsonResponse(answer);
  }

  const TopicParts parts_;
  base::Mutex mutex_;
  std::unique_ptr<stream::TopicAdmin> admin_ LW_GUARDED_BY(mutex_);
  std::unique_ptr<stream::Producer> producer_ LW_GUARDED_BY(mutex_);
  uint64_t next_ LW_GUARDED_BY(mutex_) = 0;  // partition of the next record without a key
};

struct Ends {
  std::vector<int64_t> start;
  std::vector<int64_t> end;
};

absl::StatusOr<Ends> EndsOf(stream::PartitionReader* reader, const std::string& topic,
                            int32_t partitions) {
  std::vector<stream::TopicPartition> all;
  for (int32_t i = 0; i < partitions; ++i) all.push_back({topic, i});
  Ends ends;
  LW_ASSIGN_OR_RETURN(ends.start, reader->StartOffsets(all));
  LW_ASSIGN_OR_RETURN(ends.end, reader->EndOffsets(all));
  return ends;
}

absl::StatusOr<Response> GetTopic(const TopicParts& parts, const Request& request) {
  LW_ASSIGN_OR_RETURN(stream::Transport * transport, TransportOf(parts));
  LW_ASSIGN_OR_RETURN(const std::string topic, TopicOf(request, Permission::kTopicInspect));
  LW_ASSIGN_OR_RETURN(const auto admin, transport->OpenAdmin());
  LW_ASSIGN_OR_RETURN(const int32_t partitions, admin->Partitions(topic));
  LW_ASSIGN_OR_RETURN(const auto reader, transport->OpenReader({}));
  LW_ASSIGN_OR_RETURN(const Ends ends, EndsOf(reader.get(), topic, partitions));
  Json list = Json::EmptyList();
  for (int32_t i = 0; i < partitions; ++i) {
    Json line;
    line.Set("partition", static_cast<int64_t>(i));
    line.Set("start", std::to_string(ends.start[static_cast<size_t>(i)]));
    line.Set("end", std::to_string(ends.end[static_cast<size_t>(i)]));
    if (parts.next_offset != nullptr) {
      if (const auto next = parts.next_offset({topic, i}); next.has_value()) {
        line.Set("next", std::to_string(*next));
        line.Set("lag",
                 std::to_string(std::max<int64_t>(0, ends.end[static_cast<size_t>(i)] - *next)));
      }
    }
    list.Append(std::move(line));
  }
  Json answer;
  answer.Set("topic", topic);
  answer.Set("partitions", std::move(list));
  return JsonResponse(answer);
}

Json RecordJson(const stream::RecordView& record, bool is_masked) {
  Json json;
  json.Set("partition", static_cast<int64_t>(record.partition));
  json.Set("offset", std::to_string(record.offset));
  json.Set("timestamp", TimeText(absl::FromUnixMillis(record.timestamp_ms)));
  json.Set("value_bytes", static_cast<int64_t>(record.value.value_or("").size()));
  json.Set("value_sha256", crypto::Sha256Hex(record.value.value_or("")));
  Json headers = Json::EmptyList();
  for (const stream::Header& header : record.headers) {
    Json line;
    line.Set("name",
             base::IsUtf8(header.name) ? std::string(header.name) : base::ToHex(header.name));
    // Our own headers hold nothing personal.
    const bool is_ours = header.name.starts_with("lineward-");
    if (is_ours || !is_masked) {
      const std::string_view value = header.value.value_or("");
      line.Set("value", base::IsUtf8(value) ? Json(value) : Json(base::ToBase64(value)));
    }
    headers.Append(std::move(line));
  }
  json.Set("headers", std::move(headers));
  if (is_masked) {
    json.Set("masked", true);
    return json;
  }
  if (record.key.has_value()) json.Set("key_base64", base::ToBase64(*record.key));
  if (!record.value.has_value()) return json;
  auto parsed = document::ParseJson(*record.value);
  if (parsed.ok()) {
    json.Set("json", *std::move(parsed));
  } else {
    json.Set("value", base::ToBase64(*record.value));
  }
  return json;
}

absl::StatusOr<Response> GetRecords(const TopicParts& parts, const Request& request) {
  LW_ASSIGN_OR_RETURN(stream::Transport * transport, TransportOf(parts));
  LW_ASSIGN_OR_RETURN(const std::string topic, TopicOf(request, Permission::kTopicInspect));
  LW_ASSIGN_OR_RETURN(const int64_t limit, request.QueryInt("limit", 50, 1, 1'000));
  LW_ASSIGN_OR_RETURN(const int64_t last, request.QueryInt("last", 0, 0, 1'000));
  LW_ASSIGN_OR_RETURN(const auto admin, transport->OpenAdmin());
  LW_ASSIGN_OR_RETURN(const int32_t partitions, admin->Partitions(topic));
  LW_ASSIGN_OR_RETURN(const int64_t partition,
                      request.QueryInt("partition", -1, 0, partitions - 1));
  LW_ASSIGN_OR_RETURN(const int64_t offset,
                      request.QueryInt("offset", -1, 0, std::numeric_limits<int64_t>::max()));
  if (offset >= 0 && partition < 0) {
    return base::InvalidArgument(kQueryInvalid, "`offset` needs `partition`");
  }
  LW_ASSIGN_OR_RETURN(const auto reader, transport->OpenReader({}));
  LW_ASSIGN_OR_RETURN(const Ends ends, EndsOf(reader.get(), topic, partitions));
  std::vector<stream::Position> positions;
  for (int32_t i = 0; i < partitions; ++i) {
    if (partition >= 0 && i != partition) continue;
    const int64_t start = ends.start[static_cast<size_t>(i)];
    const int64_t end = ends.end[static_cast<size_t>(i)];
    if (start >= end) continue;
    // Offsets may have gaps, so `last` is a place to begin, and a partition may give fewer.
    int64_t from = offset >= 0 ? offset : last > 0 ? end - last : start;
    from = std::clamp(from, start, end);
    positions.push_back({{topic, i}, from});
  }
  Json list = Json::EmptyList();
  if (!positions.empty()) {
    LW_RETURN_IF_ERROR(reader->Assign(positions));
    const bool is_masked = !request.actor.Has(Permission::kDecisionUnmask);
    const int64_t most = last > 0 ? last * static_cast<int64_t>(positions.size()) : limit;
    const auto deadline =
        std::chrono::steady_clock::now() + absl::ToChronoMilliseconds(kReadTimeout);
    std::set<int32_t> ended;
    while (ended.size() < positions.size() && static_cast<int64_t>(list.items().size()) < most &&
           std::chrono::steady_clock::now() < deadline) {
      LW_ASSIGN_OR_RETURN(const stream::Polled polled, reader->Poll(absl::Milliseconds(100)));
      for (const stream::RecordView& record : polled.records) {
        if (static_cast<int64_t>(list.items().size()) >= most) break;
        list.Append(RecordJson(record, is_masked));
      }
      for (const stream::PartitionEvent& event : polled.events) {
        if (event.kind == stream::PartitionEvent::Kind::kStopped) return event.status;
        ended.insert(event.partition.partition);
      }
    }
  }
  Json answer;
  answer.Set("topic", topic);
  answer.Set("records", std::move(list));
  return JsonResponse(answer);
}

}  // namespace

void AddTopicRoutes(const TopicParts& parts, Handlers* handlers) {
  handlers->Add(Method::kGet, "/v1/topics/{topic}",
                [parts](const Request& request) { return GetTopic(parts, request); });
  handlers->Add(Method::kGet, "/v1/topics/{topic}/records",
                [parts](const Request& request) { return GetRecords(parts, request); });
  const auto sender = std::make_shared<Sender>(parts);
  handlers->Add(Method::kPost, "/v1/topics/{topic}/records",
                [sender](const Request& request) { return sender->Send(request); });
}

}  // namespace lineward::http
