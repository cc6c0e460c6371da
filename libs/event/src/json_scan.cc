#include "event/src/json_scan.h"

#include <simdjson.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <string>

#include "event/src/text.h"
#include "lineward/base/check.h"
#include "lineward/base/strings.h"

namespace lineward::event {
namespace {

constexpr int kDepthMax = 16;  // outermost = 1

struct KeyName {
  std::string_view name;
  int field;
};

// Both spellings of protobuf's JSON mapping.
constexpr KeyName kPromotionKeys[] = {
    {"event_id", kEventId},
    {"eventId", kEventId},
    {"event_time", kEventTime},
    {"eventTime", kEventTime},
    {"surface", kSurface},
    {"subject_id", kSubjectId},
    {"subjectId", kSubjectId},
    {"item_id", kItemId},
    {"itemId", kItemId},
    {"model_name", kModelName},
    {"modelName", kModelName},
    {"model_version", kModelVersion},
    {"modelVersion", kModelVersion},
    {"purpose", kPurpose},
    {"jurisdiction", kJurisdiction},
    {"processing_region", kProcessingRegion},
    {"processingRegion", kProcessingRegion},
    {"weights_digest", kWeightsDigest},
    {"weightsDigest", kWeightsDigest},
    {"sources", kSources},
    {"subject_class", kSubjectClass},
    {"subjectClass", kSubjectClass},
    {"attributes", kAttributes},
    {"tenant", kTenant},
    {"recommender_id", kRecommenderId},
    {"recommenderId", kRecommenderId},
    {"consent_ref", kConsentRef},
    {"consentRef", kConsentRef},
    {"consented_purposes", kConsentedPurposes},
    {"consentedPurposes", kConsentedPurposes},
    {"position", kPosition},
    {"slate_size", kSlateSize},
    {"slateSize", kSlateSize},
    {"slate_id", kSlateId},
    {"slateId", kSlateId},
    {"experiment_arm", kExperimentArm},
    {"experimentArm", kExperimentArm},
    {"score", kScore},
    {"propensity", kPropensity},
    {"creator_id", kCreatorId},
    {"creatorId", kCreatorId},
    {"sponsor_id", kSponsorId},
    {"sponsorId", kSponsorId},
    {"item_labels", kItemLabels},
    {"itemLabels", kItemLabels},
    {"top_signals", kTopSignals},
    {"topSignals", kTopSignals},
    {"user_option", kUserOption},
    {"userOption", kUserOption},
    {"traceparent", kTraceparent},
};

constexpr size_t kKeySlots = 256;

// Factors found by trying: no two of the keys meet, which the table asserts.
constexpr size_t KeySlot(std::string_view name) {
  const auto at = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(name[i])); };
  return (name.size() * 70 + at(0) * 26 + at(name.size() - 1) * 35 + at(name.size() / 2) * 40) %
         kKeySlots;
}

// Index into kPromotionKeys by slot, built by the compiler; kKeySlots - 1 = free.
constexpr uint8_t kFreeSlot = kKeySlots - 1;
constexpr std::array<uint8_t, kKeySlots> kKeyTable = [] {
  std::array<uint8_t, kKeySlots> table{};
  table.fill(kFreeSlot);
  for (size_t i = 0; i < std::size(kPromotionKeys); ++i) {
    table[KeySlot(kPromotionKeys[i].name)] = static_cast<uint8_t>(i);
  }
  return table;
}();
static_assert(std::count(kKeyTable.begin(), kKeyTable.end(), kFreeSlot) ==
              kKeySlots - std::size(kPromotionKeys));

// What `==` says, for names of at most 24 bytes without a call.
bool IsEqual(std::string_view a, std::string_view b) {
  const size_t size = a.size();
  if (size != b.size()) return false;
  const auto differ = [&](auto word, size_t at) {
    auto other = word;
    std::memcpy(&word, a.data() + at, sizeof(word));
    std::memcpy(&other, b.data() + at, sizeof(other));
    return word ^ other;
  };
  if (size >= 8 && size <= 24) {
    const uint64_t middle = size > 16 ? differ(uint64_t{}, 8) : 0;
    return (differ(uint64_t{}, 0) | differ(uint64_t{}, size - 8) | middle) == 0;
  }
  if (size >= 4 && size < 8) return (differ(uint32_t{}, 0) | differ(uint32_t{}, size - 4)) == 0;
  return a == b;
}

