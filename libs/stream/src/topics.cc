#include "lineward/stream/topics.h"

#include "lineward/base/check.h"
#include "lineward/base/hash.h"

namespace lineward::stream {
namespace {

constexpr absl::Duration kDay = absl::Hours(24);

TopicSpec Ours(std::string_view name, int32_t partitions, absl::Duration retention) {
  TopicSpec spec;
  spec.name = name;
  spec.partitions = partitions;
  spec.retention = retention;
  spec.timestamp = TimestampType::kAppend;
  spec.message_bytes = kRecordBytesMax;
  return spec;
}

TopicSpec Compacted(std::string_view name, int32_t partitions) {
  TopicSpec spec = Ours(name, partitions, absl::ZeroDuration());
  spec.cleanup = Cleanup::kCompact;
  spec.extra = {{"min.cleanable.dirty.ratio", "0.1"}, {"delete.retention.ms", "86400000"}};
  return spec;
}

TopicSpec Output(std::string_view source, std::string_view suffix, int32_t partitions,
                 absl::Duration retention, int64_t max_bytes) {
  TopicSpec spec;
  spec.name = std::string(source) + std::string(suffix);
  spec.partitions = partitions;
  spec.retention = retention;
  spec.message_bytes_min = max_bytes + kOutputHeadroomBytes;
  return spec;
}

}  // namespace

std::vector<TopicSpec> OwnTopics() {
  std::vector<TopicSpec> specs;
  specs.push_back(Ours(kDecisionsTopic, kDecisionsPartitions, 30 * kDay));
  specs.push_back(Compacted(kKeysTopic, kDecisionsPartitions));
  specs.push_back(Compacted(kRegistryTopic, 1));
  specs.push_back(Compacted(kPoliciesTopic, 1));
  specs.push_back(Compacted(kConsentTopic, 1));
  specs.back().extra.emplace_back("max.compaction.lag.ms", "604800000");
  specs.push_back(Compacted(kBreakersTopic, 1));
  specs.push_back(Compacted(kFactsTopic, 1));
  specs.push_back(Ours(kOpenLineageTopic, 1, 400 * kDay));
  specs.back().message_bytes = kOpenLineageBytesMax;
  specs.push_back(Ours(kAuditTopic, 1, absl::InfiniteDuration()));
  return specs;
}

std::vector<TopicSpec> SourceTopics(std::string_view source, int32_t partitions,
                                    int64_t max_bytes) {
  TopicSpec own;
  own.name = source;
  own.partitions = partitions;
  own.timestamp = TimestampType::kNone;
  own.retention = 7 * kDay;
  return {own, Output(source, kAllowedSuffix, partitions, 7 * kDay, max_bytes),
          Output(source, kQuarantinedSuffix, partitions, 30 * kDay, max_bytes),
          Output(source, kBlockedSuffix, partitions, 30 * kDay, max_bytes),
          Output(source, kDeadLetterSuffix, partitions, 14 * kDay, max_bytes)};
}

std::vector<TopicSpec> ConsentTopics(int32_t partitions) {
  TopicSpec own;
  own.name = kConsentsTopic;
  own.partitions = partitions;
  own.timestamp = TimestampType::kNone;
  return {own, Output(kConsentsDeadLetterTopic, "", partitions, 14 * kDay, 0)};
}

TopicSpec OwnTopic(std::string_view name) {
  for (TopicSpec& spec : OwnTopics()) {
    if (spec.name == name) return std::move(spec);
  }
  LW_CHECK(false, "`{}` is no topic of ours", name);
}

int32_t DecisionsPartition(std::string_view topic, int32_t partition) {
  return static_cast<int32_t>((base::Xxh64(topic) + static_cast<uint64_t>(partition)) %
                              static_cast<uint64_t>(kDecisionsPartitions));
}

}  // namespace lineward::stream
