#pragma once

// Reasons of this lib's errors (docs/errors.md). They travel as far as the HTTP answer and the exit
// code of the command line (registry design, section 8).

#include <string_view>

namespace lineward::registry {

inline constexpr std::string_view kInvalidField = "INVALID_FIELD";
inline constexpr std::string_view kPurposeUnknown = "PURPOSE_UNKNOWN";
inline constexpr std::string_view kDigestFormat = "DIGEST_FORMAT";
inline constexpr std::string_view kTooManyItems = "TOO_MANY_ITEMS";
inline constexpr std::string_view kDatasetNotFound = "DATASET_NOT_FOUND";
inline constexpr std::string_view kModelNotFound = "MODEL_NOT_FOUND";
inline constexpr std::string_view kVersionNotFound = "VERSION_NOT_FOUND";
inline constexpr std::string_view kRunNotFound = "RUN_NOT_FOUND";
inline constexpr std::string_view kContentConflict = "CONTENT_CONFLICT";
inline constexpr std::string_view kRequestIdReused = "REQUEST_ID_REUSED";
inline constexpr std::string_view kLineageCycle = "LINEAGE_CYCLE";
inline constexpr std::string_view kLineageTooLarge = "LINEAGE_TOO_LARGE";
inline constexpr std::string_view kLooseningUnsupported = "LOOSENING_UNSUPPORTED";
inline constexpr std::string_view kPolicySetInvalid = "POLICY_SET_INVALID";
inline constexpr std::string_view kPolicySetNotFound = "POLICY_SET_NOT_FOUND";
inline constexpr std::string_view kPolicyBaseStale = "POLICY_BASE_STALE";
inline constexpr std::string_view kSignatureRequired = "SIGNATURE_REQUIRED";
inline constexpr std::string_view kNoWriter = "NO_WRITER";
inline constexpr std::string_view kRegistryOverloaded = "OVERLOADED";
inline constexpr std::string_view kRegistryNotReady = "NOT_READY";
inline constexpr std::string_view kNotYetVisible = "NOT_YET_VISIBLE";
inline constexpr std::string_view kFactInvalid = "FACT_INVALID";

}  // namespace lineward::registry