int PromotionField(std::string_view name) {
  if (name.empty()) return 0;
  const uint8_t index = kKeyTable[KeySlot(name)];
  if (index == kFreeSlot || !IsEqual(kPromotionKeys[index].name, name)) return 0;
  return kPromotionKeys[index].field;
}

// True if no text of these bytes of JSON can hold an escape or U+007F. Stage 1 refuses raw control
// characters and what is not UTF-8, so each text is then known to be plain.
bool HasPlainTexts(std::string_view json) {
  const auto others = [](const char* at) {
    const ByteVector bytes = LoadVector(at);
    return (bytes == '\\') | (bytes == 0x7f);
  };
  // Smaller ones are no promotion.
  if (json.size() < sizeof(ByteVector)) return false;
  const char* const last = json.data() + json.size() - sizeof(ByteVector);
  ByteVector found = others(last);
  for (const char* at = json.data(); at < last; at += sizeof(ByteVector)) found |= others(at);
  return !IsAnySet(found);
}

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The code unit of the four digits at `at`; -1 if they are none.
int CodeUnit(std::string_view text, size_t at) {
  if (at + 4 > text.size()) return -1;
  int unit = 0;
  for (size_t i = at; i < at + 4; ++i) {
    const int digit = HexDigit(text[i]);
    if (digit < 0) return -1;
    unit = unit * 16 + digit;
  }
  return unit;
}

// Appends the UTF-8 form of a code point; half of a pair takes its three bytes too, so that
// different texts stay different.
char* AppendCodePoint(char* out, uint32_t point) {
  if (point < 0x80) {
    *out++ = static_cast<char>(point);
  } else if (point < 0x800) {
    *out++ = static_cast<char>(0xc0 | point >> 6);
    *out++ = static_cast<char>(0x80 | (point & 0x3f));
  } else if (point < 0x10000) {
    *out++ = static_cast<char>(0xe0 | point >> 12);
    *out++ = static_cast<char>(0x80 | (point >> 6 & 0x3f));
    *out++ = static_cast<char>(0x80 | (point & 0x3f));
  } else {
    *out++ = static_cast<char>(0xf0 | point >> 18);
    *out++ = static_cast<char>(0x80 | (point >> 12 & 0x3f));
    *out++ = static_cast<char>(0x80 | (point >> 6 & 0x3f));
    *out++ = static_cast<char>(0x80 | (point & 0x3f));
  }
  return out;
}

struct Text {
  std::string_view text;
  TextSource source = TextSource::kUtf8;
};

}  // namespace

struct JsonScanner::Impl {
  std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
  // Unescaped texts of the event at hand: never longer in all than its value.
  std::string unescaped;

  // Runs stage 1; false if `text` has no structure to walk over.
  bool Index(std::string_view text);
};

bool JsonScanner::Impl::Index(std::string_view text) {
  constexpr size_t kCapacityMin = 4096;
  if (stage == nullptr || stage->capacity() < text.size()) {
    const size_t capacity = std::bit_ceil(std::max(text.size(), kCapacityMin));
    stage.reset();
    const auto error = simdjson::get_active_implementation()->create_dom_parser_implementation(
        capacity, kDepthMax, stage);
    LW_CHECK(error == simdjson::SUCCESS, "no memory for {} B of JSON", capacity);
  }
  if (text.empty()) return false;
  // Stage 1 reads nothing past the end: it copies the last block.
  return stage->stage1(reinterpret_cast<const uint8_t*>(text.data()), text.size(),
                       simdjson::stage1_mode::regular) == simdjson::SUCCESS;
}

namespace {

// One walk over the structural characters of one text. A method that returns false has met what
// RFC 8259 or the depth forbids, at `byte_failed()`.
class Walker {
 public:
  Walker(std::string_view text, size_t byte_base, const uint32_t* index, size_t count,
         std::string* unescaped, Collector* out)
      : text_(text),
        byte_base_(byte_base),
        index_(index),
        count_(count),
        text_source_(HasPlainTexts(text) ? TextSource::kPlain : TextSource::kUtf8),
        unescaped_(*unescaped),
        out_(*out) {
    next_unescaped_ = unescaped_.data();
  }

