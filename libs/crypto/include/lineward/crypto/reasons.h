#pragma once

// Reasons of crypto; each has its section in docs/errors.md.

namespace lineward::crypto {

inline constexpr char kSealTagMismatch[] = "SEAL_TAG_MISMATCH";

}  // namespace lineward::crypto
