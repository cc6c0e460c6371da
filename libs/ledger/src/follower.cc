#include "lineward/ledger/follower.h"

#include <algorithm>
#include <chrono>
#include <stop_token>
#include <thread>
#include <utility>
#include <vector>

#include "ledger/src/log_events.h"
#include "lineward/base/backoff.h"
#include "lineward/base/mutex.h"
#include "lineward/base/status.h"
#include "lineward/base/thread.h"
#include "lineward/ledger/reasons.h"
#include "lineward/stream/topics.h"

namespace lineward::ledger {
namespace {

constexpr auto kDiskCheckEvery = std::chrono::seconds(1);

}  // namespace

struct Follower::Impl {
  Impl(stream::Transport* log, Ledger* folded, const FollowerOptions& follower_options,
       telemetry::Logger given_logger)
      : transport(log),
        ledger(folded),
        options(follower_options),
        logger(std::move(given_logger)) {}

  void Run(const std::stop_token& stop);
  void Follow(const std::stop_token& stop, telemetry::LoopWatch* watch);
  // Opens the reader where the ledger resumes.
  absl::Status Connect();
  // One poll; a status of the log (UNAVAILABLE) is retried, one of the store ends the thread.
  absl::Status Step();
  absl::Status TakeRecord(const stream::RecordView& record);
  void TakeEvent(const stream::PartitionEvent& event);
  // Ends the thread if the store has failed.
  absl::Status StoreStatus() const { return ledger->Health(); }

  void SetCause(std::string_view text) {
    base::MutexLock lock(&mutex);
    cause = text;
  }

  // Constant after construction.
  stream::Transport* transport;
  Ledger* ledger;
  FollowerOptions options;
  telemetry::Logger logger;

  // Of the thread.
  std::unique_ptr<stream::PartitionReader> reader;
  std::chrono::steady_clock::time_point disk_checked_at;

  mutable base::Mutex mutex;
  absl::Status fatal LW_GUARDED_BY(mutex);
  std::string cause LW_GUARDED_BY(mutex) = "not connected to the log yet";

