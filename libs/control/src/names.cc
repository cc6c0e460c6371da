#include "lineward/control/names.h"

#include <fmt/format.h>

namespace lineward::control {
namespace {

bool IsUnreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::optional<int> HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

// Drops `prefix` if `text` begins with it.
bool Consume(std::string_view* text, std::string_view prefix) {
  if (!text->starts_with(prefix)) return false;
  text->remove_prefix(prefix.size());
  return true;
}

// `a/b` split at its first slash.
std::string_view TakeSegment(std::string_view* text) {
  const size_t slash = text->find('/');
  const std::string_view segment = text->substr(0, slash);
  text->remove_prefix(slash == std::string_view::npos ? text->size() : slash + 1);
  return segment;
}

// `sha256%3A9f` as `sha256:9f`.
std::string WithBareColon(std::string_view segment) {
  std::string text(segment);
  if (const size_t escape = text.find("%3A"); escape != std::string::npos) {
    text.replace(escape, 3, ":");
  }
  return text;
}

}  // namespace

std::string EncodeSegment(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c)) {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.push_back('%');
    encoded.push_back(kHex[byte >> 4]);
    encoded.push_back(kHex[byte & 15]);
  }
  return encoded;
}

std::optional<std::string> DecodeSegment(std::string_view segment) {
  std::string text;
  text.reserve(segment.size());
  for (size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      text.push_back(segment[i]);
      continue;
    }
    if (i + 2 >= segment.size()) return std::nullopt;
    const std::optional<int> high = HexDigit(segment[i + 1]);
    const std::optional<int> low = HexDigit(segment[i + 2]);
    if (!high || !low || (*high == 0 && *low == 0)) return std::nullopt;
    text.push_back(static_cast<char>(*high * 16 + *low));
    i += 2;
  }
  return text;
}

std::string DatasetName(std::string_view name_space, std::string_view name) {
  return fmt::format("datasets/{}/{}", EncodeSegment(name_space), EncodeSegment(name));
}

std::string DatasetVersionName(std::string_view dataset_name, std::string_view digest) {
  return fmt::format("{}/versions/{}", dataset_name, EncodeSegment(digest));
}

std::string ModelName(std::string_view model) {
  return fmt::format("models/{}", EncodeSegment(model));
}

std::string ModelVersionName(std::string_view model, int32_t version) {
  return fmt::format("models/{}/versions/{}", EncodeSegment(model), version);
}

std::string AliasName(std::string_view model, std::string_view alias) {
  return fmt::format("models/{}/aliases/{}", EncodeSegment(model), EncodeSegment(alias));
}

std::string RunName(std::string_view id) { return fmt::format("runs/{}", EncodeSegment(id)); }

std::string JobName(std::string_view name_space, std::string_view name) {
  return fmt::format("jobs/{}/{}", EncodeSegment(name_space), EncodeSegment(name));
}

std::optional<std::string> ParseDatasetReference(std::string_view reference) {
  const size_t slash = reference.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view rest = reference.substr(slash + 1);
  const size_t at = rest.find('@');
  const auto name_space = DecodeSegment(reference.substr(0, slash));
  const auto name = DecodeSegment(rest.substr(0, at));
  if (!name_space || !name || name_space->empty() || name->empty()) return std::nullopt;
  if (rest.substr(0, at).find('/') != std::string_view::npos) return std::nullopt;
  std::string dataset = DatasetName(*name_space, *name);
  if (at == std::string_view::npos) return dataset;
  const auto version = DecodeSegment(rest.substr(at + 1));
  if (!version || version->empty()) return std::nullopt;
  return DatasetVersionName(dataset, *version);
}

std::string DisplayName(std::string_view resource_name) {
  std::string_view rest = resource_name;
  if (Consume(&rest, "runs/")) return fmt::format("run {}", rest);
  if (Consume(&rest, "jobs/")) return fmt::format("job {}", rest);
  if (Consume(&rest, "models/")) {
    const std::string_view model = TakeSegment(&rest);
    if (!Consume(&rest, "versions/")) return std::string(resource_name);
    return fmt::format("{}@{}", model, rest);
  }
  if (Consume(&rest, "datasets/")) {
    const std::string_view name_space = TakeSegment(&rest);
    const std::string_view name = TakeSegment(&rest);
    if (!Consume(&rest, "versions/")) return fmt::format("{}/{}", name_space, name);
    return fmt::format("{}/{}@{}", name_space, name, WithBareColon(rest));
  }
  return std::string(resource_name);
}

}  // namespace lineward::control
