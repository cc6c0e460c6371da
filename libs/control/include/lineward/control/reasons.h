#pragma once

// Reasons of this lib's statuses; docs/errors.md explains each.

namespace lineward::control {

inline constexpr char kControlRecordInvalid[] = "CONTROL_RECORD_INVALID";
inline constexpr char kControlNotReady[] = "CONTROL_NOT_READY";
inline constexpr char kConsentTableFull[] = "CONSENT_TABLE_FULL";
inline constexpr char kPolicyChunksInvalid[] = "POLICY_CHUNKS_INVALID";
inline constexpr char kPolicyHeadRefused[] = "POLICY_HEAD_REFUSED";

}  // namespace lineward::control
