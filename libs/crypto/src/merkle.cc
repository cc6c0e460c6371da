#include "lineward/crypto/merkle.h"

#include <algorithm>
#include <array>
#include <bit>

#include "lineward/base/status.h"

namespace lineward::crypto {
namespace {

constexpr std::string_view kLeafPrefix(&kLeafMark, 1);
constexpr char kNodeMark = 1;

Sha256& Hasher() {
  static thread_local Sha256 hasher;
  return hasher;
}

}  // namespace

Digest LeafHash(std::string_view bytes) {
  return Hasher().Update(kLeafPrefix).Update(bytes).Final();
}

Digest NodeHash(const Digest& left, const Digest& right) {
  std::array<char, 1 + 2 * kDigestBytes> bytes{kNodeMark};
  std::copy(left.begin(), left.end(), bytes.begin() + 1);
  std::copy(right.begin(), right.end(), bytes.begin() + 1 + kDigestBytes);
  return Hasher().Update({bytes.data(), bytes.size()}).Final();
}

Digest EmptyRoot() { return Sha256Of({}); }

Digest TreeRoot(std::span<const Digest> leaves) {
  RightEdge edge;
  for (const Digest& leaf : leaves) edge.Append(leaf);
  return edge.Root();
}

absl::StatusOr<RightEdge> RightEdge::From(uint64_t size, std::vector<Digest> hashes) {
  if (static_cast<size_t>(std::popcount(size)) != hashes.size()) {
    return base::InvalidArgument("", "right edge: {} hashes, a tree of {} leaves has {}",
                                 hashes.size(), size, std::popcount(size));
  }
  RightEdge edge;
  edge.size_ = size;
  edge.hashes_ = std::move(hashes);
  return edge;
}

void RightEdge::Append(const Digest& leaf) {
  Digest hash = leaf;
  for (uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
    hash = NodeHash(hashes_.back(), hash);
    hashes_.pop_back();
  }
  hashes_.push_back(hash);
  ++size_;
}

Digest RightEdge::Root() const {
  if (hashes_.empty()) return EmptyRoot();
  Digest root = hashes_.back();
  for (size_t i = hashes_.size() - 1; i-- > 0;) root = NodeHash(hashes_[i], root);
  return root;
}

}  // namespace lineward::crypto
