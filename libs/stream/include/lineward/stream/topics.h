#pragma once

// The table of topics as data: which exist, how many partitions, how they are cleaned, who stamps
// their records (stream design, section 2). `TopicAdmin` verifies and creates from it. Any thread.

#include <absl/time/time.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/stream/record.h"

namespace lineward::stream {

inline constexpr std::string_view kDecisionsTopic = "lineward.decisions";
inline constexpr std::string_view kKeysTopic = "lineward.keys";
inline constexpr std::string_view kRegistryTopic = "lineward.registry";
inline constexpr std::string_view kPoliciesTopic = "lineward.policies";
inline constexpr std::string_view kConsentTopic = "lineward.consent";
inline constexpr std::string_view kBreakersTopic = "lineward.breakers";
inline constexpr std::string_view kFactsTopic = "lineward.registry.facts";
inline constexpr std::string_view kOpenLineageTopic = "lineward.openlineage";
inline constexpr std::string_view kAuditTopic = "lineward.audit";
inline constexpr std::string_view kConsentsTopic = "consents";
inline constexpr std::string_view kConsentsDeadLetterTopic = "consents.dead-letter";
inline constexpr std::string_view kPromotionsTopic = "promotions";

inline constexpr std::string_view kAllowedSuffix = ".allowed";
inline constexpr std::string_view kQuarantinedSuffix = ".quarantined";
inline constexpr std::string_view kBlockedSuffix = ".blocked";
inline constexpr std::string_view kDeadLetterSuffix = ".dead-letter";

// Fixed in a log epoch: decisions and keys of a source always go to the same partition.
inline constexpr int32_t kDecisionsPartitions = 16;
inline constexpr int64_t kRecordBytesMax = 1048576;
inline constexpr int64_t kOpenLineageBytesMax = int64_t{20} << 20;
// What an output needs beside the source's `max_bytes`: our headers.
inline constexpr int64_t kOutputHeadroomBytes = 16 << 10;
inline constexpr int32_t kReplicationFactor = 3;
inline constexpr int32_t kMinInsyncReplicas = 2;

enum class Cleanup : uint8_t { kDelete, kCompact };

struct TopicSpec {
  std::string name = {};
  // 0: as the user made it (created with 1).
  int32_t partitions = 0;
  Cleanup cleanup = Cleanup::kDelete;
  // Zero: not checked, the log's default; infinite: kept for ever. Created with it, never verified.
  absl::Duration retention = absl::ZeroDuration();
  // kNone: not checked.
  TimestampType timestamp = TimestampType::kCreate;
  // At least this many bytes per record; 0: not checked.
  int64_t message_bytes_min = 0;
  // Exactly this many; 0: not checked.
  int64_t message_bytes = 0;
  // Kafka's words, for creation only.
  std::vector<std::pair<std::string, std::string>> extra = {};
};

// `lineward.decisions` and all other topics of ours that exist in this version, in table order.
std::vector<TopicSpec> OwnTopics();

// A source and its four outputs, `partitions` each; `max_bytes` is the source option.
std::vector<TopicSpec> SourceTopics(std::string_view source, int32_t partitions, int64_t max_bytes);

// `consents` as the user made it, and its dead letters.
std::vector<TopicSpec> ConsentTopics(int32_t partitions);

// The spec of one of OwnTopics(); stops the process if there is none.
TopicSpec OwnTopic(std::string_view name);

// (xxh64(topic, seed 0) + partition) mod 16: where the blocks and keys of a source go.
int32_t DecisionsPartition(std::string_view topic, int32_t partition);

}  // namespace lineward::stream
