#pragma once

// One promotion as a decision reads it: the thirty fields of `lineward.event.v1.Promotion` (stream
// design, section 3), already checked. Views point into the record's bytes or into the decoder's
// Scratch, and live as long as the shorter-lived of both. Plain data; any thread may read it.

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace lineward::event {

enum class SubjectClass : uint8_t { kUnspecified = 0, kAdult = 1, kMinor = 2 };
enum class UserOption : uint8_t { kUnspecified = 0, kProfiled = 1, kNonProfiled = 2 };

struct Attribute {
  std::string_view name;
  std::string_view value;
  bool operator==(const Attribute&) const = default;
};

struct Signal {
  std::string_view name;
  double weight = 0;
  std::string_view source;
  bool operator==(const Signal&) const = default;
};

using TraceId = std::array<uint8_t, 16>;

// An empty text or list is an absent one; so is 0 in `position`, `slate_size` and the enums.
// Comments give the field number; P marks personal data, which is sealed and never logged.
struct EventView {
  std::string_view event_id;                             // 1, 1-128 bytes
  int64_t event_time_us = 0;                             // 2, UTC, 2000-2099, cut to microseconds
  std::string_view surface;                              // 3
  std::string_view subject_id;                           // 4 P; empty = anonymous
  std::string_view item_id;                              // 5
  std::string_view model_name;                           // 6
  std::string_view model_version;                        // 7
  std::string_view purpose;                              // 8
  std::string_view jurisdiction;                         // 9, P if finer than the country
  std::string_view processing_region;                    // 10
  std::string_view weights_digest;                       // 11, `sha256:` and 64 hex digits
  std::span<const std::string_view> sources;             // 12
  SubjectClass subject_class{};                          // 13 P
  std::span<const Attribute> attributes;                 // 14 P, in the event's order
  std::string_view tenant;                               // 15
  std::string_view recommender_id;                       // 16
  std::string_view consent_ref;                          // 17 P, a claim
  std::span<const std::string_view> consented_purposes;  // 18 P, a claim
  uint32_t position = 0;                                 // 19
  uint32_t slate_size = 0;                               // 20
  std::string_view slate_id;                             // 21
  std::string_view experiment_arm;                       // 22 P
  std::optional<double> score;                           // 23 P, finite
  std::optional<double> propensity;                      // 24, 0 < p <= 1
  std::string_view creator_id;                           // 25
  std::string_view sponsor_id;                           // 26
  std::span<const std::string_view> item_labels;         // 27
  std::span<const Signal> top_signals;                   // 28 P
  UserOption user_option{};                              // 29
  std::string_view traceparent;  // 30 or what fills it; a traceparent header is not in here

  // The row's text of the framing: `[ce:](json|pb)[:<id>]`.
  std::string_view schema;
};

}  // namespace lineward::event
