#include "lineward/audit/entry.h"

#include <vector>

#include "lineward/audit/reasons.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"

namespace lineward::audit {
namespace {

constexpr std::string_view kGenesisLine = "lineward/genesis/v1";
constexpr size_t kNameBytesMax = 249;
constexpr uint64_t kPartitionMax = (uint64_t{1} << 31) - 1;

bool IsAlphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool IsName(std::string_view text, std::string_view others, size_t bytes_max) {
  if (text.empty() || text.size() > bytes_max) return false;
  for (const char c : text) {
    if (!IsAlphanumeric(c) && others.find(c) == std::string_view::npos) return false;
  }
  return true;
}

bool IsKafkaName(std::string_view text) { return IsName(text, "._-", kNameBytesMax); }

// Origins are fleet names with the log's own part behind.
bool IsOrigin(std::string_view text) { return IsName(text, "./_-", kNameBytesMax); }

absl::Status Refuse(int line, std::string_view what) {
  return base::InvalidArgument(kLogEntryInvalid, "genesis: line {}: {}", line, what);
}

absl::StatusOr<std::optional<Genesis::Previous>> ParsePrevious(
    const std::vector<std::string_view>& words) {
  if (words.size() == 2 && words[1] == "none") return std::optional<Genesis::Previous>();
  Genesis::Previous previous;
  if (words.size() != 4 || !IsOrigin(words[1])) return Refuse(5, "no origin, size and root");
  const auto size = base::ParseUint64(words[2]);
  const auto root = base::FromBase64(words[3]);
  const auto digest = root ? crypto::DigestFrom(*root) : std::nullopt;
  if (!size || !digest) return Refuse(5, "no size and root");
  previous.origin = words[1];
  previous.size = *size;
  previous.root = *digest;
  return std::optional<Genesis::Previous>(previous);
}

}  // namespace

bool IsFleetName(std::string_view name) { return IsName(name, "./_-", kFleetBytesMax); }

std::string DecisionLogOrigin(std::string_view fleet, int32_t partition, uint32_t epoch) {
  return fmt::format("{}/decisions/{}/e{}", fleet, partition, epoch);
}

std::string PrintGenesis(const Genesis& genesis) {
  const std::string previous =
      genesis.previous ? fmt::format("{} {} {}", genesis.previous->origin, genesis.previous->size,
                                     base::ToBase64(crypto::AsBytes(genesis.previous->root)))
                       : "none";
  return fmt::format("{}\norigin {}\nkafka {} {} {}\nstart {}\nprevious {}\n", kGenesisLine,
                     genesis.origin, genesis.cluster, genesis.topic, genesis.partition,
                     genesis.start, previous);
}

absl::StatusOr<Genesis> ParseGenesis(std::string_view text) {
  const auto lines = base::Split(text, '\n');
  if (lines.size() != 6 || !lines[5].empty()) return Refuse(1, "not five lines ended by LF");
  if (lines[0] != kGenesisLine) return Refuse(1, "not `lineward/genesis/v1`");
  std::vector<std::vector<std::string_view>> words;
  for (const std::string_view line : lines) words.push_back(base::Split(line, ' '));

  Genesis genesis;
  if (words[1].size() != 2 || words[1][0] != "origin" || !IsOrigin(words[1][1])) {
    return Refuse(2, "no origin");
  }
  genesis.origin = words[1][1];
  if (words[2].size() != 4 || words[2][0] != "kafka" || !IsKafkaName(words[2][1]) ||
      !IsKafkaName(words[2][2])) {
    return Refuse(3, "no cluster, topic and partition");
  }
  genesis.cluster = words[2][1];
  genesis.topic = words[2][2];
  const auto partition = base::ParseUint64(words[2][3]);
  if (!partition || *partition > kPartitionMax) return Refuse(3, "no partition");
  genesis.partition = static_cast<int32_t>(*partition);
  const auto start = words[3].size() == 2 ? base::ParseInt64(words[3][1]) : std::nullopt;
  if (words[3][0] != "start" || !start || *start < 0) return Refuse(4, "no start");
  genesis.start = *start;
  if (words[4][0] != "previous") return Refuse(5, "no `previous`");
  LW_ASSIGN_OR_RETURN(genesis.previous, ParsePrevious(words[4]));
  return genesis;
}

}  // namespace lineward::audit
