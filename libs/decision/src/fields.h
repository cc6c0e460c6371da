#pragma once

// Fields of rows and plaintexts: uv number, bytes value, ascending. Writers append; readers are
// strict. Private to decision.

#include <absl/status/status.h>

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lineward/base/bytes.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/decision/reasons.h"
#include "lineward/decision/row.h"

namespace lineward::decision {

template <typename... Args>
absl::Status Undecodable(fmt::format_string<Args...> format, Args&&... args) {
  return base::InvalidArgument(kBlockUndecodable, format, std::forward<Args>(args)...);
}

inline size_t UvBytes(uint64_t value) {
  return value == 0 ? 1 : (static_cast<size_t>(std::bit_width(value)) + 6) / 7;
}

// Bytes that a field with a value of `size` bytes takes.
inline size_t FieldBytes(uint64_t number, size_t size) {
  return UvBytes(number) + UvBytes(size) + size;
}

// Writes an uv at `at`, where kUvBytesMax bytes are free; the place behind it.
inline char* PutUv(char* at, uint64_t value) {
  for (; value >= 0x80; value >>= 7) *at++ = static_cast<char>(value | 0x80);
  *at++ = static_cast<char>(value);
  return at;
}

inline void AppendBytesField(std::string* out, uint64_t number, std::string_view value) {
  char head[2 * base::kUvBytesMax];
  out->append(head, PutUv(PutUv(head, number), value.size()));
  out->append(value);
}
// Left out if empty.
inline void AppendTextField(std::string* out, uint64_t number, std::string_view value) {
  if (!value.empty()) AppendBytesField(out, number, value);
}
inline void AppendU8Field(std::string* out, uint64_t number, uint8_t value) {
  base::AppendUv(out, number);
  base::AppendUv(out, 1);
  base::AppendU8(out, value);
}
inline void AppendUvField(std::string* out, uint64_t number, uint64_t value) {
  char field[3 * base::kUvBytesMax];
  out->append(field, PutUv(PutUv(PutUv(field, number), UvBytes(value)), value));
}
inline void AppendSvField(std::string* out, uint64_t number, int64_t value) {
  AppendUvField(out, number, base::ZigZag(value));
}
template <size_t kSize>
std::string_view View(const std::array<uint8_t, kSize>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), kSize};
}

// Appends what `append` writes as the value of field `number`; its length is found by writing it
// behind and moving it up.
template <typename Append>
void AppendNestedField(std::string* out, uint64_t number, Append&& append) {
  base::AppendUv(out, number);
  const size_t start = out->size();
  append(out);
  std::string length;  // at most 3 bytes: stays in the object
  base::AppendUv(&length, out->size() - start);
  out->insert(start, length);
}

struct Field {
  uint64_t number = 0;
  std::string_view value;
};

// Fields in strictly ascending order.
class FieldReader {
 public:
  explicit FieldReader(std::string_view bytes) : reader_(bytes) {}

  // The next field; nullopt at the end, or when the bytes break the grammar (then !ok()).
  std::optional<Field> Next() {
    if (reader_.empty() || !ok_) return std::nullopt;
    const auto number = reader_.Uv();
    const auto value = number.has_value() ? reader_.Bytes() : std::nullopt;
    if (!value.has_value() || *number <= last_) {
      ok_ = false;
      return std::nullopt;
    }
    last_ = *number;
    return Field{.number = *number, .value = *value};
  }
  bool ok() const { return ok_; }
  // Bytes read so far.
  size_t position() const { return reader_.Position(); }

 private:
  base::ByteReader reader_;
  uint64_t last_ = 0;
  bool ok_ = true;
};

// One value: each read takes its part, `Done` tells whether all was as expected and nothing is
// left.
class ValueReader {
 public:
  explicit ValueReader(std::string_view bytes) : reader_(bytes) {}

  uint8_t U8() { return Take(reader_.U8()); }
  // Within [low, high].
  uint8_t U8In(uint8_t low, uint8_t high) {
    const uint8_t value = U8();
    if (value < low || value > high) good_ = false;
    return value;
  }
  uint64_t Uv() { return Take(reader_.Uv()); }
  uint64_t UvUpTo(uint64_t max) {
    const uint64_t value = Uv();
    if (value > max) good_ = false;
    return value;
  }
  int64_t Sv() { return Take(reader_.Sv()); }
  double Double() { return Take(reader_.Double()); }
  std::string_view Bytes() { return Take(reader_.Bytes()); }
  std::string_view Str() { return Utf8(Bytes()); }
  template <size_t kSize>
  std::array<uint8_t, kSize> Raw() {
    std::array<uint8_t, kSize> out{};
    const auto raw = reader_.Raw(kSize);
    if (!raw.has_value()) {
      good_ = false;
      return out;
    }
    std::copy(raw->begin(), raw->end(), out.begin());
    return out;
  }
  // The rest, as text.
  std::string_view Text() { return Utf8(Rest()); }
  std::string_view Rest() {
    const std::string_view rest = reader_.Rest();
    return Take(reader_.Raw(rest.size()));
  }
  // A count of elements that take at least one byte each, and not none.
  size_t Count() {
    const uint64_t count = Uv();
    if (count == 0 || count > reader_.Left()) good_ = false;
    return good_ ? static_cast<size_t>(count) : 0;
  }
  void Fail() { good_ = false; }
  bool good() const { return good_; }
  bool Done() const { return good_ && reader_.empty(); }

 private:
  template <typename T>
  T Take(std::optional<T> value) {
    if (!value.has_value()) {
      good_ = false;
      return T{};
    }
    return *value;
  }
  std::string_view Utf8(std::string_view text) {
    if (!base::IsUtf8(text)) good_ = false;
    return text;
  }

  base::ByteReader reader_;
  bool good_ = true;
};

// u8 type, then the value.
void AppendFactValue(const FactValue& value, std::string* out);
std::optional<FactValue> ReadFactValue(std::string_view bytes);

// `id` of the row format: u8 form, then the text in the shortest way of that form.
void AppendId(std::string_view text, std::string* out);
std::optional<std::string> ReadId(std::string_view bytes);
// The highest form that gives `text` back: 0 to 4.
uint8_t IdForm(std::string_view text);
// The 16 bytes of a text of form 1, 2 or 3, and back.
void AppendIdBytes(uint8_t form, std::string_view text, std::string* out);
void AppendIdText(uint8_t form, std::string_view bytes, std::string* out);

}  // namespace lineward::decision