  bool WalkPromotionText() { return Peek() == '{' && ReadPromotion(1) && at_ == count_; }
  bool WalkStructuredText(StructuredEnvelope* envelope) {
    return Peek() == '{' && ReadEnvelope(envelope) && at_ == count_;
  }
  size_t byte_failed() const { return byte_base_ + (at_ < count_ ? index_[at_] : text_.size()); }

 private:
  char Peek() const { return at_ < count_ ? text_[index_[at_]] : '\0'; }
  size_t Place() const { return byte_base_ + (at_ < count_ ? index_[at_] : text_.size()); }

  // The scalar here without the white space behind it.
  std::string_view Scalar() const {
    const size_t first = index_[at_];
    size_t end = at_ + 1 < count_ ? index_[at_ + 1] : text_.size();
    while (IsSpace(text_[end - 1])) --end;
    return {text_.data() + first, end - first};
  }

  // Calls member(key, place) with the cursor on the value, for each member of the object here.
  template <typename Member>
  bool ForMembers(int depth, const Member& member) {
    if (depth > kDepthMax) return false;
    ++at_;
    if (Peek() == '}') {
      ++at_;
      return true;
    }
    while (true) {
      const size_t place = Place();
      Text key;
      if (!ReadText(&key) || Peek() != ':') return false;
      ++at_;
      if (!member(key, place)) return false;
      const char c = Peek();
      if (c != ',' && c != '}') return false;
      ++at_;
      if (c == '}') return true;
    }
  }
  template <typename Element>
  bool ForElements(int depth, const Element& element) {
    if (depth > kDepthMax) return false;
    ++at_;
    if (Peek() == ']') {
      ++at_;
      return true;
    }
    while (true) {
      if (!element()) return false;
      const char c = Peek();
      if (c != ',' && c != ']') return false;
      ++at_;
      if (c == ']') return true;
    }
  }

  bool ReadText(Text* text);
  bool Unescape(std::string_view raw, Text* text);
  // Passes and judges any value that stands at `depth` - 1.
  bool Skip(int depth);
  bool SkipNull() {
    if (Peek() != 'n' || Scalar() != "null") return false;
    ++at_;
    return true;
  }

  bool ReadPromotion(int depth);
  bool ReadField(int field, int depth);
  bool ReadItems(int field, int depth);
  bool ReadAttributes(int depth);
  bool ReadSignals(int depth);
  bool ReadSignal(int depth);
  bool ReadNumber(int field, int depth);
  bool ReadEnum(int field, int depth);
  bool ReadEnvelope(StructuredEnvelope* envelope);
  bool ReadEnvelopeText(EnvelopeText* out);
  // A number, or a text that holds one; nullopt in `number` for any other value.
  bool ReadNumberText(int depth, std::optional<std::string_view>* number);
  // A value of the wrong type.
  bool SkipUnreadable(int field, int depth) {
    out_.MarkUnreadable(field, Place());
    return Skip(depth);
  }

  const std::string_view text_;
  const size_t byte_base_;
  const uint32_t* const index_;
  const size_t count_;
  size_t at_ = 0;
  // Of a text without escapes.
  const TextSource text_source_;
  std::string& unescaped_;
  char* next_unescaped_ = nullptr;
  Collector& out_;
};

bool Walker::ReadText(Text* text) {
  if (Peek() != '"') return false;
  const std::string_view scalar = Scalar();
  if (scalar.size() < 2 || scalar.back() != '"') return false;
  const std::string_view raw(scalar.data() + 1, scalar.size() - 2);
  if (text_source_ == TextSource::kPlain || raw.find('\\') == std::string_view::npos) [[likely]] {
    // Member by member: a whole Text would be put together on the stack and wait for itself there.
    text->text = raw;
    text->source = text_source_;
  } else if (!Unescape(raw, text)) {
    return false;
  }
  ++at_;
  return true;
}

bool Walker::Unescape(std::string_view raw, Text* text) {
  if (unescaped_.size() < text_.size()) {
    // The first escape of this text, so nothing points into the buffer yet: see next_unescaped_.
    LW_DCHECK(next_unescaped_ == unescaped_.data());
    unescaped_.resize(text_.size());
    next_unescaped_ = unescaped_.data();
  }
  char* const first = next_unescaped_;
  char* out = first;
  bool is_lone = false;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] != '\\') {
      *out++ = raw[i];
      continue;
    }
    if (++i == raw.size()) return false;
    switch (raw[i]) {
      case '"':
      case '\\':
      case '/':
        *out++ = raw[i];
        break;
      case 'b':
        *out++ = '\b';
        break;
      case 'f':
        *out++ = '\f';
        break;
      case 'n':
        *out++ = '\n';
        break;
      case 'r':
        *out++ = '\r';
        break;
      case 't':
        *out++ = '\t';
        break;
      case 'u': {
        const int unit = CodeUnit(raw, i + 1);
        if (unit < 0) return false;
        i += 4;
        auto point = static_cast<uint32_t>(unit);
        if (point >= 0xd800 && point < 0xdc00 && i + 2 < raw.size() && raw[i + 1] == '\\' &&
            raw[i + 2] == 'u') {
          const int low = CodeUnit(raw, i + 3);
          if (low >= 0xdc00 && low < 0xe000) {
            point = 0x10000 + ((point - 0xd800) << 10) + static_cast<uint32_t>(low - 0xdc00);
            i += 6;
          }
        }
        is_lone |= point >= 0xd800 && point < 0xe000;
        out = AppendCodePoint(out, point);
        break;
      }
      default:
        return false;
    }
  }
  next_unescaped_ = out;
  *text = {{first, static_cast<size_t>(out - first)},
           is_lone ? TextSource::kLoneSurrogate : TextSource::kUtf8};
  return true;
}

