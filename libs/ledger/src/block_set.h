#pragma once

// Which blocks of a segment: a bitmap over ordinals. A value; one owner.

#include <cstddef>
#include <cstdint>
#include <vector>

namespace lineward::ledger {

class BlockSet {
 public:
  explicit BlockSet(size_t blocks, bool is_full = false)
      : size_(blocks), words_((blocks + 63) / 64, is_full ? ~uint64_t{0} : 0) {
    Trim();
  }

  size_t size() const { return size_; }
  bool Has(size_t ordinal) const { return ((words_[ordinal / 64] >> (ordinal % 64)) & 1) != 0; }
  // Beyond the size: nothing.
  void Add(size_t ordinal) {
    if (ordinal < size_) words_[ordinal / 64] |= uint64_t{1} << (ordinal % 64);
  }
  void And(const BlockSet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
  }
  void Or(const BlockSet& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
  }
  bool empty() const {
    for (const uint64_t word : words_) {
      if (word != 0) return false;
    }
    return true;
  }

 private:
  void Trim() {
    if (size_ % 64 != 0) words_.back() &= (uint64_t{1} << (size_ % 64)) - 1;
  }

  size_t size_;
  std::vector<uint64_t> words_;
};

}  // namespace lineward::ledger
