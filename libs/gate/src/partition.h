#pragma once

// A source topic and its partitions as one loop holds them: what decides and builds their blocks,
// where the loop stands in them, and their metrics. Of the loop's thread.

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "lineward/decision/block.h"
#include "lineward/decision/decide.h"
#include "lineward/event/decode.h"
#include "lineward/gate/metrics.h"
#include "lineward/stream/transport.h"

namespace lineward::gate {

// What the partitions of a topic have in common.
struct Source {
  static constexpr size_t kRoutes = 4;

  Source(const event::SourceOptions& source_options, decision::FragmentTable* fragments,
         const GateMetrics& metrics);

  static size_t IndexOf(decision::Route route) { return static_cast<size_t>(route) - 1; }
  const std::string& OutputOf(decision::Route route) const { return outputs[IndexOf(route)]; }

  // Counts what came in, at once: it counts again if it comes again.
  void CountIntake(const stream::RecordView& record, const event::Decoded& decoded,
                   int64_t now_ms) const;
  // Adds `sent` to the metrics.
  void Publish() const;

  event::SourceOptions options;
  std::array<std::string, kRoutes> outputs;  // topics, by route
  decision::Bytes16 digest{};
  decision::Decider decider;
  std::array<uint64_t, kRoutes> sent{};  // in the open transaction, by route
  telemetry::Gauge* assigned_partitions;
  telemetry::Counter* offset_gaps;

 private:
  telemetry::Counter* dead_letters_;
  telemetry::Counter* future_events_;
  std::array<telemetry::Counter*, event::kCauses + 1> decode_failures_{};
  std::array<telemetry::Counter*, kRoutes> produced_{};
  std::unique_ptr<telemetry::LocalHistogram> event_bytes_;
};

struct Partition {
  Partition(Source* of, stream::TopicPartition partition, const decision::FragmentTable* table,
            const decision::TenantSealer::Options& sealing, const GateMetrics& metrics);

  // The decision id of the promotion at `offset`; valid until the next call.
  std::string_view DecisionId(int64_t offset);

  // Adds what the open transaction took to the metrics.
  void Publish(int64_t now_ms) const;
  // Forgets the open transaction.
  void DropTransaction();

  Source* source;
  stream::TopicPartition name;
  std::string text;  // `promotions-3`: key of blocks
  int32_t decisions_partition;
  decision::SourceName source_name;
  decision::BlockBuilder builder;
  decision::TenantSealer sealer;
  int64_t expected = 0;  // the next offset to take
  bool is_genesis = false;
  bool is_stopped = false;
  bool is_touched = false;     // has rows in the open transaction
  bool is_block_open = false;  // in the open transaction
  uint64_t rows = 0;           // of the open transaction
  uint64_t gaps = 0;           // likewise
  int64_t newest_timestamp_ms = 0;
  telemetry::Gauge* lag_seconds;
  telemetry::Gauge* lag_records;

 private:
  std::string decision_id_;  // `promotions-3-` and the offset of the promotion at hand
  size_t decision_id_prefix_;
  telemetry::Counter* consumed_;
};

}  // namespace lineward::gate
