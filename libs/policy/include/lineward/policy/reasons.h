#pragma once

// The reasons of decisions, with their codes (policy design, section 4), and of this lib's errors.
// A code is never renumbered: rows keep it. Names have a section each in docs/errors.md.

#include <cstdint>
#include <optional>
#include <string_view>

namespace lineward::policy {

// Reasons of Status.
inline constexpr std::string_view kPolicySetInvalid = "POLICY_SET_INVALID";

// Reasons of decisions. The hundreds are the step of the decision that found it.
enum class Reason : uint16_t {
  kPermitted = 0,
  kNoBinding = 100,
  kMalformed = 200,
  kFactMissing = 201,
  kFactOutOfRange = 202,
  kPurposeUnknown = 203,
  kModelUnknown = 300,
  kLineageIncomplete = 301,
  kDigestMismatch = 302,
  kModelRevoked = 303,
  kPurposeNotForSurface = 400,
  kRetentionExpired = 401,
  kPurposeNotAllowed = 402,
  kSubjectErased = 500,
  kConsentWithdrawn = 501,
  kConsentObjected = 502,
  kConsentMissing = 503,
  kLegalForbidden = 504,
  kConsentStale = 510,
  kConsentUnknown = 511,
  kTransferForbidden = 600,
  kPlaceUnknown = 610,
  kBreakerOpen = 700,
  kEngineUnavailable = 710,
  kRuleForbid = 800,
  kRuleError = 801,
  kDefaultDeny = 802,
  kObligationConflict = 900,
  kObligationUnsupported = 901,
};

struct ReasonRow {
  Reason reason;
  std::string_view name;
};

inline constexpr ReasonRow kReasons[] = {
    {Reason::kPermitted, "PERMITTED"},
    {Reason::kNoBinding, "NO_BINDING"},
    {Reason::kMalformed, "MALFORMED"},
    {Reason::kFactMissing, "FACT_MISSING"},
    {Reason::kFactOutOfRange, "FACT_OUT_OF_RANGE"},
    {Reason::kPurposeUnknown, "PURPOSE_UNKNOWN"},
    {Reason::kModelUnknown, "MODEL_UNKNOWN"},
    {Reason::kLineageIncomplete, "LINEAGE_INCOMPLETE"},
    {Reason::kDigestMismatch, "DIGEST_MISMATCH"},
    {Reason::kModelRevoked, "MODEL_REVOKED"},
    {Reason::kPurposeNotForSurface, "PURPOSE_NOT_FOR_SURFACE"},
    {Reason::kRetentionExpired, "RETENTION_EXPIRED"},
    {Reason::kPurposeNotAllowed, "PURPOSE_NOT_ALLOWED"},
    {Reason::kSubjectErased, "SUBJECT_ERASED"},
    {Reason::kConsentWithdrawn, "CONSENT_WITHDRAWN"},
    {Reason::kConsentObjected, "CONSENT_OBJECTED"},
    {Reason::kConsentMissing, "CONSENT_MISSING"},
    {Reason::kLegalForbidden, "LEGAL_FORBIDDEN"},
    {Reason::kConsentStale, "CONSENT_STALE"},
    {Reason::kConsentUnknown, "CONSENT_UNKNOWN"},
    {Reason::kTransferForbidden, "TRANSFER_FORBIDDEN"},
    {Reason::kPlaceUnknown, "PLACE_UNKNOWN"},
    {Reason::kBreakerOpen, "BREAKER_OPEN"},
    {Reason::kEngineUnavailable, "ENGINE_UNAVAILABLE"},
    {Reason::kRuleForbid, "RULE_FORBID"},
    {Reason::kRuleError, "RULE_ERROR"},
    {Reason::kDefaultDeny, "DEFAULT_DENY"},
    {Reason::kObligationConflict, "OBLIGATION_CONFLICT"},
    {Reason::kObligationUnsupported, "OBLIGATION_UNSUPPORTED"},
};

// `PERMITTED`, `NO_BINDING`, ...; empty for a number that is no reason.
std::string_view ReasonName(Reason reason);

// The reason of that name.
std::optional<Reason> ReasonOf(std::string_view name);

// The reason of that code, as rows keep it.
std::optional<Reason> ReasonOfCode(uint64_t code);

}  // namespace lineward::policy
