#pragma once

// Consent of people: the record of one subject on `lineward.consent`, how the writer folds a new
// item into it, and the table in which a gate keeps all of them.

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/base/strings.h"
#include "lineward/policy/consent.h"

namespace lineward::control {

// Transitions of a purpose that a record keeps; what is older shows in `reaches_back_to_us`.
inline constexpr size_t kTransitionsMax = 8;
inline constexpr size_t kSubjectBytesMax = 256;
inline constexpr std::string_view kConsentKeyPrefix = "c/";

struct ConsentTransition {
  policy::ConsentChange change = policy::ConsentChange::kNever;
  int64_t effective_at_us = 0;
  int64_t received_at_us = 0;
  int64_t taxonomy_version = 1;
  friend bool operator==(const ConsentTransition&, const ConsentTransition&) = default;
};

struct PurposeConsent {
  std::string purpose;                         // canonical id
  std::vector<ConsentTransition> transitions;  // ascending by received_at_us
  friend bool operator==(const PurposeConsent&, const PurposeConsent&) = default;
};

struct ConsentRecord {
  std::vector<PurposeConsent> purposes;  // ascending by purpose
  std::optional<int64_t> reaches_back_to_us;
  bool is_erased = false;
  friend bool operator==(const ConsentRecord&, const ConsentRecord&) = default;
};

std::string ConsentKey(std::string_view subject);
// nullopt if `key` is no consent key.
std::optional<std::string_view> SubjectOfKey(std::string_view key);

std::string EncodeConsentRecord(const ConsentRecord& record);
// INVALID_ARGUMENT (CONTROL_RECORD_INVALID).
absl::StatusOr<ConsentRecord> DecodeConsentRecord(std::string_view bytes);

// One item as it arrives at the registry, its purpose canonical and checked.
struct ConsentItem {
  std::string subject;
  std::string purpose;
  policy::ConsentChange change = policy::ConsentChange::kNever;
  int64_t effective_at_us = 0;
  int64_t taxonomy_version = 1;
  std::string request_id;
};
std::string EncodeConsentItem(const ConsentItem& item);
absl::StatusOr<ConsentItem> DecodeConsentItem(std::string_view bytes);

// Folds an item into a subject's record: keeps per purpose the last `kTransitionsMax` transitions
// by `received_at_us`, and always the last undoing one of each track. False if the record already
// holds it (same purpose, change, effective time and taxonomy version): nothing changed. The caller
// refuses items of an erased subject.
bool FoldConsent(const ConsentItem& item, int64_t received_at_us, ConsentRecord* record);

// All subjects of a process, compact: a blob per subject, purposes interned. Written by the
// follower, read by loops; guarded by the follower's lock (see `Pin`), not by itself.
class ConsentTable {
 public:
  // A transition as the table keeps it; `purpose` indexes `Purposes()`.
  struct Transition {
    uint32_t purpose = 0;
    ConsentTransition transition;
  };
  // One subject's record; filled by `Find`, its buffer is reused.
  struct Entry {
    std::vector<Transition> transitions;  // ascending by (purpose id text, received_at_us)
    std::optional<int64_t> reaches_back_to_us;
    bool is_erased = false;
  };

  // Purpose ids by first appearance; an index keeps its meaning while the process lives.
  std::span<const std::string> Purposes() const { return purposes_; }

  void Put(std::string_view subject, const ConsentRecord& record);
  void Erase(std::string_view subject);
  // False if nothing is known of the subject; `entry` is then empty.
  bool Find(std::string_view subject, Entry* entry) const;
  size_t Subjects() const { return blobs_.size(); }

 private:
  base::StringMap<std::string> blobs_;
  base::StringMap<uint32_t> ids_;
  std::vector<std::string> purposes_;
};

}  // namespace lineward::control