bool Walker::Skip(int depth) {
  Text ignored;
  switch (Peek()) {
    case '{': {
      const size_t mark = out_.keys.Mark();
      const bool is_read = ForMembers(depth, [&](const Text& key, size_t place) {
        out_.keys.Add(key.text, place);
        return Skip(depth + 1);
      });
      if (!is_read) return false;
      if (const auto twice = out_.keys.Close(mark)) {
        out_.Violate(Cause::kDuplicateField, 0, *twice);
      }
      return true;
    }
    case '[':
      return ForElements(depth, [&] { return Skip(depth + 1); });
    case '"':
      return ReadText(&ignored);
    case 't':
      if (Scalar() != "true") return false;
      break;
    case 'f':
      if (Scalar() != "false") return false;
      break;
    case 'n':
      if (Scalar() != "null") return false;
      break;
    default:
      if (at_ == count_ || !IsJsonNumber(Scalar())) return false;
  }
  ++at_;
  return true;
}

bool Walker::ReadPromotion(int depth) {
  const size_t mark = out_.keys.Mark();
  const bool is_read = ForMembers(depth, [&](const Text& key, size_t place) {
    const int field = PromotionField(key.text);
    if (field == 0) {
      out_.keys.Add(key.text, place);
      return Skip(depth + 1);
    }
    if (!out_.See(field, place)) return Skip(depth + 1);
    return ReadField(field, depth + 1);
  });
  if (!is_read) return false;
  if (const auto twice = out_.keys.Close(mark)) {
    out_.Violate(Cause::kDuplicateField, 0, *twice);
  }
  return true;
}

bool Walker::ReadField(int field, int depth) {
  const char c = Peek();
  if (c == 'n') {
    return SkipNull();
  }
  switch (static_cast<Field>(field)) {
    case kSources:
    case kConsentedPurposes:
    case kItemLabels:
      return ReadItems(field, depth);
    case kAttributes:
      return ReadAttributes(depth);
    case kTopSignals:
      return ReadSignals(depth);
    case kPosition:
    case kSlateSize:
    case kScore:
    case kPropensity:
      return ReadNumber(field, depth);
    case kSubjectClass:
    case kUserOption:
      return ReadEnum(field, depth);
    case kEventTime:
    case kEventId:
    case kSurface:
    case kSubjectId:
    case kItemId:
    case kModelName:
    case kModelVersion:
    case kPurpose:
    case kJurisdiction:
    case kProcessingRegion:
    case kWeightsDigest:
    case kTenant:
    case kRecommenderId:
    case kConsentRef:
    case kSlateId:
    case kExperimentArm:
    case kCreatorId:
    case kSponsorId:
    case kTraceparent:
      break;
  }
  if (c != '"') return SkipUnreadable(field, depth);
  const size_t place = Place();
  Text text;
  if (!ReadText(&text)) return false;
  if (field != kEventTime) {
    out_.Text(field, text.text, text.source, place);
    return true;
  }
  if (text.text.empty()) return true;
  if (const auto micros = ParseTimeMicros(text.text)) {
    out_.EventTime(*micros, place);
  } else {
    out_.MarkUnreadable(field, place);
  }
  return true;
}

