#include "lineward/event/source_options.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/event/reasons.h"

namespace lineward::event {
namespace {

// Kafka allows 249; `.dead-letter` and a prefix of the operator must fit.
constexpr size_t kTopicBytesMax = 200;

constexpr std::array<std::string_view, 9> kRecordWords = {
    "score",       "signals",    "experiment_arm", "consent_claim", "payload_digest",
    "message_key", "propensity", "slate",          "sponsor"};

bool IsTopicName(std::string_view name) {
  if (name.empty() || name.size() > kTopicBytesMax || name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
  });
}

bool IsSchemaId(std::string_view id) {
  if (id.size() == 32 && base::FromHex(id).has_value()) return true;
  const auto number = base::ParseUint64(id);
  return number.has_value() && *number <= UINT32_MAX;
}

bool HasRepeats(std::vector<std::string> values) {
  std::sort(values.begin(), values.end());
  return std::adjacent_find(values.begin(), values.end()) != values.end();
}

std::string_view FormatName(Format format) {
  switch (format) {
    case Format::kAuto:
      return "auto";
    case Format::kJson:
      return "json";
    case Format::kProtobuf:
      return "protobuf";
  }
  return "";
}

void AppendSorted(std::string* out, std::string_view key, std::vector<std::string> values) {
  std::sort(values.begin(), values.end());
  for (const std::string& value : values) out->append(fmt::format("{}={}\n", key, value));
}

}  // namespace

absl::Status Validate(const SourceOptions& options) {
  if (!IsTopicName(options.topic)) {
    return base::InvalidArgument(kSourceOptionInvalid,
                                 "source `{}`: topic: not 1-{} of A-Z a-z 0-9 . _ -", options.topic,
                                 kTopicBytesMax);
  }
  if (options.max_bytes < 1 || options.max_bytes > kMaxBytesLimit) {
    return base::InvalidArgument(kSourceOptionInvalid,
                                 "source `{}`: max_bytes: {} B is outside 1-{} B", options.topic,
                                 options.max_bytes, kMaxBytesLimit);
  }
  for (const std::string& id : options.schema_ids) {
    if (!IsSchemaId(id)) {
      return base::InvalidArgument(
          kSourceOptionInvalid,
          "source `{}`: schema_ids: `{}` is neither a decimal of 32 bits nor 32 lower-case hex "
          "digits",
          options.topic, id);
    }
  }
  for (const std::string& type : options.ce_types) {
    if (type.empty()) {
      return base::InvalidArgument(kSourceOptionInvalid, "source `{}`: ce_types: empty type",
                                   options.topic);
    }
  }
  if (options.message_index.empty()) {
    return base::InvalidArgument(kSourceOptionInvalid, "source `{}`: message_index: empty list",
                                 options.topic);
  }
  for (const int32_t index : options.message_index) {
    if (index < 0) {
      return base::InvalidArgument(
          kSourceOptionInvalid, "source `{}`: message_index: {} is negative", options.topic, index);
    }
  }
  for (const std::string& word : options.record) {
    if (std::find(kRecordWords.begin(), kRecordWords.end(), word) == kRecordWords.end()) {
      return base::InvalidArgument(kSourceOptionInvalid, "source `{}`: record: unknown word `{}`",
                                   options.topic, word);
    }
  }
  if (options.start.kind == Start::Kind::kOffset && options.start.offset < 0) {
    return base::InvalidArgument(kSourceOptionInvalid, "source `{}`: start: {} is negative",
                                 options.topic, options.start.offset);
  }
  if (options.retention_rows <= absl::ZeroDuration()) {
    return base::InvalidArgument(kSourceOptionInvalid,
                                 "source `{}`: retention.rows: not a positive duration",
                                 options.topic);
  }
  if (HasRepeats(options.schema_ids) || HasRepeats(options.ce_types) ||
      HasRepeats(options.record)) {
    return base::InvalidArgument(
        kSourceOptionInvalid, "source `{}`: a value stands twice in schema_ids, ce_types or record",
        options.topic);
  }
  return absl::OkStatus();
}

std::string CanonicalText(const SourceOptions& options) {
  std::string text = fmt::format("lineward/source/v1\ntopic={}\nformat={}\nmax_bytes={}\n",
                                 options.topic, FormatName(options.format), options.max_bytes);
  AppendSorted(&text, "schema_id", options.schema_ids);
  for (const int32_t index : options.message_index) {
    text.append(fmt::format("message_index={}\n", index));
  }
  AppendSorted(&text, "ce_type", options.ce_types);
  text.append(fmt::format("personal_ids={}\n", options.personal_ids));
  text.append(fmt::format("delivery={}\n", options.delivery == Delivery::kExactlyOnce
                                               ? "exactly_once"
                                               : "low_latency"));
  AppendSorted(&text, "record", options.record);
  text.append(
      fmt::format("envelope={}\n", options.envelope == EnvelopeScope::kBlock ? "block" : "row"));
  return text;
}

}  // namespace lineward::event
