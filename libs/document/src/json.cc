#include "lineward/document/json.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/document/reasons.h"

namespace lineward::document {
namespace {

// The next code point of well-formed UTF-8.
uint32_t NextCodePoint(std::string_view text, size_t* at) {
  const auto lead = static_cast<unsigned char>(text[(*at)++]);
  if (lead < 0x80) return lead;
  const int more = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1;
  uint32_t point = lead & (0x3Fu >> more);
  for (int i = 0; i < more; ++i) {
    point = (point << 6) | (static_cast<unsigned char>(text[(*at)++]) & 0x3F);
  }
  return point;
}

// Order by UTF-16 code units differs from bytewise order only between surrogate pairs and
// U+E000..U+FFFF: move the latter behind.
uint32_t Utf16Rank(uint32_t point) {
  if (point >= 0x10000) return point - 0x10000 + 0xD800;
  return point >= 0xE000 ? point + 0x100000 : point;
}

bool LessUtf16(std::string_view a, std::string_view b) {
  size_t i = 0;
  size_t j = 0;
  while (i < a.size() && j < b.size()) {
    const uint32_t x = Utf16Rank(NextCodePoint(a, &i));
    const uint32_t y = Utf16Rank(NextCodePoint(b, &j));
    if (x != y) return x < y;
  }
  return i == a.size() && j < b.size();
}

void AppendCodePoint(std::string* out, uint32_t point) {
  const auto push = [out](uint32_t byte) { out->push_back(static_cast<char>(byte)); };
  if (point < 0x80) {
    push(point);
  } else if (point < 0x800) {
    push(0xC0 | (point >> 6));
    push(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    push(0xE0 | (point >> 12));
    push(0x80 | ((point >> 6) & 0x3F));
    push(0x80 | (point & 0x3F));
  } else {
    push(0xF0 | (point >> 18));
    push(0x80 | ((point >> 12) & 0x3F));
    push(0x80 | ((point >> 6) & 0x3F));
    push(0x80 | (point & 0x3F));
  }
}

void AppendCanonical(std::string* out, const Json& value) {
  if (value.is_null()) {
    *out += "null";
  } else if (value.is_bool()) {
    *out += value.AsBool() ? "true" : "false";
  } else if (value.is_int()) {
    *out += std::to_string(value.AsInt());
  } else if (value.is_double()) {
    AppendJsonNumber(out, value.AsDouble());
  } else if (value.is_text()) {
    AppendJsonText(out, value.AsText());
  } else if (value.is_list()) {
    out->push_back('[');
    for (size_t i = 0; i < value.items().size(); ++i) {
      if (i > 0) out->push_back(',');
      AppendCanonical(out, value.items()[i]);
    }
    out->push_back(']');
  } else {
    std::vector<const JsonMember*> members;
    for (const JsonMember& member : value.members()) members.push_back(&member);
    std::sort(members.begin(), members.end(), [](const JsonMember* a, const JsonMember* b) {
      return LessUtf16(a->first, b->first);
    });
    out->push_back('{');
    for (size_t i = 0; i < members.size(); ++i) {
      LW_CHECK(i == 0 || members[i - 1]->first != members[i]->first, "a key twice");
      if (i > 0) out->push_back(',');
      AppendJsonText(out, members[i]->first);
      out->push_back(':');
      AppendCanonical(out, members[i]->second);
    }
    out->push_back('}');
  }
}

void AppendPretty(std::string* out, const Json& value, size_t indent) {
  const auto line = [&](size_t by) {
    out->push_back('\n');
    out->append(by, ' ');
  };
  if (value.is_list() && !value.items().empty()) {
    out->push_back('[');
    for (size_t i = 0; i < value.items().size(); ++i) {
      if (i > 0) out->push_back(',');
      line(indent + 2);
      AppendPretty(out, value.items()[i], indent + 2);
    }
    line(indent);
    out->push_back(']');
  } else if (value.is_object() && !value.members().empty()) {
    out->push_back('{');
    for (size_t i = 0; i < value.members().size(); ++i) {
      if (i > 0) out->push_back(',');
      line(indent + 2);
      AppendJsonText(out, value.members()[i].first);
      *out += ": ";
      AppendPretty(out, value.members()[i].second, indent + 2);
    }
    line(indent);
    out->push_back('}');
  } else {
    AppendCanonical(out, value);
  }
}

class Reader {
 public:
  Reader(std::string_view text, size_t depth_max) : text_(text), depth_max_(depth_max) {}

  absl::StatusOr<Json> Read() {
    LW_ASSIGN_OR_RETURN(Json value, Value(1));
    SkipSpace();
    if (at_ != text_.size()) return Error("something stands behind the value");
    return value;
  }

 private:
  absl::Status Error(std::string_view message) const {
    size_t line = 1;
    size_t column = 1;
    for (char c : text_.substr(0, std::min(at_, text_.size()))) {
      column = c == '\n' ? 1 : column + 1;
      line += c == '\n' ? 1 : 0;
    }
    return base::InvalidArgument(kJsonInvalid, "{}:{}: {}", line, column, message);
  }
  void SkipSpace() {
    while (at_ < text_.size() &&
           (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r')) {
      ++at_;
    }
  }
  bool Take(std::string_view word) {
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }
  bool IsDigit() const { return at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; }

  absl::StatusOr<Json> Value(size_t depth) {
    SkipSpace();
    if (depth > depth_max_) return Error(fmt::format("deeper than {} levels", depth_max_));
    if (Take("null")) return Json();
    if (Take("true")) return Json(true);
    if (Take("false")) return Json(false);
    if (at_ == text_.size()) return Error("a value is missing");
    switch (text_[at_]) {
      case '"': {
        LW_ASSIGN_OR_RETURN(std::string text, Text());
        return Json(std::move(text));
      }
      case '[':
        return List(depth);
      case '{':
        return Object(depth);
      default:
        return Number();
    }
  }

  absl::StatusOr<Json> List(size_t depth) {
    ++at_;
    Json::List items;
    SkipSpace();
    if (Take("]")) return Json(std::move(items));
    while (true) {
      LW_ASSIGN_OR_RETURN(Json item, Value(depth + 1));
      items.push_back(std::move(item));
      SkipSpace();
      if (Take("]")) return Json(std::move(items));
      if (!Take(",")) return Error("`,` or `]` is missing");
    }
  }

  absl::StatusOr<Json> Object(size_t depth) {
    ++at_;
    Json::Object members;
    base::StringSet seen;
    SkipSpace();
    if (Take("}")) return Json(std::move(members));
    while (true) {
      SkipSpace();
      if (at_ == text_.size() || text_[at_] != '"') return Error("a key is missing");
      LW_ASSIGN_OR_RETURN(std::string key, Text());
      if (!seen.insert(key).second) return Error("a key stands twice");
      SkipSpace();
      if (!Take(":")) return Error("`:` is missing");
      LW_ASSIGN_OR_RETURN(Json value, Value(depth + 1));
      members.emplace_back(std::move(key), std::move(value));
      SkipSpace();
      if (Take("}")) return Json(std::move(members));
      if (!Take(",")) return Error("`,` or `}` is missing");
    }
  }

  std::optional<uint32_t> Hex4() {
    uint32_t unit = 0;
    const std::string_view digits = text_.substr(at_, 4);
    const auto [end, error] =
        std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    if (digits.size() != 4 || error != std::errc{} || end != digits.data() + 4) return std::nullopt;
    at_ += 4;
    return unit;
  }

  absl::StatusOr<std::string> Text() {
    ++at_;
    std::string out;
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return out;
      }
      if (static_cast<unsigned char>(c) < 0x20) return Error("a control character in a text");
      if (c != '\\') {
        out.push_back(c);
        ++at_;
        continue;
      }
      ++at_;
      static constexpr std::string_view kEscapes = "\"\\/bfnrt";
      static constexpr std::string_view kMeanings = "\"\\/\b\f\n\r\t";
      const char escape = at_ < text_.size() ? text_[at_] : '\0';
      if (const size_t i = kEscapes.find(escape); i != std::string_view::npos) {
        out.push_back(kMeanings[i]);
        ++at_;
        continue;
      }
      if (!Take("u")) return Error("an unknown escape");
      std::optional<uint32_t> unit = Hex4();
      if (!unit.has_value()) return Error("`\\u` needs four hex digits");
      if (*unit >= 0xD800 && *unit < 0xDC00 && Take("\\u")) {
        const std::optional<uint32_t> low = Hex4();
        if (!low.has_value() || *low < 0xDC00 || *low > 0xDFFF) return Error("a lone surrogate");
        unit = 0x10000 + ((*unit - 0xD800) << 10) + (*low - 0xDC00);
      } else if (*unit >= 0xD800 && *unit <= 0xDFFF) {
        return Error("a lone surrogate");
      }
      AppendCodePoint(&out, *unit);
    }
    return Error("a text has no end");
  }

  absl::StatusOr<Json> Number() {
    const size_t start = at_;
    bool is_whole = true;
    Take("-");
    if (!IsDigit()) {
      at_ = start;
      return Error("no JSON value");
    }
    if (!Take("0")) {
      while (IsDigit()) ++at_;
    }
    if (Take(".")) {
      is_whole = false;
      if (!IsDigit()) return Error("digits are missing behind `.`");
      while (IsDigit()) ++at_;
    }
    if (Take("e") || Take("E")) {
      is_whole = false;
      if (!Take("+")) Take("-");
      if (!IsDigit()) return Error("digits are missing in the exponent");
      while (IsDigit()) ++at_;
    }
    const std::string_view digits = text_.substr(start, at_ - start);
    if (is_whole && digits != "-0") {
      if (const auto whole = base::ParseInt64(digits); whole.has_value()) return Json(*whole);
    }
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error == std::errc::result_out_of_range && !std::isfinite(ToDouble(digits))) {
      return Error("a number that no double holds");
    }
    return Json(error == std::errc{} ? value : ToDouble(digits));
  }

