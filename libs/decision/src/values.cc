#include <algorithm>
#include <array>

#include "decision/src/fields.h"

namespace lineward::decision {
namespace {

constexpr std::string_view kHex = "0123456789abcdef";
constexpr std::string_view kCrockford = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
constexpr uint8_t kText = 0;
constexpr uint8_t kUuid = 1;
constexpr uint8_t kHex32 = 2;
constexpr uint8_t kUlid = 3;
constexpr uint8_t kDecimal = 4;
constexpr size_t kUuidChars = 36;
constexpr size_t kUlidChars = 26;
constexpr size_t kDecimalCharsMax = 18;  // fits int64

// Index of each character in `alphabet`, or -1.
constexpr std::array<int8_t, 256> Values(std::string_view alphabet) {
  std::array<int8_t, 256> values{};
  for (int8_t& value : values) value = -1;
  for (size_t i = 0; i < alphabet.size(); ++i) {
    values[static_cast<uint8_t>(alphabet[i])] = static_cast<int8_t>(i);
  }
  return values;
}
constexpr std::array<int8_t, 256> kHexValues = Values(kHex);
constexpr std::array<int8_t, 256> kCrockfordValues = Values(kCrockford);

int Value(const std::array<int8_t, 256>& values, char c) { return values[static_cast<uint8_t>(c)]; }

constexpr bool IsDash(size_t i) { return i == 8 || i == 13 || i == 18 || i == 23; }

bool IsUuid(std::string_view text) {
  if (text.size() != kUuidChars) return false;
  for (size_t i = 0; i < kUuidChars; ++i) {
    if (IsDash(i) ? text[i] != '-' : Value(kHexValues, text[i]) < 0) return false;
  }
  return true;
}

bool IsHex32(std::string_view text) {
  return text.size() == 32 &&
         std::all_of(text.begin(), text.end(), [](char c) { return Value(kHexValues, c) >= 0; });
}

bool IsUlid(std::string_view text) {
  return text.size() == kUlidChars && text[0] <= '7' &&
         std::all_of(text.begin(), text.end(),
                     [](char c) { return Value(kCrockfordValues, c) >= 0; });
}

bool IsDecimal(std::string_view text) {
  return !text.empty() && text.size() <= kDecimalCharsMax && (text[0] != '0' || text == "0") &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

uint8_t IdForm(std::string_view text) {
  if (IsDecimal(text)) return kDecimal;
  if (IsUlid(text)) return kUlid;
  if (IsHex32(text)) return kHex32;
  if (IsUuid(text)) return kUuid;
  return kText;
}

void AppendIdBytes(uint8_t form, std::string_view text, std::string* out) {
  if (form == kUlid) {
    // 26 digits of 5 bits are 130 bits, the first two 0.
    unsigned __int128 number = 0;
    for (char c : text) {
      number = (number << 5) | static_cast<unsigned>(Value(kCrockfordValues, c));
    }
    base::AppendU64(out, static_cast<uint64_t>(number >> 64));
    base::AppendU64(out, static_cast<uint64_t>(number));
    return;
  }
  int high = -1;
  for (char c : text) {
    if (c == '-') continue;
    const int value = Value(kHexValues, c);
    if (high < 0) {
      high = value;
      continue;
    }
    base::AppendU8(out, static_cast<uint8_t>(high << 4 | value));
    high = -1;
  }
}

void AppendIdText(uint8_t form, std::string_view bytes, std::string* out) {
  if (form == kUlid) {
    unsigned __int128 number = static_cast<unsigned __int128>(base::LoadU64(bytes.data())) << 64 |
                               base::LoadU64(bytes.data() + 8);
    char text[kUlidChars];
    for (size_t i = kUlidChars; i-- > 0; number >>= 5) {
      text[i] = kCrockford[static_cast<size_t>(number & 31)];
    }
    out->append(text, kUlidChars);
    return;
  }
  for (size_t i = 0; i < bytes.size(); ++i) {
    if (form == kUuid && (i == 4 || i == 6 || i == 8 || i == 10)) out->push_back('-');
    const auto byte = static_cast<uint8_t>(bytes[i]);
    out->push_back(kHex[byte >> 4]);
    out->push_back(kHex[byte & 15]);
  }
}

void AppendId(std::string_view text, std::string* out) {
  const uint8_t form = IdForm(text);
  base::AppendU8(out, form);
  if (form == kText) {
    out->append(text);
  } else if (form == kDecimal) {
    uint64_t number = 0;
    for (char c : text) number = number * 10 + static_cast<uint64_t>(c - '0');
    base::AppendUv(out, number);
  } else {
    AppendIdBytes(form, text, out);
  }
}

std::optional<std::string> ReadId(std::string_view bytes) {
  ValueReader reader(bytes);
  const uint8_t form = reader.U8();
  std::string text;
  if (form == kText) {
    text = reader.Text();
  } else if (form == kDecimal) {
    text = fmt::format("{}", reader.Uv());
  } else if (form <= kUlid) {
    AppendIdText(form, View(reader.Raw<16>()), &text);
  } else {
    reader.Fail();
  }
  // One spelling only: another form would have been taken for this text.
  if (!reader.Done() || text.empty() || IdForm(text) != form) return std::nullopt;
  return text;
}

void AppendFactValue(const FactValue& value, std::string* out) {
  base::AppendU8(out, static_cast<uint8_t>(value.type));
  switch (value.type) {
    case FactType::kBool:
      base::AppendU8(out, value.integer != 0 ? 1 : 0);
      return;
    case FactType::kInt:
    case FactType::kTimestamp:
      base::AppendSv(out, value.integer);
      return;
    case FactType::kDouble:
      base::AppendDouble(out, value.number);
      return;
    case FactType::kString:
      out->append(value.text);
      return;
  }
}

std::optional<FactValue> ReadFactValue(std::string_view bytes) {
  ValueReader reader(bytes);
  FactValue value;
  value.type = static_cast<FactType>(reader.U8In(1, 5));
  if (!reader.good()) return std::nullopt;
  switch (value.type) {
    case FactType::kBool:
      value.integer = reader.U8In(0, 1);
      break;
    case FactType::kInt:
    case FactType::kTimestamp:
      value.integer = reader.Sv();
      break;
    case FactType::kDouble:
      value.number = reader.Double();
      break;
    case FactType::kString:
      value.text = reader.Text();
      break;
  }
  if (!reader.Done()) return std::nullopt;
  return value;
}

}  // namespace lineward::decision
