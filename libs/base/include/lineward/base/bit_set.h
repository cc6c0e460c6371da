#pragma once

// `BitSet256`: a set of at most 256 interned ids (purposes, categories, places, labels of one
// policy set). Bits mean nothing outside the set that gave them. A plain value.

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

namespace lineward::base {

class BitSet256 {
 public:
  static constexpr size_t kBits = 256;

  constexpr BitSet256() = default;
  static constexpr BitSet256 All() {
    BitSet256 all;
    for (uint64_t& word : all.words_) word = ~uint64_t{0};
    return all;
  }
  // The ids 0 .. count - 1.
  static constexpr BitSet256 First(size_t count) {
    BitSet256 set;
    for (size_t bit = 0; bit < count; ++bit) set.Set(bit);
    return set;
  }

  constexpr void Set(size_t bit) { words_[bit >> 6] |= uint64_t{1} << (bit & 63); }
  constexpr void Clear(size_t bit) { words_[bit >> 6] &= ~(uint64_t{1} << (bit & 63)); }
  constexpr bool Has(size_t bit) const { return (words_[bit >> 6] >> (bit & 63)) & 1; }

  constexpr bool empty() const { return (words_[0] | words_[1] | words_[2] | words_[3]) == 0; }
  constexpr size_t size() const {
    size_t count = 0;
    for (uint64_t word : words_) count += static_cast<size_t>(std::popcount(word));
    return count;
  }
  constexpr bool Intersects(const BitSet256& other) const { return !(*this & other).empty(); }
  constexpr bool Contains(const BitSet256& other) const { return (*this & other) == other; }

  constexpr BitSet256& operator|=(const BitSet256& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  constexpr BitSet256& operator&=(const BitSet256& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= other.words_[i];
    return *this;
  }
  // Takes away what `other` holds.
  constexpr BitSet256& operator-=(const BitSet256& other) {
    for (size_t i = 0; i < words_.size(); ++i) words_[i] &= ~other.words_[i];
    return *this;
  }
  friend constexpr BitSet256 operator|(BitSet256 a, const BitSet256& b) { return a |= b; }
  friend constexpr BitSet256 operator&(BitSet256 a, const BitSet256& b) { return a &= b; }
  friend constexpr BitSet256 operator-(BitSet256 a, const BitSet256& b) { return a -= b; }
  friend constexpr bool operator==(const BitSet256&, const BitSet256&) = default;

  // Calls `f(bit)` for each member in ascending order.
  template <typename F>
  constexpr void ForEach(F&& f) const {
    for (size_t i = 0; i < words_.size(); ++i) {
      for (uint64_t word = words_[i]; word != 0; word &= word - 1) {
        f(i * 64 + static_cast<size_t>(std::countr_zero(word)));
      }
    }
  }

 private:
  std::array<uint64_t, 4> words_{};
};

}  // namespace lineward::base
