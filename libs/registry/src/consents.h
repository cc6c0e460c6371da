#pragma once

// Consent items as they come in, and the records that the writer folds them into. Owned by the
// writer's thread.

#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/control/consent.h"
#include "lineward/document/json.h"
#include "lineward/registry/items.h"

namespace lineward::registry {

inline constexpr std::string_view kSubjectErased = "SUBJECT_ERASED";
inline constexpr std::string_view kFieldMissing = "FIELD_MISSING";
inline constexpr std::string_view kTimeFormat = "TIME_FORMAT";
inline constexpr std::string_view kTaxonomyVersion = "TAXONOMY_VERSION";

// An item, or the reason why it is refused: FIELD_MISSING, TIME_FORMAT, TAXONOMY_VERSION,
// PURPOSE_UNKNOWN.
struct ParsedConsent {
  std::optional<control::ConsentItem> item;
  std::string_view refused;
};
ParsedConsent ParseConsent(const document::Json& json, const PurposeLookup& purposes,
                           int64_t taxonomy_version);
// The same from a record of the topic `consents`: JSON, or protobuf `ConsentItem`.
ParsedConsent ParseConsentRecord(std::string_view value, const PurposeLookup& purposes,
                                 int64_t taxonomy_version);

// The subjects' records with what one transaction changes in them.
class ConsentBook {
 public:
  enum class Folded : uint8_t { kAccepted, kUnchanged, kErased };
  // The committed record of a subject, encoded.
  using Find = std::function<absl::StatusOr<std::optional<std::string>>(std::string_view subject)>;

  explicit ConsentBook(Find find) : find_(std::move(find)) {}

  // The errors of `find`; DATA_LOSS (FACT_INVALID) if a record cannot be read.
  absl::StatusOr<Folded> Fold(const control::ConsentItem& item, int64_t received_at_us);
  // Subjects and records that changed, ascending.
  std::vector<std::pair<std::string, std::string>> Changed() const;
  bool HasChanges() const { return !staged_.empty(); }
  // Forgets the changes: they were committed, or never will be.
  void Clear() { staged_.clear(); }

 private:
  const Find find_;
  std::map<std::string, control::ConsentRecord> staged_;
};

}  // namespace lineward::registry
