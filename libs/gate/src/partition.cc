#include "gate/src/partition.h"

#include <algorithm>
#include <charconv>

#include "lineward/crypto/sha256.h"
#include "lineward/event/decision_id.h"
#include "lineward/stream/topics.h"

namespace lineward::gate {
namespace {

constexpr int64_t kFutureMs = 1'000;

}  // namespace

Source::Source(const event::SourceOptions& source_options, decision::FragmentTable* fragments,
               const GateMetrics& metrics)
    : options(source_options),
      decider(source_options, fragments),
      assigned_partitions(metrics.assigned_partitions->With({options.topic})),
      offset_gaps(metrics.offset_gaps->With({options.topic})),
      dead_letters_(metrics.dead_letters->With({options.topic})),
      future_events_(metrics.future_events->With({options.topic})),
      event_bytes_(
          std::make_unique<telemetry::LocalHistogram>(metrics.event_bytes->With({options.topic}))) {
  const std::array<std::string_view, kRoutes> suffixes = {
      stream::kAllowedSuffix, stream::kQuarantinedSuffix, stream::kBlockedSuffix,
      stream::kDeadLetterSuffix};
  for (size_t i = 0; i < suffixes.size(); ++i) {
    outputs[i] = options.topic + std::string(suffixes[i]);
    produced_[i] = metrics.records_produced->With({outputs[i]});
  }
  for (int cause = 1; cause <= event::kCauses; ++cause) {
    decode_failures_[static_cast<size_t>(cause)] = metrics.decode_failures->With(
        {options.topic, event::CauseName(static_cast<event::Cause>(cause))});
  }
  const crypto::Digest whole = crypto::Sha256Of(event::CanonicalText(options));
  std::copy_n(whole.begin(), digest.size(), digest.begin());
}

void Source::CountIntake(const stream::RecordView& record, const event::Decoded& decoded,
                         int64_t now_ms) const {
  event_bytes_->Observe(static_cast<double>(record.value.value_or("").size()));
  if (!decoded.ok()) {
    dead_letters_->Add();
    decode_failures_[static_cast<size_t>(decoded.error.cause)]->Add();
  }
  if (record.timestamp_ms > now_ms + kFutureMs) future_events_->Add();
}

void Source::Publish() const {
  for (size_t i = 0; i < sent.size(); ++i) produced_[i]->Add(static_cast<double>(sent[i]));
  event_bytes_->Flush();
}

Partition::Partition(Source* of, stream::TopicPartition partition,
                     const decision::FragmentTable* table,
                     const decision::TenantSealer::Options& sealing, const GateMetrics& metrics)
    : source(of),
      name(std::move(partition)),
      text(stream::ToString(name)),
      decisions_partition(stream::DecisionsPartition(name.topic, name.partition)),
      source_name(sealing.source),
      builder(table),
      sealer(sealing) {
  event::AppendDecisionId(
      &decision_id_, {.topic = name.topic, .partition = name.partition, .epoch = sealing.epoch});
  // Up to the dash behind the partition.
  decision_id_prefix_ = decision_id_.rfind('-') + 1;
  const std::string number = std::to_string(name.partition);
  consumed_ = metrics.records_consumed->With({name.topic, number});
  lag_seconds = metrics.lag_seconds->With({name.topic, number});
  lag_records = metrics.lag_records->With({name.topic, number});
}

std::string_view Partition::DecisionId(int64_t offset) {
  decision_id_.resize(decision_id_prefix_);
  std::array<char, 24> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), offset);
  decision_id_.append(digits.data(), end);
  return decision_id_;
}

void Partition::Publish(int64_t now_ms) const {
  consumed_->Add(static_cast<double>(rows));
  source->offset_gaps->Add(static_cast<double>(gaps));
  lag_seconds->Set(static_cast<double>(std::max<int64_t>(now_ms - newest_timestamp_ms, 0)) / 1e3);
}

void Partition::DropTransaction() {
  is_block_open = false;
  is_touched = false;
  rows = 0;
  gaps = 0;
}

}  // namespace lineward::gate
