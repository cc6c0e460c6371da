#pragma once

// What is configured per source topic (stream design, section 3.2). Plain values; the defaults are
// those of the configuration. Any thread may read them.

#include <absl/status/status.h>
#include <absl/time/time.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lineward::event {

inline constexpr size_t kMaxBytesDefault = 256 * 1024;
// A block message is at most 900,000 bytes and an output record must fit the broker's limit.
inline constexpr size_t kMaxBytesLimit = 900 * 1024;

enum class Format : uint8_t { kAuto, kJson, kProtobuf };
enum class Delivery : uint8_t { kExactlyOnce, kLowLatency };
enum class EnvelopeScope : uint8_t { kBlock, kRow };

// Where a source without a committed offset starts.
struct Start {
  enum class Kind : uint8_t { kEarliest, kLatest, kOffset };
  Kind kind = Kind::kEarliest;
  int64_t offset = 0;
};

struct SourceOptions {
  std::string topic = "promotions";
  // How a value without framing and media type is read; kAuto: `{` first is JSON, else protobuf.
  Format format = Format::kAuto;
  // Larger values are dead letters.
  size_t max_bytes = kMaxBytesDefault;
  // Schema ids that may come, each decimal (u32) or 32 lower-case hex digits (GUID); empty = any.
  std::vector<std::string> schema_ids;
  // Confluent message-index list of Promotion within its file.
  std::vector<int32_t> message_index = {0};
  // CloudEvents types that may come; empty = any.
  std::vector<std::string> ce_types;
  // Event and item ids are sealed (true) or public in the row (false).
  bool personal_ids = true;
  Start start;
  Delivery delivery = Delivery::kExactlyOnce;
  // Additional facts to record: score signals experiment_arm consent_claim payload_digest
  // message_key propensity slate sponsor.
  std::vector<std::string> record;
  EnvelopeScope envelope = EnvelopeScope::kBlock;
  absl::Duration retention_rows = absl::Hours(24 * 400);
};

// INVALID_ARGUMENT with reason SOURCE_OPTION_INVALID, naming the option, if a value is outside its
// limits: topic name of Kafka's alphabet and at most 200 bytes (the outputs' suffixes must fit),
// max_bytes 1 to kMaxBytesLimit, schema ids and record words of the forms above without repeats.
absl::Status Validate(const SourceOptions& options);

// One `key=value` line per option that decides what is malformed or what a row holds, in fixed
// order: its SHA-256 names the options in a row (`source_digest`: the first 16 bytes).
std::string CanonicalText(const SourceOptions& options);

}  // namespace lineward::event
