#include "lineward/event/decode.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "event/src/collector.h"
#include "event/src/json_scan.h"
#include "event/src/protobuf_scan.h"
#include "event/src/text.h"
#include "lineward/base/bytes.h"
#include "lineward/base/check.h"
#include "lineward/event/decision_id.h"
#include "lineward/event/trace_context.h"

namespace lineward::event {

struct Scratch::Impl {
  Collector collector;
  JsonScanner json;
  // Decoded `data_base64`.
  std::string data;
  // `pb:4711`, `json:0011...`.
  std::string schema;
};

Scratch::Scratch() : impl_(std::make_unique<Impl>()) {}
Scratch::~Scratch() = default;
Scratch::Scratch(Scratch&&) noexcept = default;
Scratch& Scratch::operator=(Scratch&&) noexcept = default;

std::string_view FramingName(Framing framing) {
  switch (framing) {
    case Framing::kNone:
      return "none";
    case Framing::kCloudEventsBinary:
      return "ce-binary";
    case Framing::kCloudEventsStructured:
      return "ce-structured";
    case Framing::kRegistryProtobuf:
      return "registry-protobuf";
    case Framing::kRegistryJson:
      return "registry-json";
    case Framing::kProtobuf:
      return "bare-protobuf";
    case Framing::kJson:
      return "bare-json";
  }
  return "none";
}

namespace {

constexpr std::string_view kReplayOf = "lineward-replay-of";
constexpr std::string_view kTraceparentName = "traceparent";

// A header of which the first counts.
struct FirstHeader {
  bool is_there = false;
  std::optional<std::string_view> value;