  // Underflow is no error here: the nearest double, perhaps 0.
  static double ToDouble(std::string_view digits) {
    return std::strtod(std::string(digits).c_str(), nullptr);
  }

  const std::string_view text_;
  const size_t depth_max_;
  size_t at_ = 0;
};

}  // namespace

bool Json::AsBool() const {
  LW_CHECK(is_bool());
  return std::get<bool>(value_);
}

int64_t Json::AsInt() const {
  LW_CHECK(is_int());
  return std::get<int64_t>(value_);
}

double Json::AsDouble() const {
  if (is_int()) return static_cast<double>(std::get<int64_t>(value_));
  LW_CHECK(is_double());
  return std::get<double>(value_);
}

const std::string& Json::AsText() const {
  LW_CHECK(is_text());
  return std::get<std::string>(value_);
}

const Json::List& Json::items() const {
  LW_CHECK(is_list());
  return std::get<List>(value_);
}

Json::List& Json::items() {
  LW_CHECK(is_list());
  return std::get<List>(value_);
}

const Json::Object& Json::members() const {
  LW_CHECK(is_object());
  return std::get<Object>(value_);
}

const Json* Json::Find(std::string_view key) const {
  if (!is_object()) return nullptr;
  for (const JsonMember& member : members()) {
    if (member.first == key) return &member.second;
  }
  return nullptr;
}