  std::jthread thread;  // last: joined first
};

absl::Status Follower::Impl::Connect() {
  stream::ReaderOptions reader_options;
  reader_options.prefetch_bytes_max = options.prefetch_bytes_max;
  LW_ASSIGN_OR_RETURN(auto opened, transport->OpenReader(reader_options));
  const auto points = ledger->Resume();
  std::vector<stream::TopicPartition> partitions;
  for (const ResumePoint& point : points) {
    partitions.push_back({std::string(stream::kDecisionsTopic), point.partition});
  }
  LW_ASSIGN_OR_RETURN(const auto starts, opened->StartOffsets(partitions));
  std::vector<stream::Position> positions;
  for (size_t i = 0; i < points.size(); ++i) {
    const ResumePoint& point = points[i];
    if (!point.next_offset) LW_RETURN_IF_ERROR(ledger->Begin(point.partition, starts[i]));
    const int64_t next = point.next_offset.value_or(starts[i]);
    if (next < starts[i]) {
      ledger->Halt(point.partition,
                   base::DataLoss(kOffsetOutOfRange, "{}: next offset {}, the log begins at {}",
                                  stream::ToString(partitions[i]), next, starts[i]));
      continue;
    }
    positions.push_back({partitions[i], next});
    if (ledger->options().tenant_key.empty()) continue;
    const int64_t keys_next = ledger->KeysNext(point.partition);
    positions.push_back({{std::string(stream::kKeysTopic), point.partition},
                         keys_next > 0 ? keys_next : stream::kLogStart});
  }
  LW_RETURN_IF_ERROR(opened->Assign(positions));
  reader = std::move(opened);
  return absl::OkStatus();
}

absl::Status Follower::Impl::TakeRecord(const stream::RecordView& record) {
  if (record.topic == stream::kKeysTopic) {
    return ledger->FoldKey(record.partition, record.offset, record.key, record.value);
  }
  const absl::Status status =
      ledger->Fold(record.partition, record.offset, record.value.value_or(""));
  // The partition halts alone, unless it is the store that is damaged.
  return absl::IsDataLoss(status) ? StoreStatus() : status;
}

void Follower::Impl::TakeEvent(const stream::PartitionEvent& event) {
  if (event.partition.topic != stream::kDecisionsTopic) return;
  if (event.kind == stream::PartitionEvent::Kind::kEndReached) {
    ledger->NoteEnd(event.partition.partition);
    return;
  }
  ledger->Halt(event.partition.partition,
               base::DataLoss(kOffsetOutOfRange, "{}", base::MessageOf(event.status)));
}

absl::Status Follower::Impl::Step() {
  if (reader == nullptr) LW_RETURN_IF_ERROR(Connect());
  LW_ASSIGN_OR_RETURN(const stream::Polled polled, reader->Poll(options.poll));
  for (const stream::RecordView& record : polled.records) LW_RETURN_IF_ERROR(TakeRecord(record));
  for (const stream::PartitionEvent& event : polled.events) TakeEvent(event);
  ledger->NoteIdle();
  return ledger->Publish();
}

void Follower::Impl::Run(const std::stop_token& stop) {
  telemetry::LoopWatch watch(options.health, "ledger");
  ledger->SetFoldWatch(&watch);
  Follow(stop, &watch);
  ledger->SetFoldWatch(nullptr);
}

void Follower::Impl::Follow(const std::stop_token& stop, telemetry::LoopWatch* watch) {
  base::Backoff backoff("ledger");
  while (!stop.stop_requested()) {
    watch->TickBefore(reader == nullptr ? telemetry::kNeighbourLimit : std::chrono::nanoseconds(0));
    const auto now = std::chrono::steady_clock::now();
    if (now - disk_checked_at >= kDiskCheckEvery) {
      if (const auto space = ledger->CheckFreeSpace(); !space.ok()) {
        logger.Write(kLedgerDiskShort, base::MessageOf(space));
        SetCause(base::MessageOf(space));
        base::WaitFor(absl::FromChrono(kDiskCheckEvery), stop);
        continue;
      }
      disk_checked_at = now;
    }
    const absl::Status status = Step();
    if (status.ok()) {
      SetCause("");
      backoff.Reset();
      continue;
    }
    if (const auto store = StoreStatus(); !store.ok() || !absl::IsUnavailable(status)) {
      base::MutexLock lock(&mutex);
      fatal = store.ok() ? status : store;
      return;
    }
    watch->TickBefore(telemetry::kNeighbourLimit);
    logger.Write(kLedgerLogAway, base::MessageOf(status));
    SetCause(base::MessageOf(status));
    // Polls of a log that is away soon answer as if it had nothing new: only a new connection
    // proves that it is back.
    reader.reset();
    base::WaitFor(backoff.Next(), stop);
  }
}

absl::StatusOr<std::unique_ptr<Follower>> Follower::Start(stream::Transport* transport,
                                                          Ledger* ledger,
                                                          const FollowerOptions& options,
                                                          telemetry::Logger log) {
  auto impl = std::make_unique<Impl>(transport, ledger, options, std::move(log));
  Impl* raw = impl.get();
  impl->thread = base::StartThread("lw-ledger", [raw](const std::stop_token& stop) {
    raw->Run(stop);
    raw->reader.reset();
  });
  return std::unique_ptr<Follower>(new Follower(std::move(impl)));
}

Follower::Follower(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Follower::~Follower() = default;

absl::Status Follower::FatalStatus() const {
  base::MutexLock lock(&impl_->mutex);
  return impl_->fatal;
}

std::string Follower::NotReadyCause() const {
  {
    base::MutexLock lock(&impl_->mutex);
    if (!impl_->fatal.ok()) return std::string(base::MessageOf(impl_->fatal));
    if (!impl_->cause.empty()) return impl_->cause;
  }
  return impl_->ledger->NotReadyCause();
}

}  // namespace lineward::ledger
