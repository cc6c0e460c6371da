#include "lineward/decision/header.h"

#include <limits>
#include <optional>
#include <vector>

#include "lineward/base/bytes.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/decision/reasons.h"

namespace lineward::decision {
namespace {

constexpr std::string_view kFirstLine = "lineward/block/v1";
constexpr uint64_t kOffsetMax = std::numeric_limits<int64_t>::max();
constexpr uint64_t kPartitionMax = std::numeric_limits<int32_t>::max();
constexpr size_t kNameBytesMax = 249;  // Kafka's limit of topic names
constexpr size_t kLines = 10;

struct FlagName {
  BlockFlag flag;
  std::string_view name;
};
constexpr FlagName kFlagNames[] = {
    {kGenesis, "genesis"}, {kAtLeastOnce, "at-least-once"}, {kControlStale, "control-stale"}};

template <typename... Args>
absl::Status Undecodable(fmt::format_string<Args...> format, Args&&... args) {
  return base::InvalidArgument(kBlockUndecodable, format, std::forward<Args>(args)...);
}

std::string PrintFlags(uint8_t flags) {
  std::string text;
  for (const FlagName& known : kFlagNames) {
    if ((flags & known.flag) == 0) continue;
    if (!text.empty()) text.push_back(',');
    text.append(known.name);
  }
  return text.empty() ? "none" : text;
}

std::optional<uint8_t> ParseFlags(std::string_view text) {
  for (unsigned flags = 0; flags < 8; ++flags) {
    if (PrintFlags(static_cast<uint8_t>(flags)) == text) return static_cast<uint8_t>(flags);
  }
  return std::nullopt;
}

bool IsName(std::string_view text) {
  if (text.empty() || text.size() > kNameBytesMax) return false;
  for (char c : text) {
    const bool is_fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                         (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    if (!is_fine) return false;
  }
  return true;
}

// The words of one line after its keyword, separated by single spaces.
class LineReader {
 public:
  LineReader(std::string_view line, std::string_view keyword)
      : words_(base::Split(line, ' ')), is_good_(words_[0] == keyword) {}

  std::string_view Word() {
    if (at_ >= words_.size()) {
      is_good_ = false;
      return {};
    }
    return words_[at_++];
  }
  void Expect(std::string_view word) { is_good_ = Word() == word && is_good_; }
  uint64_t Number(uint64_t max) {
    const auto number = base::ParseUint64(Word());
    if (!number.has_value() || *number > max) {
      is_good_ = false;
      return 0;
    }
    return *number;
  }
  std::string Name() {
    const std::string_view word = Word();
    if (!IsName(word)) is_good_ = false;
    return std::string(word);
  }
  // True if every word was of its form and none is left.
  bool Done() const { return is_good_ && at_ == words_.size(); }

 private:
  std::vector<std::string_view> words_;
  size_t at_ = 1;
  bool is_good_;
};

absl::Status CheckSums(const BlockHeader& header) {
  const uint64_t routed =
      uint64_t{header.routed[0]} + header.routed[1] + header.routed[2] + header.routed[3];
  if (routed != header.rows) {
    return Undecodable("header: routed {} of {} rows", routed, header.rows);
  }
  if (header.next < header.first) {
    return Undecodable("header: offsets {} {}", header.first, header.next);
  }
  uint64_t left = header.next - header.first;
  for (uint64_t part : {uint64_t{header.rows}, header.gaps[0], header.gaps[1], header.gaps[2]}) {
    if (part > left) return Undecodable("header: more rows and gaps than offsets");
    left -= part;
  }
  if (left != 0) return Undecodable("header: {} offsets are neither rows nor gaps", left);
  return absl::OkStatus();
}

}  // namespace

std::string SourceKey(const SourceName& source) {
  crypto::Sha256 hasher;
  std::string partition;
  base::AppendU32(&partition, source.partition);
  const std::string_view zero("\0", 1);
  const crypto::Digest digest = hasher.Update(source.cluster)
                                    .Update(zero)
                                    .Update(source.topic)
                                    .Update(zero)
                                    .Update(partition)
                                    .Final();
  return std::string(crypto::AsBytes(digest).substr(0, 8));
}

std::string BlockHeader::PolicySetId() const {
  return "ps-" + base::ToHex(crypto::AsBytes(policy_set));
}

std::string PrintHeader(const BlockHeader& header) {
  return fmt::format(
      "{}\nsource {} {} {}\noffsets {} {}\nrows {} gaps {} {} {}\nroot {}\ntime {}\nset {}\n"
      "routed {} {} {} {}\nflags {}\nrow-format 1\n",
      kFirstLine, header.source.cluster, header.source.topic, header.source.partition, header.first,
      header.next, header.rows, header.gaps[0], header.gaps[1], header.gaps[2],
      base::ToBase64(crypto::AsBytes(header.root)), header.decision_time_ms, header.PolicySetId(),
      header.routed[0], header.routed[1], header.routed[2], header.routed[3],
      PrintFlags(header.flags));
}

absl::StatusOr<crypto::Digest> ParsePolicySetId(std::string_view id) {
  if (id.starts_with("ps-")) {
    const auto bytes = base::FromHex(id.substr(3));
    const auto digest = bytes.has_value() ? crypto::DigestFrom(*bytes) : std::nullopt;
    if (digest.has_value()) return *digest;
  }
  return base::InvalidArgument("", "`{}` is no policy set id (`ps-` and 64 hex digits)", id);
}

absl::StatusOr<BlockHeader> ParseHeader(std::string_view text) {
  if (text.size() > kHeaderBytesMax) {
    return Undecodable("header: {} bytes, limit {}", text.size(), kHeaderBytesMax);
  }
  const std::vector<std::string_view> lines = base::Split(text, '\n');
  if (lines.size() != kLines + 1 || !lines[kLines].empty()) {
    return Undecodable("header: {} lines, not {} each ended by LF", lines.size() - 1, kLines);
  }
  if (lines[0] != kFirstLine) return Undecodable("header: line 1 is not `{}`", kFirstLine);

  LineReader format(lines[9], "row-format");
  const uint64_t row_format = format.Number(std::numeric_limits<uint64_t>::max());
  if (!format.Done()) return Undecodable("header: line 10 breaks its grammar");
  if (row_format != 1) {
    return base::InvalidArgument(kRowFormatUnknown, "header: row-format {}, known is 1",
                                 row_format);
  }

  BlockHeader header;
  std::vector<bool> good;
  LineReader source(lines[1], "source");
  header.source.cluster = source.Name();
  header.source.topic = source.Name();
  header.source.partition = static_cast<uint32_t>(source.Number(kPartitionMax));
  good.push_back(source.Done());

  LineReader offsets(lines[2], "offsets");
  header.first = offsets.Number(kOffsetMax);
  header.next = offsets.Number(kOffsetMax);
  good.push_back(offsets.Done());

  LineReader rows(lines[3], "rows");
  header.rows = static_cast<uint32_t>(rows.Number(kRowsMax));
  rows.Expect("gaps");
  for (uint64_t& gap : header.gaps) gap = rows.Number(kOffsetMax);
  good.push_back(rows.Done());

  LineReader root(lines[4], "root");
  const auto root_bytes = base::FromBase64(root.Word());
  const auto root_digest = root_bytes.has_value() ? crypto::DigestFrom(*root_bytes) : std::nullopt;
  header.root = root_digest.value_or(crypto::Digest{});
  good.push_back(root.Done() && root_digest.has_value());

  LineReader time(lines[5], "time");
  header.decision_time_ms = static_cast<int64_t>(time.Number(kOffsetMax));
  good.push_back(time.Done());

  LineReader set(lines[6], "set");
  const auto policy_set = ParsePolicySetId(set.Word());
  header.policy_set = policy_set.ok() ? *policy_set : crypto::Digest{};
  good.push_back(set.Done() && policy_set.ok());

  LineReader routed(lines[7], "routed");
  for (uint32_t& count : header.routed) count = static_cast<uint32_t>(routed.Number(kRowsMax));
  good.push_back(routed.Done());

  LineReader flags(lines[8], "flags");
  const auto known_flags = ParseFlags(flags.Word());
  header.flags = known_flags.value_or(0);
  good.push_back(flags.Done() && known_flags.has_value());

  for (size_t i = 0; i < good.size(); ++i) {
    if (!good[i]) return Undecodable("header: line {} breaks its grammar", i + 2);
  }
  LW_RETURN_IF_ERROR(CheckSums(header));
  return header;
}

}  // namespace lineward::decision
