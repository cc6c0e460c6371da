// The decoder on any bytes. First byte: which framing (headers) and format; the rest is the value.
// Differential: what the wire scan takes, protobuf parses, with equal values; what protobuf
// rejects, the scan rejects.

#include <google/protobuf/stubs/logging.h>

#include <bit>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/base/check.h"
#include "lineward/base/strings.h"
#include "lineward/event/decode.h"
#include "lineward/event/v1/promotion.pb.h"

namespace {

using lineward::event::Attribute;
using lineward::event::Cause;
using lineward::event::Decode;
using lineward::event::Decoded;
using lineward::event::EventView;
using lineward::event::Format;
using lineward::event::Header;
using lineward::event::Scratch;
using lineward::event::Signal;
using lineward::event::SourceOptions;
using lineward::event::v1::Promotion;

bool SameBits(double a, double b) {
  return std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
}

void CheckList(std::span<const std::string_view> values,
               const google::protobuf::RepeatedPtrField<std::string>& wanted) {
  LW_CHECK(values.size() == static_cast<size_t>(wanted.size()));
  for (int i = 0; i < wanted.size(); ++i) LW_CHECK(values[static_cast<size_t>(i)] == wanted[i]);
}

// Every field as protobuf read it.
void CheckEqual(const EventView& event, const Promotion& wanted) {
  LW_CHECK(event.event_id == wanted.event_id());
  LW_CHECK(event.event_time_us ==
           wanted.event_time().seconds() * 1'000'000 + wanted.event_time().nanos() / 1'000);
  LW_CHECK(event.surface == wanted.surface());
  LW_CHECK(event.subject_id == wanted.subject_id());
  LW_CHECK(event.item_id == wanted.item_id());
  LW_CHECK(event.model_name == wanted.model_name());
  LW_CHECK(event.model_version == wanted.model_version());
  LW_CHECK(event.purpose == wanted.purpose());
  LW_CHECK(event.jurisdiction == wanted.jurisdiction());
  LW_CHECK(event.processing_region == wanted.processing_region());
  LW_CHECK(event.weights_digest == wanted.weights_digest());
  CheckList(event.sources, wanted.sources());
  const int subject_class = wanted.subject_class();
  LW_CHECK(static_cast<int>(event.subject_class) ==
           (subject_class == 1 || subject_class == 2 ? subject_class : 0));
  LW_CHECK(event.attributes.size() == wanted.attributes().size());
  for (const Attribute& attribute : event.attributes) {
    LW_CHECK(wanted.attributes().at(std::string(attribute.name)) == attribute.value);
  }
  LW_CHECK(event.tenant == wanted.tenant());
  LW_CHECK(event.recommender_id == wanted.recommender_id());
  LW_CHECK(event.consent_ref == wanted.consent_ref());
  CheckList(event.consented_purposes, wanted.consented_purposes());
  LW_CHECK(event.position == wanted.position());
  LW_CHECK(event.slate_size == wanted.slate_size());
  LW_CHECK(event.slate_id == wanted.slate_id());
  LW_CHECK(event.experiment_arm == wanted.experiment_arm());
  LW_CHECK(event.score.has_value() == wanted.has_score());
  LW_CHECK(SameBits(event.score.value_or(0), wanted.score()));
  LW_CHECK(event.propensity.has_value() == wanted.has_propensity());
  LW_CHECK(SameBits(event.propensity.value_or(0), wanted.propensity()));
  LW_CHECK(event.creator_id == wanted.creator_id());
  LW_CHECK(event.sponsor_id == wanted.sponsor_id());
  CheckList(event.item_labels, wanted.item_labels());
  LW_CHECK(event.top_signals.size() == static_cast<size_t>(wanted.top_signals_size()));
  for (int i = 0; i < wanted.top_signals_size(); ++i) {
    const Signal& signal = event.top_signals[static_cast<size_t>(i)];
    LW_CHECK(signal.name == wanted.top_signals(i).name());
    LW_CHECK(SameBits(signal.weight, wanted.top_signals(i).weight()));
    LW_CHECK(signal.source == wanted.top_signals(i).source());
  }
  const int option = wanted.user_option();
  LW_CHECK(static_cast<int>(event.user_option) == (option == 1 || option == 2 ? option : 0));
  LW_CHECK(event.traceparent == wanted.traceparent());
}

void CheckAgainstProtobuf(std::string_view value, const Decoded& decoded) {
  if (decoded.error.cause == Cause::kProtobuf || decoded.error.cause == Cause::kTooLarge) return;
  Promotion parsed;
  const bool is_parsed = parsed.ParseFromArray(value.data(), static_cast<int>(value.size()));
  // Protobuf refuses text that is not UTF-8 as well.
  if (!is_parsed) {
    LW_CHECK(!decoded.ok(), "the scan takes what protobuf refuses");
    LW_CHECK(decoded.error.cause == Cause::kUtf8, "protobuf refuses what the scan can read");
    return;
  }
  if (decoded.ok()) CheckEqual(*decoded.event, parsed);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static auto* const scratch = new Scratch();
  static const google::protobuf::LogSilencer quiet;
  if (size == 0) return 0;
  const uint8_t mode = data[0];
  const std::string_view value(reinterpret_cast<const char*>(data + 1), size - 1);
  SourceOptions options;
  options.format = static_cast<Format>((mode & 3) % 3);
  std::vector<Header> headers;
  switch (mode >> 2 & 7) {
    case 1:
      headers = {{"ce_specversion", "1.0"},
                 {"ce_id", "id"},
                 {"ce_source", "/s"},
                 {"ce_type", "t"},
                 {"ce_time", "2026-03-01T12:00:00Z"}};
      break;
    case 2:
      headers = {{"content-type", "application/cloudevents+json"}};
      break;
    case 3:
      headers = {{"content-type", "application/json"}};
      break;
    case 4:
      headers = {{"content-type", "application/x-protobuf"}};
      break;
    case 5:
      // A header made of the value itself.
      headers = {{"__value_schema_id", value.substr(0, 17)}, {"traceparent", value}};
      break;
    default:
      break;
  }
  const Decoded decoded = Decode(headers, value, options, scratch);
  LW_CHECK(decoded.ok() == (decoded.error.cause == Cause::kNone));
  LW_CHECK(decoded.ok() == decoded.violations.empty());
  if ((mode >> 2 & 7) == 4 && !(value.size() >= 6 && value[0] == 0)) {
    CheckAgainstProtobuf(value, decoded);
  }
  return 0;
}
