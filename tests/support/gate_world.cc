#include "tests/support/gate_world.h"

#include <fmt/format.h>

#include <cstdlib>
#include <functional>
#include <set>
#include <thread>

#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/decision/block.h"
#include "lineward/event/decision_id.h"

namespace lineward::support {
namespace {

constexpr std::string_view kSource = "promotions";
constexpr std::string_view kOutputs[] = {"promotions.allowed", "promotions.quarantined",
                                         "promotions.blocked", "promotions.dead-letter"};
// LINEWARD_TEST_WAIT_S shortens it where a planted bug must be met.
absl::Duration WaitMax() {
  const char* seconds = std::getenv("LINEWARD_TEST_WAIT_S");
  return absl::Seconds(seconds == nullptr ? 20 : std::atoi(seconds));
}

template <typename T>
T Must(absl::StatusOr<T> value) {
  LW_CHECK(value.ok(), "{}", base::MessageOf(value.status()));
  return *std::move(value);
}
void Must(const absl::Status& status) { LW_CHECK(status.ok(), "{}", base::MessageOf(status)); }

}  // namespace

absl::Time OffsetClock::Now() const {
  return base::SystemClock().Now() + absl::Microseconds(wall_us_.load());
}
std::chrono::steady_clock::time_point OffsetClock::Monotonic() const {
  return base::SystemClock().Monotonic() + std::chrono::microseconds(monotonic_us_.load());
}
void OffsetClock::MoveWall(absl::Duration by) { wall_us_ += absl::ToInt64Microseconds(by); }
void OffsetClock::MoveMonotonic(absl::Duration by) {
  monotonic_us_ += absl::ToInt64Microseconds(by);
}

std::string OwnedRecord::Header(std::string_view name) const {
  for (const auto& [header, text] : headers) {
    if (header == name) return text.value_or("");
  }
  return {};
}

std::string PromotionJson(std::string_view event_id, std::string_view purpose,
                          std::string_view model, std::string_view subject) {
  std::string json = fmt::format(
      R"({{"eventId":"{}","eventTime":"2026-03-01T12:00:00Z","surface":"home","itemId":"sku-1",)"
      R"("modelName":"{}","modelVersion":"1","purpose":"{}","jurisdiction":"DE")",
      event_id, model, purpose);
  if (!subject.empty()) json.append(fmt::format(R"(,"subjectId":"{}")", subject));
  return json + "}";
}

GateWorld::GateWorld(std::unique_ptr<stream::LogStorage> storage) {
  transport_ = Must(stream::OpenEmbedded(std::move(storage), {}));
  control_ = std::make_unique<ControlWriter>(transport_.get());
  control_->CreateTopics(std::string(kSource), kPartitions);
  producer_ = Must(transport_->OpenProducer({}));
  follower_metrics_ = std::make_unique<control::FollowerMetrics>(&registry_);
  gate_metrics_ = std::make_unique<gate::GateMetrics>(&registry_);
  options_.instance_id = "g";
  options_.tenant_key = std::string(32, 'k');
  options_.commit_interval = absl::Milliseconds(10);
  options_.clock = &clock_;
}

GateWorld::~GateWorld() { Stop(); }

void GateWorld::Send(int32_t partition, std::string_view key, std::optional<std::string_view> value,
                     std::vector<stream::Header> headers, int64_t timestamp_ms) {
  Must(stream::SendAndWait(*producer_,
                           {.topic = kSource,
                            .partition = partition,
                            .key = key,
                            .value = value,
                            .headers = headers,
                            .timestamp_ms = timestamp_ms},
                           absl::Seconds(5))
           .status());
}

void GateWorld::SendMany(int count) {
  // In transactions, so that the source has offsets that nobody can read.
  const auto sender =
      Must(transport_->OpenTransactionalProducer({.transactional_id = "recommender"}));
  Must(sender->Init());
  int sent = 0;
  while (sent < count) {
    Must(sender->Begin());
    for (int i = 0; i < 50 && sent < count; ++i, ++sent) {
      const std::string value = PromotionJson(fmt::format("e-{}", sent), "x-t:News", "ranker",
                                              sent % 3 == 0 ? "" : fmt::format("u-{}", sent % 40));
      Must(sender->Send({.topic = kSource,
                         .partition = sent % kPartitions,
                         .key = "k",
                         .value = value,
                         .timestamp_ms = 1'772'366'400'000 + sent}));
    }
    Must(sender->Commit());
  }
}

gate::Gate& GateWorld::Start() {
  if (follower_ == nullptr) {
    follower_ = Must(control::Follower::Start(transport_.get(), {}, follower_metrics_.get(), {}));
  }
  gate_ =
      Must(gate::Gate::Start(options_, transport_.get(), follower_.get(), gate_metrics_.get(), {}));
  return *gate_;
}

void GateWorld::Stop() { gate_.reset(); }

bool GateWorld::WaitUntil(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(WaitMax());
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

uint64_t GateWorld::DecidedUpTo(int32_t partition) {
  const std::string key = fmt::format("{}-{}", kSource, partition);
  uint64_t next = 0;
  for (const OwnedRecord& record :
       Read(std::string(stream::kDecisionsTopic), stream::DecisionsPartition(kSource, partition))) {
    if (record.key == key) next = Must(decision::BlockView::Parse(*record.value)).header().next;
  }
  return next;
}

bool GateWorld::WaitDone() {
  std::vector<uint64_t> wanted;
  for (int32_t partition = 0; partition < kPartitions; ++partition) {
    const std::vector<OwnedRecord> records = Read(std::string(kSource), partition);
    wanted.push_back(records.empty() ? 0 : static_cast<uint64_t>(records.back().offset) + 1);
  }
  return WaitUntil([&] {
    for (int32_t partition = 0; partition < kPartitions; ++partition) {
      if (DecidedUpTo(partition) < wanted[static_cast<size_t>(partition)]) return false;
    }
    return true;
  });
}

std::vector<OwnedRecord> GateWorld::Read(const std::string& topic, int32_t partition) {
  const auto reader = Must(transport_->OpenReader({}));
  const stream::Position position{{topic, partition}, stream::kLogStart};
  Must(reader->Assign({&position, 1}));
  std::vector<OwnedRecord> records;
  while (true) {
    const stream::Polled polled = Must(reader->Poll(absl::Seconds(5)));
    for (const stream::RecordView& record : polled.records) {
      OwnedRecord& owned = records.emplace_back();
      owned.offset = record.offset;
      if (record.key.has_value()) owned.key = std::string(*record.key);
      if (record.value.has_value()) owned.value = std::string(*record.value);
      for (const stream::Header& header : record.headers) {
        auto& [name, value] = owned.headers.emplace_back();
        name = header.name;
        if (header.value.has_value()) value = std::string(*header.value);
      }
      owned.timestamp_ms = record.timestamp_ms;
    }
    for (const stream::PartitionEvent& event : polled.events) {
      if (event.kind == stream::PartitionEvent::Kind::kEndReached) return records;
    }
  }
}

Findings GateWorld::Check() {
  Findings found;
  const auto error = [&]<typename... Args>(fmt::format_string<Args...> format, Args&&... args) {
    found.errors.push_back(fmt::format(format, std::forward<Args>(args)...));
  };
  for (int32_t partition = 0; partition < kPartitions; ++partition) {
    std::map<uint64_t, OwnedRecord> source;
    for (OwnedRecord& record : Read(std::string(kSource), partition)) {
      source[static_cast<uint64_t>(record.offset)] = std::move(record);
    }
    found.promotions += source.size();

    std::map<uint64_t, uint8_t> rows;  // route
    std::optional<uint64_t> next;
    const std::string key = fmt::format("{}-{}", kSource, partition);
    for (const OwnedRecord& record : Read(std::string(stream::kDecisionsTopic),
                                          stream::DecisionsPartition(kSource, partition))) {
      if (record.key != key) continue;
      ++found.blocks;
      const auto block = decision::BlockView::Parse(*record.value);
      if (!block.ok() || !block->Verify().ok()) {
        error("{}: block at {} does not verify", key, record.offset);
        continue;
      }
      const decision::BlockHeader& header = block->header();
      if (next.has_value() && header.first != *next) {
        error("{}: block begins at {}, the last one ended at {}", key, header.first, *next);
      }
      if (!next.has_value() && header.first != 0) error("{}: begins at {}", key, header.first);
      if (next.has_value() == ((header.flags & decision::kGenesis) != 0)) {
        error("{}: wrong genesis flag at {}", key, header.first);
      }
      next = header.next;
      for (uint32_t i = 0; i < block->rows(); ++i) {
        const auto row = block->Row(i);
        if (!row.ok()) {
          error("{}: row {} cannot be read", key, i);
          continue;
        }
        if (!rows.emplace(row->offset, static_cast<uint8_t>(row->verdict.route)).second) {
          error("{}: offset {} has two rows", key, row->offset);
        }
      }
    }
    found.rows += rows.size();
    for (const auto& [offset, record] : source) {
      if (!rows.contains(offset)) error("{}: offset {} has no row", key, offset);
    }
    for (const auto& [offset, route] : rows) {
      if (!source.contains(offset)) error("{}: the row of {} has no promotion", key, offset);
    }

    std::map<uint64_t, uint8_t> released;
    for (uint8_t route = 1; route <= std::size(kOutputs); ++route) {
      const std::string topic(kOutputs[route - 1]);
      for (const OwnedRecord& record : Read(topic, partition)) {
        ++found.outputs[topic];
        const std::string text = record.Header("lineward-id");
        const auto id = event::ParseDecisionId(text);
        if (!id.has_value() || id->partition != partition) {
          error("{}: output {} has the id `{}`", topic, record.offset, text);
          continue;
        }
        const auto offset = static_cast<uint64_t>(id->offset);
        if (!released.emplace(offset, route).second) error("{} has two outputs", text);
        if (!rows.contains(offset) || rows[offset] != route) {
          error("{} is released without its row", text);
        }
        const auto promotion = source.find(offset);
        if (promotion == source.end() || promotion->second.value != record.value ||
            promotion->second.key != record.key ||
            promotion->second.timestamp_ms != record.timestamp_ms) {
          error("{}: key, value or timestamp changed", text);
        }
      }
    }
    for (const auto& [offset, route] : rows) {
      if (!released.contains(offset)) error("{}: offset {} has no output", key, offset);
    }
  }
  return found;
}

std::string GateWorld::Metrics() { return registry_.TextExposition(); }

}  // namespace lineward::support
