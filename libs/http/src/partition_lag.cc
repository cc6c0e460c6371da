// How far decisions are behind the promotions of each source partition.

#include <algorithm>
#include <chrono>
#include <map>

#include "lineward/base/mutex.h"
#include "lineward/base/status.h"
#include "lineward/http/reasons.h"
#include "lineward/http/routes.h"
#include "lineward/stream/transport.h"

namespace lineward::http {
namespace {

using document::Json;
using std::chrono::steady_clock;

constexpr std::chrono::seconds kKept{5};
constexpr std::chrono::seconds kReadTimeout{2};  // for the first record behind of each partition

struct Lag {
  stream::TopicPartition partition;
  int64_t next = 0;
  int64_t end = 0;
  int64_t records = 0;
  double seconds = 0;
};

// Reads the first record that is not decided of each partition. One that has none, since only marks
// of transactions stand there, is caught up.
absl::Status ReadAges(stream::PartitionReader* reader, absl::Time now, std::vector<Lag>* lags) {
  std::vector<stream::Position> positions;
  for (const Lag& lag : *lags) {
    if (lag.next < lag.end) positions.push_back({lag.partition, lag.next});
  }
  if (positions.empty()) return absl::OkStatus();
  LW_RETURN_IF_ERROR(reader->Assign(positions));
  std::map<stream::TopicPartition, bool> is_told;
  const auto find = [lags](std::string_view topic, int32_t partition) {
    return std::find_if(lags->begin(), lags->end(), [&](const Lag& lag) {
      return lag.partition.topic == topic && lag.partition.partition == partition;
    });
  };
  const auto deadline = steady_clock::now() + kReadTimeout;
  while (is_told.size() < positions.size() && steady_clock::now() < deadline) {
    LW_ASSIGN_OR_RETURN(const stream::Polled polled, reader->Poll(absl::Milliseconds(100)));
    for (const stream::RecordView& record : polled.records) {
      const auto lag = find(record.topic, record.partition);
      if (lag == lags->end() || !is_told.emplace(lag->partition, true).second) continue;
      const absl::Time sent = absl::FromUnixMillis(record.timestamp_ms);
      lag->records = lag->end - lag->next;
      lag->seconds = std::max(0.0, absl::ToDoubleSeconds(now - sent));
    }
    for (const stream::PartitionEvent& event : polled.events) {
      if (event.kind == stream::PartitionEvent::Kind::kStopped) return event.status;
      is_told.emplace(event.partition, true);
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Lag>> ReadLags(const TopicParts& parts,
                                          const std::vector<std::string>& topics, absl::Time now) {
  stream::Transport* transport = parts.transport();
  if (transport == nullptr) return base::Unavailable(kNotReady, "the log is not up yet");
  LW_ASSIGN_OR_RETURN(const auto admin, transport->OpenAdmin());
  LW_ASSIGN_OR_RETURN(const auto reader, transport->OpenReader({}));
  std::vector<Lag> lags;
  for (const std::string& topic : topics) {
    LW_ASSIGN_OR_RETURN(const int32_t partitions, admin->Partitions(topic));
    std::vector<stream::TopicPartition> names;
    for (int32_t i = 0; i < partitions; ++i) names.push_back({topic, i});
    LW_ASSIGN_OR_RETURN(const std::vector<int64_t> starts, reader->StartOffsets(names));
    LW_ASSIGN_OR_RETURN(const std::vector<int64_t> ends, reader->EndOffsets(names));
    for (size_t i = 0; i < names.size(); ++i) {
      const std::optional<int64_t> next = parts.next_offset(names[i]);
      if (!next.has_value() && starts[i] < ends[i]) {
        return base::Unavailable(kNotReady, "no ledger is up in this process");
      }
      lags.push_back({.partition = names[i],
                      .next = std::clamp(next.value_or(starts[i]), starts[i], ends[i]),
                      .end = ends[i]});
    }
  }
  LW_RETURN_IF_ERROR(ReadAges(reader.get(), now, &lags));
  return lags;
}

Json JsonOf(const absl::StatusOr<std::vector<Lag>>& lags, absl::Time now) {
  Json list = Json::EmptyList();
  Json answer;
  answer.Set("as_of", TimeText(now));
  if (!lags.ok()) {
    answer.Set("lag_cause", base::MessageOf(lags.status()));
    return answer;
  }
  for (const Lag& lag : *lags) {
    Json line;
    line.Set("topic", lag.partition.topic);
    line.Set("partition", static_cast<int64_t>(lag.partition.partition));
    line.Set("next", std::to_string(lag.next));
    line.Set("end", std::to_string(lag.end));
    line.Set("lag_records", std::to_string(lag.records));
    line.Set("lag_seconds", lag.seconds);
    list.Append(std::move(line));
  }
  answer.Set("partitions", std::move(list));
  return answer;
}

// One reading for all requests of a few seconds.
class KeptLag {
 public:
  KeptLag(TopicParts parts, std::vector<std::string> topics)
      : parts_(std::move(parts)), topics_(std::move(topics)) {}

  Json Get() {
    {
      base::MutexLock lock(&mutex_);
      if (steady_clock::now() < kept_until_) return kept_;
      kept_until_ = steady_clock::now() + kKept;  // others take the old one meanwhile
    }
    const absl::Time now = base::SystemClock().Now();
    Json read = JsonOf(ReadLags(parts_, topics_, now), now);
    base::MutexLock lock(&mutex_);
    kept_ = read;
    return read;
  }

 private:
  const TopicParts parts_;
  const std::vector<std::string> topics_;
  base::Mutex mutex_;
  Json kept_ LW_GUARDED_BY(mutex_) = Json::EmptyObject();
  steady_clock::time_point kept_until_ LW_GUARDED_BY(mutex_);
};

}  // namespace

std::function<Json()> PartitionLag(TopicParts parts, std::vector<std::string> topics) {
  return [kept = std::make_shared<KeptLag>(std::move(parts), std::move(topics))] {
    return kept->Get();
  };
}

}  // namespace lineward::http
