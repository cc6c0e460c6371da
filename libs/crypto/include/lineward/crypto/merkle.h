#pragma once

// RFC 6962 hash trees: leaves, nodes, the root of a list, and the right edge of a growing tree.

#include <absl/status/statusor.h>

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "lineward/crypto/sha256.h"

namespace lineward::crypto {

// The byte before a leaf's own: a hasher fed with it and then the leaf in parts gives its hash.
inline constexpr char kLeafMark = '\0';
// SHA-256(00, bytes).
Digest LeafHash(std::string_view bytes);
// SHA-256(01, left, right).
Digest NodeHash(const Digest& left, const Digest& right);
// The root of no leaves: SHA-256 of nothing.
Digest EmptyRoot();
// The root over leaf hashes, split at the largest power of two below their number.
Digest TreeRoot(std::span<const Digest> leaves);

// All that is needed to go on appending to a tree: the roots of its maximal full subtrees, the
// largest first (as many as `size` has set bits). A value; one owner.
class RightEdge {
 public:
  RightEdge() = default;
  // The edge of a tree of `size` leaves. INVALID_ARGUMENT unless `hashes` has as many entries as
  // `size` has set bits.
  static absl::StatusOr<RightEdge> From(uint64_t size, std::vector<Digest> hashes);

  void Append(const Digest& leaf);
  uint64_t size() const { return size_; }
  std::span<const Digest> hashes() const { return hashes_; }
  // The root of the tree so far; `EmptyRoot()` without leaves.
  Digest Root() const;

 private:
  uint64_t size_ = 0;
  std::vector<Digest> hashes_;
};

}  // namespace lineward::crypto