  void Take(const Header& header) {
    if (is_there) return;
    is_there = true;
    value = header.value;
  }
  // Its text; absent, null and empty are one.
  std::string_view Text() const { return value.value_or(std::string_view()); }
};

// What the headers say, read in one pass.
struct HeaderFacts {
  size_t bytes = 0;
  FirstHeader content_type;
  FirstHeader schema_id;
  FirstHeader ce_specversion;
  FirstHeader ce_id;
  FirstHeader ce_source;
  FirstHeader ce_type;
  FirstHeader ce_time;
  FirstHeader ce_traceparent;
  int traceparents = 0;
  std::optional<std::string_view> traceparent;
  int replays = 0;
  std::optional<std::string_view> replay_of;
};

HeaderFacts ReadHeaders(std::span<const Header> headers) {
  HeaderFacts facts;
  for (const Header& header : headers) {
    const std::string_view name = header.name;
    facts.bytes += name.size() + header.value.value_or(std::string_view()).size();
    if (name.empty()) continue;
    switch (name.front()) {
      case 'c':
        if (name == "content-type") facts.content_type.Take(header);
        if (name == "ce_specversion") facts.ce_specversion.Take(header);
        if (name == "ce_id") facts.ce_id.Take(header);
        if (name == "ce_source") facts.ce_source.Take(header);
        if (name == "ce_type") facts.ce_type.Take(header);
        if (name == "ce_time") facts.ce_time.Take(header);
        if (name == "ce_traceparent") facts.ce_traceparent.Take(header);
        break;
      case '_':
        if (name == "__value_schema_id") facts.schema_id.Take(header);
        break;
      case 't':
        if (name == kTraceparentName) {
          ++facts.traceparents;
          facts.traceparent = header.value;
        }
        break;
      case 'l':
        if (name == kReplayOf) {
          ++facts.replays;
          facts.replay_of = header.value;
        }
        break;
      default:
        break;
    }
  }
  return facts;
}

std::string_view ReplayOf(const HeaderFacts& facts, std::string_view topic) {
  if (facts.replays != 1 || !facts.replay_of.has_value()) return {};
  const auto id = ParseDecisionId(*facts.replay_of);
  return id.has_value() && id->topic == topic ? *facts.replay_of : std::string_view();
}

std::optional<TraceId> TraceIdOf(std::string_view traceparent) {
  const auto context = ParseTraceparent(traceparent);
  if (!context.has_value()) return std::nullopt;
  return context->trace_id;
}

// A traceparent header decides alone, also if it is invalid; two are none.
std::optional<TraceId> HeaderTrace(const HeaderFacts& facts) {
  if (facts.traceparents != 1 || !facts.traceparent.has_value()) return std::nullopt;
  return TraceIdOf(*facts.traceparent);
}

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool EqualsIgnoringCase(std::string_view text, std::string_view lower) {
  return std::equal(text.begin(), text.end(), lower.begin(), lower.end(),
                    [](char a, char b) { return Lower(a) == b; });
}

// What stands before `;`, without white space around it.
std::string_view MediaType(std::string_view content_type) {
  if (content_type.empty()) return {};
  std::string_view type = content_type.substr(0, content_type.find(';'));
  const auto is_space = [](char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; };
  while (!type.empty() && is_space(type.front())) type.remove_prefix(1);
  while (!type.empty() && is_space(type.back())) type.remove_suffix(1);
  return type;
}

// Standard padded base64 in its canonical form, into a buffer that is reused; false for any other.
bool DecodeBase64(std::string_view text, std::string* out) {
  constexpr std::array<int8_t, 256> kDigits = [] {
    std::array<int8_t, 256> digits{};
    digits.fill(-1);
    constexpr std::string_view kAlphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t i = 0; i < kAlphabet.size(); ++i) {
      digits[static_cast<uint8_t>(kAlphabet[i])] = static_cast<int8_t>(i);
    }
    return digits;
  }();
  out->clear();
  if (text.size() % 4 != 0) return false;
  for (size_t at = 0; at < text.size(); at += 4) {
    const bool is_last = at + 4 == text.size();
    const int padding = !is_last || text[at + 3] != '=' ? 0 : text[at + 2] != '=' ? 1 : 2;
    uint32_t bits = 0;
    for (size_t i = at; i < at + 4 - static_cast<size_t>(padding); ++i) {
      const int digit = kDigits[static_cast<uint8_t>(text[i])];
      if (digit < 0) return false;
      bits = bits << 6 | static_cast<uint32_t>(digit);
    }
    if (padding == 1 && (bits & 3) != 0) return false;
    if (padding == 2 && (bits & 15) != 0) return false;
    bits <<= 6 * padding;
    for (int byte = 0; byte < 3 - padding; ++byte) {
      out->push_back(static_cast<char>(bits >> (16 - 8 * byte)));
    }
  }
  return true;
}

// Length of a message-index list that names Promotion at the start of `bytes`; 0 if there is none.
size_t MessageIndexBytes(std::string_view bytes, const std::vector<int32_t>& configured) {
  using std::string_view_literals::operator""sv;
  if (bytes.starts_with("\0"sv)) return 1;
  if (bytes.starts_with("\2\0"sv) || bytes.starts_with("\1\0"sv)) return 2;
  size_t at = 0;
  const auto reads = [&](int64_t number) {
    uint64_t left = base::ZigZag(number);
    do {
      const auto byte = static_cast<char>((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
      if (at == bytes.size() || bytes[at] != byte) return false;
      ++at;
      left >>= 7;
    } while (left != 0);
    return true;
  };
  if (!reads(static_cast<int64_t>(configured.size()))) return 0;
  for (const int32_t index : configured) {
    if (!reads(index)) return 0;
  }
  return at;
}

// One event on its way through the causes.
class Decoding {
 public:
  Decoding(std::span<const Header> headers, std::optional<std::string_view> value,
           const SourceOptions& options, Scratch::Impl* scratch)
      : headers_(headers),
        value_(value),
        options_(options),
        scratch_(*scratch),
        out_(scratch->collector),
        facts_(ReadHeaders(headers)) {}

  Decoded Run();

 private:
  enum class Payload : uint8_t { kProtobuf, kJson };

  // Each returns false once a violation is noted that leaves nothing more to read.
  bool CheckSizes();
  bool ReadFraming();
  bool ReadBare(std::string_view payload, size_t byte);
  bool CheckSchema();
  bool CheckBinaryEnvelope();
  bool ReadStructured();
  bool ReadPayload();

  void NameSchema(std::string_view id);
  bool IsKnownType(std::string_view type) const {
    return options_.ce_types.empty() ||
           std::find(options_.ce_types.begin(), options_.ce_types.end(), type) !=
               options_.ce_types.end();
  }
  // Fills what the payload leaves open; `time` empty = absent.
  void Fill(const EnvelopeText& id, const EnvelopeText& source, const EnvelopeText& traceparent);
  // Notes a time that is needed and cannot be read; takes one that can be.
  void FillTime(const EnvelopeText& time);
  bool Fail(Cause cause, size_t byte = 0) {
    out_.Violate(cause, 0, byte);
    return false;
  }

  bool FailUnreadable(Cause cause, size_t byte) {
    out_.ForgetViolations();
    return Fail(cause, byte);
  }

  const std::span<const Header> headers_;
  const std::optional<std::string_view> value_;
  const SourceOptions& options_;
  Scratch::Impl& scratch_;
  Collector& out_;
  const HeaderFacts facts_;

  Framing framing_ = Framing::kNone;
  Payload payload_kind_ = Payload::kProtobuf;
  std::string_view payload_;
  size_t payload_byte_ = 0;
  bool has_schema_id_ = false;
  // Decimal or 32 hex digits.
  std::array<char, 40> schema_id_{};
  size_t schema_id_size_ = 0;
};

bool Decoding::CheckSizes() {
  if (!value_.has_value()) {
    out_.Violate(Cause::kTombstone, 0, 0);
  } else if (value_->size() > options_.max_bytes) {
    out_.Violate(Cause::kTooLarge, 0, options_.max_bytes);
  }
  if (headers_.size() > kHeadersMax || facts_.bytes > kHeaderBytesMax) {
    out_.Violate(Cause::kHeadersTooLarge, 0, 0);
  }
  return !out_.HasViolations();
}

void Decoding::NameSchema(std::string_view id) {
  has_schema_id_ = true;
  schema_id_size_ = std::min(id.size(), schema_id_.size());
  std::memcpy(schema_id_.data(), id.data(), schema_id_size_);
}

bool Decoding::ReadBare(std::string_view payload, size_t byte) {
  payload_ = payload;
  payload_byte_ = byte;
  const std::string_view type = MediaType(facts_.content_type.Text());
  if (EqualsIgnoringCase(type, "application/json")) {
    payload_kind_ = Payload::kJson;
  } else if (EqualsIgnoringCase(type, "application/protobuf") ||
             EqualsIgnoringCase(type, "application/x-protobuf")) {
    payload_kind_ = Payload::kProtobuf;
  } else if (options_.format == Format::kAuto) {
    payload_kind_ = payload.starts_with('{') ? Payload::kJson : Payload::kProtobuf;
  } else {
    payload_kind_ = options_.format == Format::kJson ? Payload::kJson : Payload::kProtobuf;
  }
  if (framing_ == Framing::kNone) {
    framing_ = payload_kind_ == Payload::kJson ? Framing::kJson : Framing::kProtobuf;
  }
  return true;
}

bool Decoding::ReadFraming() {
  const std::string_view value = *value_;
  if (facts_.ce_specversion.is_there) {
    framing_ = Framing::kCloudEventsBinary;
  } else {
    const std::string_view type = MediaType(facts_.content_type.Text());
    constexpr std::string_view kCloudEvents = "application/cloudevents";
    if (type.size() >= kCloudEvents.size() &&
        EqualsIgnoringCase(type.substr(0, kCloudEvents.size()), kCloudEvents)) {
      framing_ = Framing::kCloudEventsStructured;
      payload_kind_ = Payload::kJson;
      if (EqualsIgnoringCase(type, "application/cloudevents+json")) return true;
      return Fail(Cause::kCloudEvent);
    }
  }
  if (facts_.schema_id.is_there) {
    // Tells kJson from kProtobuf also where the header is bad: `topic inspect` shows it.
    ReadBare(value, 0);
    const std::string_view id = facts_.schema_id.Text();
    if (id.size() == 5 && id[0] == 0) {
      NameSchema(fmt::format_int(base::LoadU32(id.data() + 1)).c_str());
      return true;
    }
    if (id.size() == 17 && id[0] == 1) {
      std::array<char, 32> hex;
      constexpr std::string_view kHex = "0123456789abcdef";
      for (size_t i = 0; i < 16; ++i) {
        const auto byte = static_cast<uint8_t>(id[i + 1]);
        hex[2 * i] = kHex[byte >> 4];
        hex[2 * i + 1] = kHex[byte & 15];
      }
      NameSchema({hex.data(), hex.size()});
      return true;
    }
    return Fail(Cause::kFraming);
  }
  if (value.size() >= 6 && value[0] == 0) {
    const bool is_json = value[5] == '{';
    payload_kind_ = is_json ? Payload::kJson : Payload::kProtobuf;
    if (framing_ == Framing::kNone) {
      framing_ = is_json ? Framing::kRegistryJson : Framing::kRegistryProtobuf;
    }
    NameSchema(fmt::format_int(base::LoadU32(value.data() + 1)).c_str());
    const size_t index_bytes =
        is_json ? 0 : MessageIndexBytes(value.substr(5), options_.message_index);
    if (!is_json && index_bytes == 0) return Fail(Cause::kFraming, 5);
    payload_byte_ = 5 + index_bytes;
    payload_ = value.substr(payload_byte_);
    return true;
  }
  return ReadBare(value, 0);
}

bool Decoding::CheckSchema() {
  if (!has_schema_id_ || options_.schema_ids.empty()) return true;
  const std::string_view id(schema_id_.data(), schema_id_size_);
  if (std::find(options_.schema_ids.begin(), options_.schema_ids.end(), id) !=
      options_.schema_ids.end()) {
    return true;
  }
  return Fail(Cause::kSchemaUnknown);
}

bool Decoding::CheckBinaryEnvelope() {
  const std::string_view type = facts_.ce_type.Text();
  if (!type.empty() && !IsKnownType(type)) return Fail(Cause::kSchemaUnknown);
  if (facts_.ce_specversion.value != "1.0" || facts_.ce_id.Text().empty() ||
      facts_.ce_source.Text().empty() || type.empty()) {
    return Fail(Cause::kCloudEvent);
  }
  return true;
}

bool Decoding::ReadPayload() {
  if (payload_kind_ == Payload::kProtobuf) {
    const auto failed_at = ScanProtobuf(payload_, payload_byte_, &out_);
    return !failed_at.has_value() || FailUnreadable(Cause::kProtobuf, *failed_at);
  }
  const auto error = scratch_.json.ScanPromotion(payload_, payload_byte_, &out_);
  return !error.has_value() || FailUnreadable(error->cause, error->byte);
}

bool Decoding::ReadStructured() {
  StructuredEnvelope envelope;
  if (const auto error = scratch_.json.ScanStructured(*value_, &envelope, &out_)) {
    return FailUnreadable(error->cause, error->byte);
  }
  using Kind = EnvelopeText::Kind;
  const auto is_text = [](const EnvelopeText& text) {
    return text.kind == Kind::kText && !text.text.empty();
  };
  if (is_text(envelope.type) && !IsKnownType(envelope.type.text)) {
    return Fail(Cause::kSchemaUnknown, envelope.type.byte);
  }
  if (envelope.specversion.kind != Kind::kText || envelope.specversion.text != "1.0") {
    return Fail(Cause::kCloudEvent, envelope.specversion.byte);
  }
  for (const EnvelopeText* text : {&envelope.id, &envelope.source, &envelope.type}) {
    if (!is_text(*text)) return Fail(Cause::kCloudEvent, text->byte);
  }
  const bool has_base64 = envelope.data_base64.kind != Kind::kAbsent;
  const bool has_data = envelope.data != StructuredEnvelope::Data::kAbsent;
  if (has_base64 == has_data || envelope.data == StructuredEnvelope::Data::kOther) {
    return Fail(Cause::kCloudEvent, envelope.data_base64.byte);
  }
  if (has_base64) {
    if (envelope.data_base64.kind != Kind::kText ||
        !DecodeBase64(envelope.data_base64.text, &scratch_.data)) {
      return Fail(Cause::kCloudEvent, envelope.data_base64.byte);
    }
    payload_kind_ = Payload::kProtobuf;
    payload_ = scratch_.data;
    payload_byte_ = 0;
    if (!ReadPayload()) return false;
  }
  Fill(envelope.id, envelope.source, envelope.traceparent);
  FillTime(envelope.time);
  return true;
}

void Decoding::Fill(const EnvelopeText& id, const EnvelopeText& source,
                    const EnvelopeText& traceparent) {
  if (!out_.IsPresent(kEventId)) out_.Text(kEventId, id.text, id.source, id.byte);
  if (!out_.IsPresent(kRecommenderId)) {
    out_.Text(kRecommenderId, source.text, source.source, source.byte);
  }
  if (!out_.IsPresent(kTraceparent)) {
    out_.Text(kTraceparent, traceparent.text, traceparent.source, traceparent.byte);
  }
}

void Decoding::FillTime(const EnvelopeText& time) {
  if (out_.IsPresent(kEventTime)) return;
  if (time.kind == EnvelopeText::Kind::kAbsent) return;
  if (time.kind == EnvelopeText::Kind::kText && time.text.empty()) return;
  const auto micros =
      time.kind == EnvelopeText::Kind::kText ? ParseTimeMicros(time.text) : std::nullopt;
  if (!micros.has_value()) {
    out_.Violate(Cause::kCloudEvent, 0, time.byte);
    return;
  }
  out_.EventTime(*micros, time.byte);
}

Decoded Decoding::Run() {
  out_.Reset();
  const bool is_read = [&] {
    if (!CheckSizes() || !ReadFraming()) return false;
    if (framing_ == Framing::kCloudEventsStructured) return ReadStructured();
    if (!CheckSchema()) return false;
    if (framing_ != Framing::kCloudEventsBinary) return ReadPayload();
    if (!CheckBinaryEnvelope() || !ReadPayload()) return false;
    const auto attribute = [](const FirstHeader& header) {
      EnvelopeText text;
      if (!header.Text().empty()) text.kind = EnvelopeText::Kind::kText;
      text.text = header.Text();
      text.source = TextSource::kRaw;
      return text;
    };
    Fill(attribute(facts_.ce_id), attribute(facts_.ce_source), attribute(facts_.ce_traceparent));
    FillTime(attribute(facts_.ce_time));
    return true;
  }();
  if (is_read) out_.Finish();

  Decoded decoded;
  decoded.framing = framing_;
  decoded.replay_of = ReplayOf(facts_, options_.topic);
  const bool is_malformed = out_.HasViolations();
  if (facts_.traceparents > 0) {
    decoded.trace_id = HeaderTrace(facts_);
  } else if (!is_malformed) {
    decoded.trace_id = TraceIdOf(out_.view.traceparent);
  } else if (facts_.ce_specversion.is_there) {
    decoded.trace_id = TraceIdOf(facts_.ce_traceparent.Text());
  }
  if (is_malformed) {
    decoded.violations = out_.SortedViolations();
    decoded.error = decoded.violations.front();
    return decoded;
  }
  std::string& schema = scratch_.schema;
  schema.clear();
  if (framing_ == Framing::kCloudEventsStructured) schema.append("ce:");
  schema.append(payload_kind_ == Payload::kJson ? "json" : "pb");
  if (has_schema_id_) schema.append(":").append(schema_id_.data(), schema_id_size_);
  out_.view.schema = schema;
  decoded.event = &out_.view;
  return decoded;
}

}  // namespace

Decoded Decode(std::span<const Header> headers, std::optional<std::string_view> value,
               const SourceOptions& options, Scratch* scratch) {
  return Decoding(headers, value, options, &scratch->impl()).Run();
}

}  // namespace lineward::event