bool Walker::ReadItems(int field, int depth) {
  if (Peek() != '[') return SkipUnreadable(field, depth);
  return ForElements(depth, [&] {
    if (Peek() != '"') return SkipUnreadable(field, depth + 1);
    const size_t place = Place();
    Text text;
    if (!ReadText(&text)) return false;
    out_.Item(field, text.text, text.source, place);
    return true;
  });
}

bool Walker::ReadAttributes(int depth) {
  if (Peek() != '{') return SkipUnreadable(kAttributes, depth);
  const size_t mark = out_.keys.Mark();
  const bool is_read = ForMembers(depth, [&](const Text& key, size_t place) {
    out_.keys.Add(key.text, place);
    if (Peek() != '"') return SkipUnreadable(kAttributes, depth + 1);
    Text value;
    if (!ReadText(&value)) return false;
    out_.AttributeItem(key.text, key.source, value.text, value.source, place);
    return true;
  });
  if (!is_read) return false;
  if (const auto twice = out_.keys.Close(mark)) {
    out_.Violate(Cause::kDuplicateField, kAttributes, *twice);
  }
  return true;
}

bool Walker::ReadSignals(int depth) {
  if (Peek() != '[') return SkipUnreadable(kTopSignals, depth);
  return ForElements(depth, [&] {
    if (Peek() != '{') return SkipUnreadable(kTopSignals, depth + 1);
    return ReadSignal(depth + 1);
  });
}

bool Walker::ReadSignal(int depth) {
  const size_t place = Place();
  const size_t mark = out_.keys.Mark();
  Signal signal;
  TextSource name_source = TextSource::kUtf8;
  TextSource source_source = TextSource::kUtf8;
  const bool is_read = ForMembers(depth, [&](const Text& key, size_t key_place) {
    out_.keys.Add(key.text, key_place);
    const bool is_name = key.text == "name";
    if (!is_name && key.text != "source" && key.text != "weight") return Skip(depth + 1);
    if (Peek() == 'n') {
      return SkipNull();
    }
    if (key.text == "weight") {
      const size_t value_place = Place();
      std::optional<std::string_view> number;
      if (!ReadNumberText(depth + 1, &number)) return false;
      const auto weight = number.has_value() ? ParseDouble(*number) : std::nullopt;
      if (weight.has_value()) {
        signal.weight = *weight;
      } else {
        out_.MarkUnreadable(kTopSignals, value_place);
      }
      return true;
    }
    if (Peek() != '"') return SkipUnreadable(kTopSignals, depth + 1);
    Text text;
    if (!ReadText(&text)) return false;
    (is_name ? signal.name : signal.source) = text.text;
    (is_name ? name_source : source_source) = text.source;
    return true;
  });
  if (!is_read) return false;
  if (const auto twice = out_.keys.Close(mark)) {
    out_.Violate(Cause::kDuplicateField, kTopSignals, *twice);
  }
  out_.SignalItem(signal, name_source, source_source, place);
  return true;
}

bool Walker::ReadNumberText(int depth, std::optional<std::string_view>* number) {
  number->reset();
  const char c = Peek();
  if (c == '"') {
    Text text;
    if (!ReadText(&text)) return false;
    if (IsJsonNumber(text.text)) *number = text.text;
    return true;
  }
  if (c == '-' || (c >= '0' && c <= '9')) {
    const std::string_view scalar = Scalar();
    if (!IsJsonNumber(scalar)) return false;
    *number = scalar;
    ++at_;
    return true;
  }
  return Skip(depth);
}

bool Walker::ReadNumber(int field, int depth) {
  const size_t place = Place();
  std::optional<std::string_view> number;
  if (!ReadNumberText(depth, &number)) return false;
  if (field == kScore || field == kPropensity) {
    const auto value = number.has_value() ? ParseDouble(*number) : std::nullopt;
    if (value.has_value()) {
      out_.Double(field, *value, place);
      return true;
    }
  } else {
    const auto value = number.has_value() ? ParseUint32(*number) : std::nullopt;
    if (value.has_value()) {
      out_.Number(field, *value);
      return true;
    }
  }
  out_.MarkUnreadable(field, place);
  return true;
}

