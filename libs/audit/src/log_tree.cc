#include "lineward/audit/log_tree.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "lineward/audit/reasons.h"
#include "lineward/base/status.h"

namespace lineward::audit {
namespace {

// The root over the roots of equally high subtrees, a power of two of them.
crypto::Digest SubtreeRoot(std::vector<crypto::Digest> nodes) {
  for (size_t n = nodes.size(); n > 1; n /= 2) {
    for (size_t i = 0; i < n / 2; ++i) nodes[i] = crypto::NodeHash(nodes[2 * i], nodes[2 * i + 1]);
  }
  return nodes[0];
}

}  // namespace

absl::StatusOr<LogTree> LogTree::From(uint64_t size, std::vector<crypto::Digest> edge) {
  LW_ASSIGN_OR_RETURN(const auto checked, crypto::RightEdge::From(size, edge));
  LogTree tree;
  tree.size_ = checked.size();
  tree.edge_ = std::move(edge);
  return tree;
}

void LogTree::Append(std::string_view entry) {
  crypto::Digest node = crypto::LeafHash(entry);
  Emit(0, size_, node);
  // Each trailing one bit of the old size is a full subtree that the new leaf completes a pair
  // with.
  uint32_t height = 0;
  for (uint64_t rest = size_; (rest & 1) != 0; rest >>= 1) {
    node = crypto::NodeHash(edge_.back(), node);
    edge_.pop_back();
    ++height;
    if (height % kTileHeight == 0) {
      Emit(static_cast<uint8_t>(height / kTileHeight), size_ >> height, node);
    }
  }
  edge_.push_back(node);
  ++size_;
}

crypto::Digest LogTree::Root() const {
  if (edge_.empty()) return crypto::EmptyRoot();
  crypto::Digest root = edge_.back();
  for (size_t i = edge_.size() - 1; i-- > 0;) root = crypto::NodeHash(edge_[i], root);
  return root;
}

void LogTree::Emit(uint8_t level, uint64_t index, const crypto::Digest& hash) {
  for (HashRun& run : runs_) {
    if (run.level == level) {
      run.hashes.push_back(hash);
      return;
    }
  }
  runs_.push_back({level, index, {hash}});
}

std::vector<HashRun> LogTree::TakeRuns() {
  std::sort(runs_.begin(), runs_.end(),
            [](const HashRun& a, const HashRun& b) { return a.level < b.level; });
  return std::exchange(runs_, {});
}

absl::StatusOr<crypto::Digest> RootAt(uint64_t size, const HashReader& read) {
  std::vector<crypto::Digest> edge;
  uint64_t covered = 0;
  for (uint64_t rest = size; rest != 0;) {
    const auto height = static_cast<uint32_t>(std::bit_width(rest) - 1);
    const uint64_t leaves = uint64_t{1} << height;
    const uint32_t level = height / kTileHeight;
    const uint64_t count = uint64_t{1} << (height % kTileHeight);
    LW_ASSIGN_OR_RETURN(const auto hashes,
                        read(static_cast<uint8_t>(level), covered >> (level * kTileHeight), count));
    if (hashes.size() != count) {
      return base::DataLoss(kLogHashesMissing, "level {}: {} hashes read, wanted {}", level,
                            hashes.size(), count);
    }
    edge.push_back(SubtreeRoot(hashes));
    covered += leaves;
    rest -= leaves;
  }
  LW_ASSIGN_OR_RETURN(const auto tree, LogTree::From(size, std::move(edge)));
  return tree.Root();
}

}  // namespace lineward::audit
