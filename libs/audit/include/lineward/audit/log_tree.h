#pragma once

// The RFC 6962 tree of a log that only grows: what is appended comes out as runs of hashes per tile
// level, each to be stored once; roots of earlier sizes are read back from them. Level L holds the
// roots of the full subtrees of 256^L leaves, so 256 hashes of a level are one tile
// (docs/formats/log-v1.md). Pure: storage is the caller's.

#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/crypto/merkle.h"
#include "lineward/crypto/sha256.h"

namespace lineward::audit {

// Entries stand under this level in stores.
inline constexpr uint8_t kEntriesLevel = 255;
// A tile level is 8 levels of the binary tree.
inline constexpr uint32_t kTileHeight = 8;

// Neighbouring hashes of one level.
struct HashRun {
  uint8_t level = 0;
  uint64_t first = 0;
  std::vector<crypto::Digest> hashes = {};
};

// A value; one owner.
class LogTree {
 public:
  LogTree() = default;
  // Goes on with a tree whose right edge was kept (crypto::RightEdge's order: largest first).
  // INVALID_ARGUMENT unless the edge has as many hashes as `size` has set bits.
  static absl::StatusOr<LogTree> From(uint64_t size, std::vector<crypto::Digest> edge);

  // SHA-256(00, entry) becomes the next leaf.
  void Append(std::string_view entry);

  uint64_t size() const { return size_; }
  std::span<const crypto::Digest> edge() const { return edge_; }
  crypto::Digest Root() const;
  // The hashes that became final since the last call, by ascending level.
  std::vector<HashRun> TakeRuns();

 private:
  void Emit(uint8_t level, uint64_t index, const crypto::Digest& hash);

  uint64_t size_ = 0;
  std::vector<crypto::Digest> edge_;
  std::vector<HashRun> runs_;
};

// Gives `count` hashes of `level` from `first` on, all of them final.
using HashReader = std::function<absl::StatusOr<std::vector<crypto::Digest>>(
    uint8_t level, uint64_t first, uint64_t count)>;

// The root of the first `size` entries, from at most 127 hashes per level. The reader's errors pass
// through; DATA_LOSS if it gives another number of hashes than asked for.
absl::StatusOr<crypto::Digest> RootAt(uint64_t size, const HashReader& read);

}  // namespace lineward::audit
