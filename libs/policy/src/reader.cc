#include "policy/src/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "lineward/base/strings.h"
#include "lineward/document/json.h"
#include "lineward/document/nearest.h"
#include "policy/src/scalar_places.h"

namespace lineward::policy {

using document::YamlNode;

bool IsId(std::string_view text) {
  const auto is_word = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  if (text.empty() || text.size() > 64 || !is_word(text[0])) return false;
  return std::all_of(text.begin(), text.end(),
                     [&](char c) { return is_word(c) || c == '_' || c == '.' || c == '-'; });
}

bool IsPid(std::string_view text) {
  const size_t at = text.find('@');
  if (at == std::string_view::npos || !IsId(text.substr(0, at))) return false;
  const std::string_view digits = text.substr(at + 1);
  return !digits.empty() && digits.size() <= 18 &&
         std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<double> ParseDouble(std::string_view text) {
  if (text.empty() || (text[0] != '-' && (text[0] < '0' || text[0] > '9')) || text.back() < '0' ||
      text.back() > '9') {
    return std::nullopt;
  }
  const auto json = document::ParseJson(text);
  if (!json.ok() || (!json->is_int() && !json->is_double())) return std::nullopt;
  if (text == "-0") return -0.0;
  const double value = json->AsDouble();
  if (!std::isfinite(value)) return std::nullopt;
  return value;
}

std::string FormatDouble(double value) {
  char buffer[64];
  const auto [end, error] = std::to_chars(buffer, buffer + sizeof(buffer), value);
  return {buffer, error == std::errc{} ? end : buffer};
}

document::Place Reader::PlaceIn(const YamlNode& scalar, size_t offset) const {
  if (bytes_.empty()) return scalar.place;
  return PlaceInScalar(bytes_, scalar.place, scalar.text, offset);
}

void Reader::Error(uint16_t code, document::Place place, std::string message) {
  findings_->Error(code, file_, place, std::move(message), rule_);
}

bool Reader::Map(const YamlNode& node, std::string_view what,
                 std::span<const std::string_view> keys) {
  if (!node.is_map()) {
    Error(101, node.place,
          fmt::format("{} must be a map, found {}", what, document::KindName(node.kind)));
    return false;
  }
  for (const document::YamlEntry& entry : node.entries) {
    if (std::find(keys.begin(), keys.end(), entry.key) == keys.end()) {
      Error(101, entry.place,
            fmt::format("{} has no key `{}`{}", what, entry.key,
                        document::NearestHint(entry.key, keys)));
    } else if (entry.value.is_empty()) {
      Error(101, entry.place, fmt::format("key `{}` has no value", entry.key));
    }
  }
  return true;
}

const std::vector<YamlNode>& Reader::List(const YamlNode& map, std::string_view key,
                                          bool required) {
  static const std::vector<YamlNode> none;
  const YamlNode* node = map.Find(key);
  if (node == nullptr) {
    if (required) Error(101, map.place, fmt::format("key `{}` is missing", key));
    return none;
  }
  if (node->is_list()) return node->items;
  if (!node->is_empty()) {
    Error(101, node->place,
          fmt::format("`{}` must be a list, found {}", key, document::KindName(node->kind)));
  }
  return none;
}

std::optional<std::string> Reader::Text(const YamlNode& map, std::string_view key, bool required) {
  const YamlNode* node = map.Find(key);
  if (node == nullptr) {
    if (required) Error(101, map.place, fmt::format("key `{}` is missing", key));
    return std::nullopt;
  }
  if (node->is_text()) return node->text;
  if (!node->is_empty()) {
    Error(101, node->place,
          fmt::format("`{}` must be text, found {}", key, document::KindName(node->kind)));
  }
  return std::nullopt;
}

std::optional<std::string> Reader::Id(const YamlNode& map, std::string_view key, bool required) {
  std::optional<std::string> text = Text(map, key, required);
  if (!text.has_value() || IsId(*text)) return text;
  Error(101, map.Find(key)->place,
        fmt::format("`{}`: `{}` is no id: 1-64 of letters, digits, `_`, `.`, `-`", key, *text));
  return std::nullopt;
}

std::optional<std::string> Reader::Pid(const YamlNode& map, std::string_view key, bool required) {
  std::optional<std::string> text = Text(map, key, required);
  if (!text.has_value() || IsPid(*text)) return text;
  Error(101, map.Find(key)->place,
        fmt::format("`{}`: `{}` is no policy version such as `recs@8`", key, *text));
  return std::nullopt;
}

std::optional<int64_t> Reader::Int(const YamlNode& map, std::string_view key, int64_t min,
                                   int64_t max, bool required) {
  const std::optional<std::string> text = Text(map, key, required);
  if (!text.has_value()) return std::nullopt;
  const std::optional<int64_t> value = base::ParseInt64(*text);
  if (value.has_value() && min <= *value && *value <= max) return value;
  Error(101, map.Find(key)->place,
        max == INT64_MAX
            ? fmt::format("`{}`: `{}` is no whole number of at least {}", key, *text, min)
            : fmt::format("`{}`: `{}` is no whole number from {} to {}", key, *text, min, max));
  return std::nullopt;
}

bool Reader::Bool(const YamlNode& map, std::string_view key, bool otherwise) {
  return Word<bool>(map, key, {{"true", true}, {"false", false}}).value_or(otherwise);
}

std::optional<int64_t> Reader::Time(const YamlNode& map, std::string_view key) {
  const std::optional<std::string> text = Text(map, key);
  if (!text.has_value()) return std::nullopt;
  const std::optional<int64_t> time = is_canonical_ ? base::ParseInt64(*text) : ParseTime(*text);
  if (time.has_value()) return time;
  Error(101, map.Find(key)->place,
        fmt::format("`{}`: `{}` is no time such as 2027-01-01T00:00:00Z", key, *text));
  return std::nullopt;
}

Window Reader::WindowOf(const YamlNode& map, std::string_view key) {
  static constexpr std::string_view kKeys[] = {"from", "until"};
  Window window;
  const YamlNode* node = map.Find(key);
  if (node == nullptr || node->is_empty() || !Map(*node, fmt::format("`{}`", key), kKeys)) {
    return window;
  }
  if (node->entries.empty()) {
    Error(101, node->place, fmt::format("`{}` needs `from` or `until`", key));
  }
  window.from_us = Time(*node, "from").value_or(kNeverUs);
  window.until_us = Time(*node, "until").value_or(kForeverUs);
  return window;
}

std::vector<std::string> Reader::Texts(const YamlNode& map, std::string_view key, bool required,
                                       bool is_limited) {
  std::vector<std::string> texts;
  const std::vector<YamlNode>& items = List(map, key, required);
  if (is_limited && items.size() > kValuesPerListMax) {
    Error(110, map.Find(key)->place,
          fmt::format("`{}` has {} values, at most {} are taken", key, items.size(),
                      kValuesPerListMax));
  }
  for (const YamlNode& item : items) {
    if (item.is_text()) {
      texts.push_back(item.text);
      continue;
    }
    Error(101, item.place,
          fmt::format("`{}` holds text, found {}", key, document::KindName(item.kind)));
  }
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  return texts;
}

void Reader::NoSuchWord(document::Place place, std::string_view key, std::string_view text,
                        std::span<const std::string_view> names) {
  std::string known;
  for (std::string_view name : names) {
    known += fmt::format("{}`{}`", known.empty() ? "" : ", ", name);
  }
  Error(101, place,
        fmt::format("`{}`: `{}` is none of {}{}", key, text, known,
                    document::NearestHint(text, names)));
}

}  // namespace lineward::policy
