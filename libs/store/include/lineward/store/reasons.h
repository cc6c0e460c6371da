#pragma once

// Reasons of `store`; each has a section in docs/errors.md.

#include <string_view>

namespace lineward::store {

// The folder is open in another process (FAILED_PRECONDITION).
inline constexpr std::string_view kStoreLocked = "STORE_LOCKED";
// Bytes do not match their checksum, or a file is missing or cut (DATA_LOSS).
inline constexpr std::string_view kStoreDamaged = "STORE_DAMAGED";
// No space is left on the device, or a quota is reached (RESOURCE_EXHAUSTED).
inline constexpr std::string_view kStoreFull = "STORE_FULL";
// The device or the file system failed (UNAVAILABLE).
inline constexpr std::string_view kStoreIoError = "STORE_IO_ERROR";
// The call does not fit the store: unknown family, keys out of order, writes where only ingest is
// allowed (FAILED_PRECONDITION).
inline constexpr std::string_view kStoreMisused = "STORE_MISUSED";

}  // namespace lineward::store