bool Walker::ReadEnum(int field, int depth) {
  const size_t place = Place();
  if (Peek() != '"') {
    std::optional<std::string_view> number;
    if (!ReadNumberText(depth, &number)) return false;
    const auto value = number.has_value() ? ParseInt32(*number) : std::nullopt;
    if (value.has_value()) {
      out_.Enum(field, *value);
    } else {
      out_.MarkUnreadable(field, place);
    }
    return true;
  }
  Text text;
  if (!ReadText(&text)) return false;
  const bool is_class = field == kSubjectClass;
  std::string_view name = text.text;
  const std::string_view prefix = is_class ? "SUBJECT_CLASS_" : "USER_OPTION_";
  if (name.starts_with(prefix)) name.remove_prefix(prefix.size());
  if (name == "UNSPECIFIED") {
    out_.Enum(field, 0);
  } else if (name == (is_class ? "ADULT" : "PROFILED")) {
    out_.Enum(field, 1);
  } else if (name == (is_class ? "MINOR" : "NON_PROFILED")) {
    out_.Enum(field, 2);
  } else {
    out_.MarkUnreadable(field, place);
  }
  return true;
}

bool Walker::ReadEnvelopeText(EnvelopeText* out) {
  out->byte = Place();
  if (Peek() == 'n') {
    return SkipNull();
  }
  if (Peek() != '"') {
    out->kind = EnvelopeText::Kind::kOther;
    return Skip(2);
  }
  Text text;
  if (!ReadText(&text)) return false;
  out->kind = EnvelopeText::Kind::kText;
  out->text = text.text;
  out->source = text.source;
  return true;
}

bool Walker::ReadEnvelope(StructuredEnvelope* envelope) {
  const size_t mark = out_.keys.Mark();
  bool is_data_seen = false;
  const bool is_read = ForMembers(1, [&](const Text& key, size_t place) {
    out_.keys.Add(key.text, place);
    if (key.text == "specversion") return ReadEnvelopeText(&envelope->specversion);
    if (key.text == "id") return ReadEnvelopeText(&envelope->id);
    if (key.text == "source") return ReadEnvelopeText(&envelope->source);
    if (key.text == "type") return ReadEnvelopeText(&envelope->type);
    if (key.text == "time") return ReadEnvelopeText(&envelope->time);
    if (key.text == "traceparent") return ReadEnvelopeText(&envelope->traceparent);
    if (key.text == "data_base64") return ReadEnvelopeText(&envelope->data_base64);
    if (key.text != "data" || is_data_seen) return Skip(2);
    is_data_seen = true;
    if (Peek() == 'n') {
      return SkipNull();
    }
    if (Peek() != '{') {
      envelope->data = StructuredEnvelope::Data::kOther;
      return Skip(2);
    }
    envelope->data = StructuredEnvelope::Data::kObject;
    return ReadPromotion(2);
  });
  if (!is_read) return false;
  if (const auto twice = out_.keys.Close(mark)) {
    out_.Violate(Cause::kDuplicateField, 0, *twice);
  }
  return true;
}

JsonError ErrorOf(std::string_view text, size_t byte) {
  return base::IsUtf8(text) ? JsonError{Cause::kJson, byte} : JsonError{Cause::kUtf8, 0};
}

}  // namespace

JsonScanner::JsonScanner() : impl_(std::make_unique<Impl>()) {}
JsonScanner::~JsonScanner() = default;

std::optional<JsonError> JsonScanner::ScanPromotion(std::string_view text, size_t byte_base,
                                                    Collector* out) {
  if (!impl_->Index(text)) return ErrorOf(text, byte_base);
  Walker walker(text, byte_base, impl_->stage->structural_indexes.get(),
                impl_->stage->n_structural_indexes, &impl_->unescaped, out);
  if (!walker.WalkPromotionText()) return ErrorOf(text, walker.byte_failed());
  return std::nullopt;
}

std::optional<JsonError> JsonScanner::ScanStructured(std::string_view text,
                                                     StructuredEnvelope* envelope, Collector* out) {
  if (!impl_->Index(text)) return ErrorOf(text, 0);
  Walker walker(text, 0, impl_->stage->structural_indexes.get(), impl_->stage->n_structural_indexes,
                &impl_->unescaped, out);
  if (!walker.WalkStructuredText(envelope)) return ErrorOf(text, walker.byte_failed());
  return std::nullopt;
}

}  // namespace lineward::event
