#include "lineward/base/bytes.h"

#include <cstring>

namespace lineward::base {
namespace {

template <typename T>
void AppendBigEndian(std::string* out, T value) {
  char bytes[sizeof(T)];
  for (size_t i = sizeof(T); i-- > 0; value = static_cast<T>(value >> 8)) {
    bytes[i] = static_cast<char>(value);
  }
  out->append(bytes, sizeof(T));
}

template <typename T>
T LoadBigEndian(const char* bytes) {
  T value = 0;
  for (size_t i = 0; i < sizeof(T); ++i) {
    value = static_cast<T>((value << 8) | static_cast<uint8_t>(bytes[i]));
  }
  return value;
}

}  // namespace

void AppendU16(std::string* out, uint16_t value) { AppendBigEndian(out, value); }
void AppendU32(std::string* out, uint32_t value) { AppendBigEndian(out, value); }
void AppendU64(std::string* out, uint64_t value) { AppendBigEndian(out, value); }
void AppendDouble(std::string* out, double value) {
  AppendU64(out, std::bit_cast<uint64_t>(value));
}

void AppendUv(std::string* out, uint64_t value) {
  if (value < 0x80) {
    out->push_back(static_cast<char>(value));
    return;
  }
  char bytes[kUvBytesMax];
  size_t size = 0;
  for (; value >= 0x80; value >>= 7) bytes[size++] = static_cast<char>(value | 0x80);
  bytes[size++] = static_cast<char>(value);
  out->append(bytes, size);
}

void AppendSv(std::string* out, int64_t value) { AppendUv(out, ZigZag(value)); }

void AppendBytes(std::string* out, std::string_view bytes) {
  AppendUv(out, bytes.size());
  out->append(bytes);
}

uint16_t LoadU16(const char* bytes) { return LoadBigEndian<uint16_t>(bytes); }
uint32_t LoadU32(const char* bytes) { return LoadBigEndian<uint32_t>(bytes); }
uint64_t LoadU64(const char* bytes) { return LoadBigEndian<uint64_t>(bytes); }

std::optional<uint8_t> ByteReader::U8() {
  if (Left() < 1) return std::nullopt;
  return static_cast<uint8_t>(bytes_[at_++]);
}

std::optional<uint16_t> ByteReader::U16() {
  const auto raw = Raw(2);
  if (!raw.has_value()) return std::nullopt;
  return LoadU16(raw->data());
}

std::optional<uint32_t> ByteReader::U32() {
  const auto raw = Raw(4);
  if (!raw.has_value()) return std::nullopt;
  return LoadU32(raw->data());
}

std::optional<uint64_t> ByteReader::U64() {
  const auto raw = Raw(8);
  if (!raw.has_value()) return std::nullopt;
  return LoadU64(raw->data());
}

std::optional<double> ByteReader::Double() {
  const auto bits = U64();
  if (!bits.has_value()) return std::nullopt;
  return std::bit_cast<double>(*bits);
}

std::optional<uint64_t> ByteReader::Uv() {
  uint64_t value = 0;
  for (size_t i = 0; i < kUvBytesMax && i < Left(); ++i) {
    const auto byte = static_cast<uint8_t>(bytes_[at_ + i]);
    if (i == kUvBytesMax - 1 && byte > 1) return std::nullopt;
    value |= static_cast<uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      if (byte == 0 && i > 0) return std::nullopt;
      at_ += i + 1;
      return value;
    }
  }
  return std::nullopt;
}

std::optional<int64_t> ByteReader::Sv() {
  const auto raw = Uv();
  if (!raw.has_value()) return std::nullopt;
  return UnZigZag(*raw);
}

std::optional<std::string_view> ByteReader::Raw(size_t size) {
  if (Left() < size) return std::nullopt;
  const std::string_view raw = bytes_.substr(at_, size);
  at_ += size;
  return raw;
}

std::optional<std::string_view> ByteReader::Bytes() {
  const size_t before = at_;
  const auto size = Uv();
  if (!size.has_value() || *size > Left()) {
    at_ = before;
    return std::nullopt;
  }
  return Raw(static_cast<size_t>(*size));
}

}  // namespace lineward::base
