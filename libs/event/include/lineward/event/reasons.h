#pragma once

// Reasons of this lib's statuses, and the thirteen causes of a malformed event in checking order:
// the first that holds is the event's. A row keeps the cause's number (field 24), a dead letter its
// name.

#include <cstdint>
#include <string_view>

namespace lineward::event {

// A source option is outside its limits.
inline constexpr std::string_view kSourceOptionInvalid = "SOURCE_OPTION_INVALID";

enum class Cause : uint8_t {
  kNone = 0,
  kTombstone = 1,
  kTooLarge = 2,
  kHeadersTooLarge = 3,
  kFraming = 4,
  kSchemaUnknown = 5,
  kCloudEvent = 6,
  kJson = 7,
  kProtobuf = 8,
  kUtf8 = 9,
  kDuplicateField = 10,
  kMissingField = 11,
  kTooLong = 12,
  kBadValue = 13,
};
inline constexpr int kCauses = 13;

// `tombstone`, `too_large`, ...; empty for kNone.
std::string_view CauseName(Cause cause);

// One sentence for the person who sends such events: what to change.
std::string_view CauseAdvice(Cause cause);

// The name of a field number (1-30) as in promotion.proto; empty for any other number.
std::string_view FieldName(int field);

}  // namespace lineward::event
