#include "registry/src/field_reader.h"

#include <absl/time/time.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "lineward/base/strings.h"
#include "lineward/document/nearest.h"

namespace lineward::registry {
namespace {

using document::Json;

bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) {
    const auto byte = static_cast<uint8_t>(c);
    return byte < 0x20 || byte == 0x7F;
  });
}

}  // namespace

FieldReader::FieldReader(const Json& object, std::string path, std::vector<Violation>* violations)
    : object_(object), path_(std::move(path)), violations_(violations) {
  if (!object.is_object()) {
    std::string field = path_;
    if (!field.empty() && field.back() == '.') field.pop_back();
    violations_->push_back({field, "is an object"});
  }
}

const Json* FieldReader::Get(std::string_view name) {
  if (std::find(known_.begin(), known_.end(), name) == known_.end()) known_.emplace_back(name);
  const Json* const value = object_.Find(name);
  return value == nullptr || value->is_null() ? nullptr : value;
}

const Json* FieldReader::Require(std::string_view name) {
  const Json* const value = Get(name);
  if (value == nullptr && object_.is_object()) Report(name, "is missing");
  return value;
}

std::optional<std::string> FieldReader::Text(std::string_view name, size_t bytes_max) {
  const Json* const value = Get(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_text()) {
    Report(name, "is a text");
    return std::nullopt;
  }
  const std::string& text = value->AsText();
  if (text.empty() || text.size() > bytes_max) {
    Report(name, fmt::format("has {} bytes; 1 to {} are taken", text.size(), bytes_max));
    return std::nullopt;
  }
  if (HasControl(text)) {
    Report(name, "holds a control character");
    return std::nullopt;
  }
  return text;
}

std::optional<std::string> FieldReader::RequiredText(std::string_view name, size_t bytes_max) {
  if (Require(name) == nullptr) return std::nullopt;
  return Text(name, bytes_max);
}

std::optional<std::string> FieldReader::OneOf(std::string_view name,
                                              std::span<const std::string_view> words) {
  const auto text = Text(name, 64);
  if (!text.has_value()) return std::nullopt;
  if (std::find(words.begin(), words.end(), *text) == words.end()) {
    Report(name, fmt::format("`{}` is none of {}{}", *text, fmt::join(words, ", "),
                             document::NearestHint(*text, words)));
    return std::nullopt;
  }
  return text;
}

std::optional<bool> FieldReader::Bool(std::string_view name) {
  const Json* const value = Get(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_bool()) {
    Report(name, "is true or false");
    return std::nullopt;
  }
  return value->AsBool();
}

std::optional<int64_t> FieldReader::Int(std::string_view name, int64_t min, int64_t max) {
  const Json* const value = Get(name);
  if (value == nullptr) return std::nullopt;
  std::optional<int64_t> number;
  if (value->is_int()) number = value->AsInt();
  if (value->is_text()) number = base::ParseInt64(value->AsText());
  if (!number.has_value() || *number < min || *number > max) {
    Report(name, fmt::format("is a whole number of {} to {}", min, max));
    return std::nullopt;
  }
  return number;
}

std::optional<int64_t> FieldReader::Time(std::string_view name) {
  const auto text = Text(name, 40);
  if (!text.has_value()) return std::nullopt;
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, base::ToAbsl(*text), &time, &error)) {
    Report(name, fmt::format("`{}` is no RFC 3339 time", *text));
    return std::nullopt;
  }
  return absl::ToUnixMicros(time);
}

std::optional<std::vector<std::string>> FieldReader::Texts(std::string_view name, size_t items_max,
                                                           size_t bytes_max) {
  const Json* const value = Get(name);
  if (value == nullptr) return std::nullopt;
  if (!value->is_list()) {
    Report(name, "is a list");
    return std::nullopt;
  }
  if (value->items().size() > items_max) {
    Report(name,
           fmt::format("has {} items; at most {} are taken", value->items().size(), items_max));
    return std::nullopt;
  }
  std::vector<std::string> texts;
  for (size_t i = 0; i < value->items().size(); ++i) {
    const Json& item = value->items()[i];
    const std::string field = fmt::format("{}[{}]", name, i);
    if (!item.is_text() || item.AsText().empty() || item.AsText().size() > bytes_max ||
        HasControl(item.AsText())) {
      Report(field,
             fmt::format("is a text of 1 to {} bytes without control characters", bytes_max));
      continue;
    }
    texts.push_back(item.AsText());
  }
  return texts;
}

void FieldReader::Report(std::string_view field, std::string message) {
  violations_->push_back({PathOf(field), std::move(message)});
}

void FieldReader::Finish() {
  if (!object_.is_object()) return;
  for (const auto& [name, value] : object_.members()) {
    if (std::find(known_.begin(), known_.end(), name) != known_.end()) continue;
    Report(name, fmt::format("is not known{}", document::NearestHint(name, known_)));
  }
}

}  // namespace lineward::registry
