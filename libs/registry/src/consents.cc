#include "registry/src/consents.h"

#include <absl/time/time.h>

#include <array>
#include <limits>
#include <utility>

#include "lineward/base/status.h"
#include "lineward/registry/reasons.h"
#include "registry/src/field_reader.h"

namespace lineward::registry {
namespace {

using document::Json;
using policy::ConsentChange;

std::optional<ConsentChange> ChangeOf(std::string_view word) {
  constexpr std::array<std::pair<std::string_view, ConsentChange>, 6> kChanges = {
      {{"GRANTED", ConsentChange::kGranted},
       {"WITHDRAWN", ConsentChange::kWithdrawn},
       {"NEVER", ConsentChange::kNever},
       {"EXPIRED", ConsentChange::kExpired},
       {"OBJECTED", ConsentChange::kObjected},
       {"OBJECTION_LIFTED", ConsentChange::kObjectionLifted}}};
  for (const auto& [name, state] : kChanges) {
    if (name == word) return state;
  }
  return std::nullopt;
}

ParsedConsent Refused(std::string_view reason) { return {.item = std::nullopt, .refused = reason}; }

ParsedConsent Canonical(control::ConsentItem item, const PurposeLookup& purposes,
                        int64_t taxonomy_version) {
  if (item.taxonomy_version < 1 || item.taxonomy_version > taxonomy_version) {
    return Refused(kTaxonomyVersion);
  }
  const auto purpose = purposes.find(item.purpose);
  if (!purpose.has_value() || !purpose->processing.empty()) return Refused(kPurposeUnknown);
  item.purpose = purpose->id;
  return {.item = std::move(item), .refused = ""};
}

}  // namespace

ParsedConsent ParseConsent(const Json& json, const PurposeLookup& purposes,
                           int64_t taxonomy_version) {
  std::vector<Violation> violations;
  FieldReader reader(json, "", &violations);
  const auto subject = reader.RequiredText("subject", control::kSubjectBytesMax);
  const auto purpose = reader.RequiredText("purpose", 256);
  const auto word = reader.RequiredText("state", 32);
  const auto request_id = reader.Text("request_id", 64);
  if (!violations.empty()) return Refused(kFieldMissing);
  if (reader.Require("effective_at") == nullptr) return Refused(kFieldMissing);
  const auto effective_at = reader.Time("effective_at");
  if (!effective_at.has_value()) return Refused(kTimeFormat);
  int64_t version = 1;
  if (reader.Get("taxonomy_version") != nullptr) {
    const auto given = reader.Int("taxonomy_version", 1, std::numeric_limits<int32_t>::max());
    if (!given.has_value()) return Refused(kTaxonomyVersion);
    version = *given;
  }
  reader.Finish();
  const auto change = ChangeOf(*word);
  if (!violations.empty() || !change.has_value()) return Refused(kFieldMissing);
  return Canonical({.subject = *subject,
                    .purpose = *purpose,
                    .change = *change,
                    .effective_at_us = *effective_at,
                    .taxonomy_version = version,
                    .request_id = request_id.value_or("")},
                   purposes, taxonomy_version);
}

ParsedConsent ParseConsentRecord(std::string_view value, const PurposeLookup& purposes,
                                 int64_t taxonomy_version) {
  if (!value.empty() && value.front() == '{') {
    const auto json = document::ParseJson(value);
    if (!json.ok()) return Refused(kFieldMissing);
    return ParseConsent(*json, purposes, taxonomy_version);
  }
  auto item = control::DecodeConsentItem(value);
  if (!item.ok() || item->subject.empty() || item->purpose.empty()) return Refused(kFieldMissing);
  if (item->taxonomy_version == 0) item->taxonomy_version = 1;
  return Canonical(*std::move(item), purposes, taxonomy_version);
}

absl::StatusOr<ConsentBook::Folded> ConsentBook::Fold(const control::ConsentItem& item,
                                                      int64_t received_at_us) {
  const auto staged = staged_.find(item.subject);
  control::ConsentRecord record;
  if (staged != staged_.end()) {
    record = staged->second;
  } else {
    LW_ASSIGN_OR_RETURN(const auto known, find_(item.subject));
    if (known.has_value()) {
      auto decoded = control::DecodeConsentRecord(*known);
      if (!decoded.ok()) {
        return base::DataLoss(kFactInvalid, "consent record: {}",
                              base::MessageOf(decoded.status()));
      }
      record = *std::move(decoded);
    }
  }
  if (record.is_erased) return Folded::kErased;
  if (!control::FoldConsent(item, received_at_us, &record)) return Folded::kUnchanged;
  staged_.insert_or_assign(item.subject, std::move(record));
  return Folded::kAccepted;
}

std::vector<std::pair<std::string, std::string>> ConsentBook::Changed() const {
  std::vector<std::pair<std::string, std::string>> changed;
  for (const auto& [subject, record] : staged_) {
    changed.emplace_back(subject, control::EncodeConsentRecord(record));
  }
  return changed;
}

}  // namespace lineward::registry
