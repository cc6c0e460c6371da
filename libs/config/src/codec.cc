#include "config/src/codec.h"

#include <fmt/format.h>

#include <charconv>
#include <cmath>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/config/reasons.h"

namespace lineward::config {

absl::StatusOr<bool> Codec<bool>::Parse(std::string_view text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return base::InvalidArgument(kConfigInvalid, "`{}` is neither true nor false", text);
}

absl::StatusOr<int64_t> Codec<int64_t>::Parse(std::string_view text) {
  if (const auto value = base::ParseInt64(text)) return *value;
  return base::InvalidArgument(kConfigInvalid, "`{}` is no whole number", text);
}

absl::StatusOr<double> Codec<double>::Parse(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return base::InvalidArgument(kConfigInvalid, "`{}` is no number", text);
  }
  return value;
}

std::string Codec<double>::Format(double value) { return fmt::format("{}", value); }

std::string JoinList(const std::vector<std::string>& items) {
  // A unit separator inside: items from the file may hold commas.
  return fmt::format("{}", fmt::join(items, "\x1f")) + (items.empty() ? "" : "\x1f");
}

absl::StatusOr<std::vector<std::string>> Codec<std::vector<std::string>>::Parse(
    std::string_view text) {
  std::vector<std::string> items;
  if (text.empty()) return items;
  if (text.back() == '\x1f') {
    for (const std::string_view item : base::Split(text.substr(0, text.size() - 1), '\x1f')) {
      items.emplace_back(item);
    }
    return items;
  }
  for (const std::string_view item : base::Split(text, ',')) items.emplace_back(item);
  return items;
}

std::string Codec<std::vector<std::string>>::Format(const std::vector<std::string>& value) {
  return fmt::format("[{}]", fmt::join(value, ", "));
}

std::string BoundsText(const OptionText& text) {
  if (!text.choices.empty()) return fmt::format("{}", fmt::join(text.choices, ", "));
  if (!text.min.empty() && !text.max.empty()) return fmt::format("{} to {}", text.min, text.max);
  if (!text.min.empty()) return fmt::format("at least {}", text.min);
  if (!text.max.empty()) return fmt::format("at most {}", text.max);
  return "";
}

}  // namespace lineward::config
