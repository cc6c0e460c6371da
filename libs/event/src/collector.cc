#include "event/src/collector.h"

#include <algorithm>
#include <cmath>

#include "event/src/text.h"
#include "lineward/base/check.h"
#include "lineward/base/hash.h"
#include "lineward/base/strings.h"

namespace lineward::event {
namespace {

enum class Pattern : uint8_t { kAny, kSurface, kModelName, kModelVersion, kPlace, kDigest };

struct TextRule {
  uint16_t bytes_max = 0;
  Pattern pattern = Pattern::kAny;
  std::string_view EventView::* member = nullptr;  // of a field that is one text
};

// Limits of promotion.proto by field number; for a pattern its longest match.
constexpr std::array<TextRule, 31> kTextRules = [] {
  std::array<TextRule, 31> rules{};
  rules[kEventId] = {128, Pattern::kAny, &EventView::event_id};
  rules[kSurface] = {128, Pattern::kSurface, &EventView::surface};
  rules[kSubjectId] = {128, Pattern::kAny, &EventView::subject_id};
  rules[kItemId] = {256, Pattern::kAny, &EventView::item_id};
  rules[kModelName] = {128, Pattern::kModelName, &EventView::model_name};
  rules[kModelVersion] = {64, Pattern::kModelVersion, &EventView::model_version};
  rules[kPurpose] = {256, Pattern::kAny, &EventView::purpose};
  rules[kJurisdiction] = {6, Pattern::kPlace, &EventView::jurisdiction};
  rules[kProcessingRegion] = {6, Pattern::kPlace, &EventView::processing_region};
  rules[kWeightsDigest] = {71, Pattern::kDigest, &EventView::weights_digest};
  rules[kSources] = {512, Pattern::kAny, nullptr};
  rules[kTenant] = {64, Pattern::kAny, &EventView::tenant};
  rules[kRecommenderId] = {128, Pattern::kAny, &EventView::recommender_id};
  rules[kConsentRef] = {128, Pattern::kAny, &EventView::consent_ref};
  rules[kConsentedPurposes] = {256, Pattern::kAny, nullptr};
  rules[kSlateId] = {128, Pattern::kAny, &EventView::slate_id};
  rules[kExperimentArm] = {64, Pattern::kAny, &EventView::experiment_arm};
  rules[kCreatorId] = {128, Pattern::kAny, &EventView::creator_id};
  rules[kSponsorId] = {128, Pattern::kAny, &EventView::sponsor_id};
  rules[kItemLabels] = {64, Pattern::kAny, nullptr};
  rules[kTraceparent] = {512, Pattern::kAny, &EventView::traceparent};
  return rules;
}();
constexpr size_t kAttributeNameMax = 64;
constexpr size_t kAttributeValueMax = 256;
constexpr size_t kSignalNameMax = 64;
constexpr size_t kSignalSourceMax = 512;

constexpr uint32_t kRequired = 1u << kEventId | 1u << kEventTime | 1u << kSurface | 1u << kItemId |
                               1u << kModelName | 1u << kModelVersion | 1u << kPurpose;

bool Matches(Pattern pattern, std::string_view text) {
  switch (pattern) {
    case Pattern::kAny:
      return true;
    case Pattern::kSurface:
      return IsSurface(text);
    case Pattern::kModelName:
      return std::none_of(text.begin(), text.end(),
                          [](char c) { return c == '/' || c == ':' || c == '@'; });
    case Pattern::kModelVersion:
      return std::none_of(text.begin(), text.end(), [](char c) { return c == '/' || c == ':'; });
    case Pattern::kPlace:
      return IsJurisdiction(text);
    case Pattern::kDigest:
      return IsWeightsDigest(text);
  }
  return false;
}

}  // namespace

std::optional<size_t> KeySet::Close(size_t mark) {
  // Up to here comparing each pair is faster than hashing.
  constexpr size_t kPairsMax = 8;
  std::optional<size_t> twice;
  const size_t count = keys_.size() - mark;
  const auto first = keys_.begin() + static_cast<std::ptrdiff_t>(mark);
  if (count > 1 && count <= kPairsMax) {
    for (auto a = first; a != keys_.end() && !twice.has_value(); ++a) {
      for (auto b = a + 1; b != keys_.end(); ++b) {
        if (a->name == b->name) {
          twice = b->byte;
          break;
        }
      }
    }
  } else if (count > kPairsMax) {
    for (auto key = first; key != keys_.end(); ++key) key->hash = base::Xxh3(key->name);
    std::sort(first, keys_.end(), [](const Key& a, const Key& b) {
      if (a.hash != b.hash) return a.hash < b.hash;
      if (a.name != b.name) return a.name < b.name;
      return a.byte < b.byte;
    });
    for (auto key = first; key + 1 != keys_.end(); ++key) {
      const auto next = key + 1;
      if (key->hash != next->hash || key->name != next->name) continue;
      twice = twice.has_value() ? std::min(*twice, next->byte) : next->byte;
    }
  }
  keys_.resize(mark);
  return twice;
}

void Collector::Reset() {
  view = EventView{};
  keys.Clear();
  seen_ = 0;
  present_ = 0;
  noted_.fill(0);
  violations_count_ = 0;
  sources_count_ = 0;
  attributes_count_ = 0;
  purposes_count_ = 0;
  labels_count_ = 0;
  signals_count_ = 0;
}

void Collector::Violate(Cause cause, int field, size_t byte) {
  uint32_t& noted = noted_[static_cast<size_t>(cause)];
  if ((noted & Bit(field)) != 0) return;
  noted |= Bit(field);
  LW_CHECK(violations_count_ < violations_.size());
  violations_[violations_count_++] = {cause, field, byte};
}

void Collector::MarkUnreadable(int field, size_t byte) {
  present_ |= Bit(field);
  Violate(Cause::kBadValue, field, byte);
}

bool Collector::CheckUnusualText(int field, std::string_view text, TextSource source,
                                 size_t bytes_max, size_t byte) {
  const uint8_t traits = source == TextSource::kPlain ? 0 : ScanText(text);
  if ((traits & kTextNonAscii) != 0 && source == TextSource::kRaw && !base::IsUtf8(text)) {
    Violate(Cause::kUtf8, field, byte);
    return false;
  }
  if (text.size() > bytes_max) Violate(Cause::kTooLong, field, byte);
  const bool is_control = (traits & kTextControl) != 0 && field != kTraceparent;
  if (is_control || source == TextSource::kLoneSurrogate) Violate(Cause::kBadValue, field, byte);
  return true;
}

void Collector::Text(int field, std::string_view text, TextSource source, size_t byte) {
  if (text.empty()) return;
  present_ |= Bit(field);
  const TextRule& rule = kTextRules[static_cast<size_t>(field)];
  LW_CHECK(rule.member != nullptr, "field {} is no text", field);
  if (!CheckText(field, text, source, rule.bytes_max, byte)) return;
  if (rule.pattern != Pattern::kAny && !Matches(rule.pattern, text)) [[unlikely]] {
    Violate(Cause::kBadValue, field, byte);
  }
  view.*rule.member = text;
}

void Collector::Item(int field, std::string_view text, TextSource source, size_t byte) {
  CheckText(field, text, source, kTextRules[static_cast<size_t>(field)].bytes_max, byte);
  if (field == kSources && text.empty()) Violate(Cause::kBadValue, field, byte);
  const auto add = [&](auto& items, size_t& count) {
    if (count == items.size()) {
      Violate(Cause::kTooLong, field, byte);
      return;
    }
    items[count++] = text;
  };
  if (field == kSources) {
    add(sources_, sources_count_);
  } else if (field == kConsentedPurposes) {
    add(purposes_, purposes_count_);
  } else {
    LW_CHECK(field == kItemLabels, "field {} is no list of texts", field);
    add(labels_, labels_count_);
  }
}

void Collector::AttributeItem(std::string_view name, TextSource name_source, std::string_view value,
                              TextSource value_source, size_t byte) {
  CheckText(kAttributes, name, name_source, kAttributeNameMax, byte);
  CheckText(kAttributes, value, value_source, kAttributeValueMax, byte);
  if (name.empty()) Violate(Cause::kBadValue, kAttributes, byte);
  if (attributes_count_ == attributes_.size()) {
    Violate(Cause::kTooLong, kAttributes, byte);
    return;
  }
  attributes_[attributes_count_++] = {name, value};
}

void Collector::SignalItem(const Signal& signal, TextSource name_source, TextSource source_source,
                           size_t byte) {
  CheckText(kTopSignals, signal.name, name_source, kSignalNameMax, byte);
  CheckText(kTopSignals, signal.source, source_source, kSignalSourceMax, byte);
  if (!std::isfinite(signal.weight)) Violate(Cause::kBadValue, kTopSignals, byte);
  if (signals_count_ == signals_.size()) {
    Violate(Cause::kTooLong, kTopSignals, byte);
    return;
  }
  signals_[signals_count_++] = signal;
}

void Collector::EventTime(int64_t micros, size_t byte) {
  present_ |= Bit(kEventTime);
  if (micros < kTimeMinUs || micros >= kTimeEndUs) {
    Violate(Cause::kBadValue, kEventTime, byte);
    return;
  }
  view.event_time_us = micros;
}

void Collector::Enum(int field, int32_t number) {
  const auto known = static_cast<uint8_t>(number == 1 || number == 2 ? number : 0);
  if (field == kSubjectClass) {
    view.subject_class = static_cast<SubjectClass>(known);
  } else {
    LW_CHECK(field == kUserOption, "field {} is no enum", field);
    view.user_option = static_cast<UserOption>(known);
  }
}

void Collector::Number(int field, uint32_t value) {
  if (field == kPosition) {
    view.position = value;
  } else {
    LW_CHECK(field == kSlateSize, "field {} is no number", field);
    view.slate_size = value;
  }
}

void Collector::Double(int field, double value, size_t byte) {
  if (field == kScore) {
    if (!std::isfinite(value)) Violate(Cause::kBadValue, field, byte);
    view.score = value;
    return;
  }
  LW_CHECK(field == kPropensity, "field {} is no double", field);
  if (!(value > 0 && value <= 1)) Violate(Cause::kBadValue, field, byte);
  view.propensity = value;
}

void Collector::Finish() {
  uint32_t missing = kRequired & ~present_;
  while (missing != 0) {
    Violate(Cause::kMissingField, std::countr_zero(missing), 0);
    missing &= missing - 1;
  }
  view.sources = {sources_.data(), sources_count_};
  view.attributes = {attributes_.data(), attributes_count_};
  view.consented_purposes = {purposes_.data(), purposes_count_};
  view.item_labels = {labels_.data(), labels_count_};
  view.top_signals = {signals_.data(), signals_count_};
}

std::span<const DecodeError> Collector::SortedViolations() {
  const auto end = violations_.begin() + static_cast<std::ptrdiff_t>(violations_count_);
  std::sort(violations_.begin(), end, [](const DecodeError& a, const DecodeError& b) {
    if (a.cause != b.cause) return a.cause < b.cause;
    const int field_a = a.field == 0 ? INT32_MAX : a.field;
    const int field_b = b.field == 0 ? INT32_MAX : b.field;
    return field_a < field_b;
  });
  return {violations_.data(), violations_count_};
}

}  // namespace lineward::event