Json& Json::Set(std::string_view key, Json value) {
  if (is_null()) value_ = Object{};
  LW_CHECK(is_object());
  for (JsonMember& member : std::get<Object>(value_)) {
    if (member.first != key) continue;
    member.second = std::move(value);
    return *this;
  }
  std::get<Object>(value_).emplace_back(std::string(key), std::move(value));
  return *this;
}

Json& Json::Append(Json value) {
  if (is_null()) value_ = List{};
  items().push_back(std::move(value));
  return *this;
}

std::string Canonical(const Json& value) {
  std::string out;
  AppendCanonical(&out, value);
  return out;
}

std::string Pretty(const Json& value) {
  std::string out;
  AppendPretty(&out, value, 0);
  return out;
}

void AppendJsonText(std::string* out, std::string_view text) {
  LW_CHECK(base::IsUtf8(text), "text that is not UTF-8");
  static constexpr std::string_view kEscapes = "\"\\\b\f\n\r\t";
  static constexpr std::string_view kLetters = "\"\\bfnrt";
  out->push_back('"');
  for (const char c : text) {
    if (const size_t i = kEscapes.find(c); i != std::string_view::npos) {
      out->push_back('\\');
      out->push_back(kLetters[i]);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      *out += fmt::format("\\u{:04x}", static_cast<unsigned char>(c));
    } else {
      out->push_back(c);
    }
  }
  out->push_back('"');
}

// ECMAScript, Number::toString: the shortest digits that read back, without exponent from 1e-6 up
// to below 1e21.
void AppendJsonNumber(std::string* out, double value) {
  LW_CHECK(std::isfinite(value), "a number that is not finite");
  if (value == 0) {
    out->push_back('0');
    return;
  }
  char buffer[32];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), std::fabs(value),
                                          std::chars_format::scientific);
  LW_CHECK(error == std::errc{});
  const std::string_view text(buffer, static_cast<size_t>(end - buffer));
  const size_t e = text.find('e');
  std::string digits(1, text[0]);
  if (e > 2) digits += text.substr(2, e - 2);
  int exponent = 0;
  const std::string_view power = text.substr(text[e + 1] == '+' ? e + 2 : e + 1);
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  const int count = static_cast<int>(digits.size());
  const int point = exponent + 1;
  if (value < 0) out->push_back('-');
  if (count <= point && point <= 21) {
    *out += digits + std::string(static_cast<size_t>(point - count), '0');
  } else if (0 < point && point <= 21) {
    *out += digits.substr(0, static_cast<size_t>(point)) + "." +
            digits.substr(static_cast<size_t>(point));
  } else if (-6 < point && point <= 0) {
    *out += "0." + std::string(static_cast<size_t>(-point), '0') + digits;
  } else {
    *out += digits.substr(0, 1);
    if (count > 1) *out += "." + digits.substr(1);
    *out += fmt::format("e{}{}", exponent < 0 ? '-' : '+', exponent < 0 ? -exponent : exponent);
  }
}

absl::StatusOr<Json> ParseJson(std::string_view text, size_t depth_max) {
  if (!base::IsUtf8(text)) return base::InvalidArgument(kJsonInvalid, "not UTF-8");
  return Reader(text, depth_max).Read();
}

}  // namespace lineward::document
