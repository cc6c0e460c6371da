#pragma once

// Takes the fields of one event from either scanner, checks each as it comes and notes what is
// wrong; the checks of causes 9 to 13 exist once, here.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/src/text.h"
#include "lineward/event/decode.h"

namespace lineward::event {

enum Field : int {
  kEventId = 1,
  kEventTime = 2,
  kSurface = 3,
  kSubjectId = 4,
  kItemId = 5,
  kModelName = 6,
  kModelVersion = 7,
  kPurpose = 8,
  kJurisdiction = 9,
  kProcessingRegion = 10,
  kWeightsDigest = 11,
  kSources = 12,
  kSubjectClass = 13,
  kAttributes = 14,
  kTenant = 15,
  kRecommenderId = 16,
  kConsentRef = 17,
  kConsentedPurposes = 18,
  kPosition = 19,
  kSlateSize = 20,
  kSlateId = 21,
  kExperimentArm = 22,
  kScore = 23,
  kPropensity = 24,
  kCreatorId = 25,
  kSponsorId = 26,
  kItemLabels = 27,
  kTopSignals = 28,
  kUserOption = 29,
  kTraceparent = 30,
};

inline constexpr size_t kSourcesMax = 32;
inline constexpr size_t kAttributesMax = 32;
inline constexpr size_t kConsentedPurposesMax = 32;
inline constexpr size_t kItemLabelsMax = 16;
inline constexpr size_t kTopSignalsMax = 8;

// How far the bytes of a text are known already.
enum class TextSource : uint8_t {
  kRaw,            // any bytes: UTF-8 is checked
  kUtf8,           // known to be UTF-8
  kPlain,          // known to be UTF-8 without U+0000-001F and U+007F
  kLoneSurrogate,  // unescaped JSON with half of a pair, kept as three bytes
};

// Names that must differ: the keys of the open objects, innermost last.
class KeySet {
 public:
  struct Key {
    std::string_view name;
    size_t byte = 0;
    uint64_t hash = 0;
  };

  void Clear() { keys_.clear(); }
  size_t Mark() const { return keys_.size(); }
  void Add(std::string_view name, size_t byte) { keys_.push_back({name, byte, 0}); }
  // Removes the keys from `mark` on; the place of one that stood there twice, if any.
  std::optional<size_t> Close(size_t mark);

 private:
  std::vector<Key> keys_;
};

class Collector {
 public:
  Collector() { Reset(); }
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  void Reset();

  // Notes a violation once per cause and field.
  void Violate(Cause cause, int field, size_t byte);

  // True if the field came for the first time; else notes the duplicate.
  bool See(int field, size_t byte) {
    if ((seen_ & Bit(field)) != 0) [[unlikely]] {
      Violate(Cause::kDuplicateField, field, byte);
      return false;
    }
    seen_ |= Bit(field);
    return true;
  }
  bool IsPresent(int field) const { return (present_ & Bit(field)) != 0; }
  // A value is there but cannot be read: it is neither missing nor filled.
  void MarkUnreadable(int field, size_t byte);

  // Fields 1, 3-11, 15-17, 21, 22, 25, 26, 30.
  void Text(int field, std::string_view text, TextSource source, size_t byte);
  // Items of fields 12, 18, 27.
  void Item(int field, std::string_view text, TextSource source, size_t byte);
  // The caller tells of repeated names.
  void AttributeItem(std::string_view name, TextSource name_source, std::string_view value,
                     TextSource value_source, size_t byte);
  void SignalItem(const Signal& signal, TextSource name_source, TextSource source_source,
                  size_t byte);
  void EventTime(int64_t micros, size_t byte);
  void Enum(int field, int32_t number);
  void Number(int field, uint32_t value);
  void Double(int field, double value, size_t byte);

  // Notes the required fields that are absent and publishes the lists in the view.
  void Finish();

  // Drops what was noted so far: an event that cannot be read is not judged.
  void ForgetViolations() {
    noted_.fill(0);
    violations_count_ = 0;
  }
  bool HasViolations() const { return violations_count_ > 0; }
  // Sorted by cause, then by field (those of no field last).
  std::span<const DecodeError> SortedViolations();

  EventView view;
  // Names of attributes and of unknown members.
  KeySet keys;

 private:
  // Each of the five causes of fields once per field, and one cause of the event.
  static constexpr size_t kViolationsMax = 5 * 31 + 3;

  static uint32_t Bit(int field) { return uint32_t{1} << field; }
  // False if the text is not to be judged further.
  bool CheckText(int field, std::string_view text, TextSource source, size_t bytes_max,
                 size_t byte) {
    const bool is_plain =
        source == TextSource::kPlain || (source != TextSource::kLoneSurrogate && IsPlain(text));
    if (is_plain && text.size() <= bytes_max) [[likely]] {
      return true;
    }
    return CheckUnusualText(field, text, source, bytes_max, byte);
  }
  bool CheckUnusualText(int field, std::string_view text, TextSource source, size_t bytes_max,
                        size_t byte);

  uint32_t seen_ = 0;
  uint32_t present_ = 0;
  std::array<uint32_t, kCauses + 1> noted_{};
  size_t violations_count_ = 0;
  std::array<DecodeError, kViolationsMax> violations_;

  size_t sources_count_ = 0;
  size_t attributes_count_ = 0;
  size_t purposes_count_ = 0;
  size_t labels_count_ = 0;
  size_t signals_count_ = 0;
  std::array<std::string_view, kSourcesMax> sources_;
  std::array<Attribute, kAttributesMax> attributes_;
  std::array<std::string_view, kConsentedPurposesMax> purposes_;
  std::array<std::string_view, kItemLabelsMax> labels_;
  std::array<Signal, kTopSignalsMax> signals_;
};

}  // namespace lineward::event
