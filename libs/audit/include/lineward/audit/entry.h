#pragma once

// The log of one partition of `lineward.decisions`: its origin name and its entry 0, the genesis
// (docs/formats/log-v1.md). Entries from 1 on are block headers, verbatim. Pure; any thread.

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lineward/crypto/sha256.h"

namespace lineward::audit {

inline constexpr size_t kFleetBytesMax = 100;

// `[A-Za-z0-9./_-]{1,100}`, as in `lineward.example/prod`: a URL without its scheme.
bool IsFleetName(std::string_view name);

// `<fleet>/decisions/<p>/e<E>`: names the log and, later, the key that signs it.
std::string DecisionLogOrigin(std::string_view fleet, int32_t partition, uint32_t epoch);

struct Genesis {
  // The end of the log of the epoch before.
  struct Previous {
    std::string origin = {};
    uint64_t size = 0;
    crypto::Digest root{};
    bool operator==(const Previous&) const = default;
  };
  std::string origin = {};
  std::string cluster = {};  // Kafka's cluster id or the embedded log's UUID
  std::string topic = {};
  int32_t partition = 0;
  int64_t start = 0;  // the first offset that the log covers
  std::optional<Previous> previous = {};
  bool operator==(const Genesis&) const = default;
};

// Five lines, each ended by LF.
std::string PrintGenesis(const Genesis& genesis);
// Exactly what PrintGenesis writes; INVALID_ARGUMENT LOG_ENTRY_INVALID with the line otherwise.
absl::StatusOr<Genesis> ParseGenesis(std::string_view text);

}  // namespace lineward::audit
