#pragma once

// Bytes of our formats: unsigned LEB128 (`uv`), zigzag (`sv`), big-endian integers and doubles,
// length-prefixed `bytes`. Writers append to a std::string; `ByteReader` is bounds-checked and
// refuses anything but the shortest form. Notation: ledger design, section 2. Any thread.

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lineward::base {

inline constexpr size_t kUvBytesMax = 10;

inline void AppendU8(std::string* out, uint8_t value) { out->push_back(static_cast<char>(value)); }
void AppendU16(std::string* out, uint16_t value);
void AppendU32(std::string* out, uint32_t value);
void AppendU64(std::string* out, uint64_t value);
void AppendDouble(std::string* out, double value);
void AppendUv(std::string* out, uint64_t value);
void AppendSv(std::string* out, int64_t value);
// uv length, then the bytes.
void AppendBytes(std::string* out, std::string_view bytes);

inline uint64_t ZigZag(int64_t value) {
  return (static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(value >> 63);
}
inline int64_t UnZigZag(uint64_t value) {
  return static_cast<int64_t>((value >> 1) ^ (~(value & 1) + 1));
}

uint16_t LoadU16(const char* bytes);
uint32_t LoadU32(const char* bytes);
uint64_t LoadU64(const char* bytes);

// A cursor over bytes that it does not own. Each read returns nullopt and leaves the cursor where
// it was if too few bytes are left or the form is not the shortest. Not thread-safe.
class ByteReader {
 public:
  explicit ByteReader(std::string_view bytes) : bytes_(bytes) {}

  size_t Left() const { return bytes_.size() - at_; }
  size_t Position() const { return at_; }
  bool empty() const { return at_ == bytes_.size(); }
  std::string_view Rest() const { return bytes_.substr(at_); }

  std::optional<uint8_t> U8();
  std::optional<uint16_t> U16();
  std::optional<uint32_t> U32();
  std::optional<uint64_t> U64();
  std::optional<double> Double();
  std::optional<uint64_t> Uv();
  std::optional<int64_t> Sv();
  // Exactly `size` raw bytes.
  std::optional<std::string_view> Raw(size_t size);
  // uv length, then that many bytes.
  std::optional<std::string_view> Bytes();

 private:
  std::string_view bytes_;
  size_t at_ = 0;
};

}  // namespace lineward::base
