#include <absl/time/civil_time.h>
#include <fmt/format.h>

#include "lineward/base/strings.h"
#include "lineward/policy/source.h"

namespace lineward::policy {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;

std::optional<int64_t> Digits(std::string_view text, size_t at, size_t count) {
  int64_t value = 0;
  if (text.size() < at + count) return std::nullopt;
  for (size_t i = at; i < at + count; ++i) {
    if (text[i] < '0' || text[i] > '9') return std::nullopt;
    value = value * 10 + (text[i] - '0');
  }
  return value;
}

}  // namespace

std::optional<int64_t> ParseTime(std::string_view text) {
  const auto year = Digits(text, 0, 4);
  const auto month = Digits(text, 5, 2);
  const auto day = Digits(text, 8, 2);
  const auto hour = Digits(text, 11, 2);
  const auto minute = Digits(text, 14, 2);
  const auto second = Digits(text, 17, 2);
  if (!year || !month || !day || !hour || !minute || !second) return std::nullopt;
  if (text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':') {
    return std::nullopt;
  }
  const absl::CivilSecond civil(*year, static_cast<int>(*month), static_cast<int>(*day),
                                static_cast<int>(*hour), static_cast<int>(*minute),
                                static_cast<int>(*second));
  // A civil time rolls impossible dates over; those are not taken.
  if (*year < 1 || civil.month() != *month || civil.day() != *day || civil.hour() != *hour ||
      civil.minute() != *minute || civil.second() != *second) {
    return std::nullopt;
  }
  int64_t micros = 0;
  size_t at = 19;
  if (at < text.size() && text[at] == '.') {
    size_t end = at + 1;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    const size_t count = end - at - 1;
    if (count == 0 || count > 6) return std::nullopt;
    micros = *Digits(text, at + 1, count);
    for (size_t i = count; i < 6; ++i) micros *= 10;
    at = end;
  }
  if (text.substr(at) != "Z") return std::nullopt;
  return (civil - absl::CivilSecond(1970)) * kMicrosPerSecond + micros;
}

std::string FormatTime(int64_t time_us) {
  int64_t seconds = time_us / kMicrosPerSecond;
  int64_t micros = time_us % kMicrosPerSecond;
  if (micros < 0) {
    micros += kMicrosPerSecond;
    --seconds;
  }
  const absl::CivilSecond civil = absl::CivilSecond(1970) + seconds;
  std::string fraction;
  if (micros > 0) {
    fraction = fmt::format(".{:06}", micros);
    while (fraction.back() == '0') fraction.pop_back();
  }
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", civil.year(), civil.month(),
                     civil.day(), civil.hour(), civil.minute(), civil.second(), fraction);
}

}  // namespace lineward::policy
