#include "lineward/config/values.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/config/reasons.h"

namespace lineward::config {
namespace {

struct DurationUnit {
  std::string_view name;
  absl::Duration length;
};

struct SizeUnit {
  std::string_view name;
  int64_t bytes;
};

const std::array<DurationUnit, 6>& DurationUnits() {
  static const std::array<DurationUnit, 6> units = {{{"d", absl::Hours(24)},
                                                     {"h", absl::Hours(1)},
                                                     {"m", absl::Minutes(1)},
                                                     {"s", absl::Seconds(1)},
                                                     {"ms", absl::Milliseconds(1)},
                                                     {"us", absl::Microseconds(1)}}};
  return units;
}

constexpr std::array<SizeUnit, 5> kSizeUnits = {{{"TiB", int64_t{1} << 40},
                                                 {"GiB", int64_t{1} << 30},
                                                 {"MiB", int64_t{1} << 20},
                                                 {"KiB", int64_t{1} << 10},
                                                 {"B", 1}}};

struct NumberAndUnit {
  int64_t number;
  std::string_view unit;
};

std::optional<NumberAndUnit> SplitUnit(std::string_view text) {
  const size_t digits = std::min(text.find_first_not_of("0123456789"), text.size());
  const auto number = base::ParseInt64(text.substr(0, digits));
  if (!number.has_value()) return std::nullopt;
  return NumberAndUnit{*number, text.substr(digits)};
}

}  // namespace

bool Address::is_loopback() const {
  return host == "localhost" || host == "::1" || host.starts_with("127.");
}

absl::StatusOr<absl::Duration> DurationOf(std::string_view text) {
  if (const auto parts = SplitUnit(text)) {
    for (const DurationUnit& unit : DurationUnits()) {
      if (unit.name == parts->unit) return parts->number * unit.length;
    }
  }
  return base::InvalidArgument(
      kConfigInvalid, "`{}` is no duration: a whole number and one of us, ms, s, m, h, d", text);
}

std::string DurationText(absl::Duration duration) {
  if (duration == absl::ZeroDuration()) return "0s";
  // The largest unit that divides it, but hours and minutes rather than days (`24h`, `90m`).
  for (const DurationUnit& unit : DurationUnits()) {
    if (duration % unit.length != absl::ZeroDuration()) continue;
    if (unit.name == "d" && duration < absl::Hours(48)) continue;
    return fmt::format("{}{}", duration / unit.length, unit.name);
  }
  return fmt::format("{}us", duration / absl::Microseconds(1));
}

absl::StatusOr<ByteSize> ParseByteSize(std::string_view text) {
  if (const auto parts = SplitUnit(text)) {
    for (const SizeUnit& unit : kSizeUnits) {
      if (unit.name != parts->unit) continue;
      int64_t bytes = 0;
      if (__builtin_mul_overflow(parts->number, unit.bytes, &bytes)) break;
      return ByteSize{bytes};
    }
  }
  return base::InvalidArgument(
      kConfigInvalid, "`{}` is no size: a whole number and one of B, KiB, MiB, GiB, TiB", text);
}

std::string FormatByteSize(ByteSize size) {
  for (const SizeUnit& unit : kSizeUnits) {
    if (size.bytes >= unit.bytes && size.bytes % unit.bytes == 0) {
      return fmt::format("{}{}", size.bytes / unit.bytes, unit.name);
    }
  }
  return fmt::format("{}B", size.bytes);
}

absl::StatusOr<Address> ParseAddress(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon != std::string_view::npos && colon > 0) {
    std::string_view host = text.substr(0, colon);
    const bool is_bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (is_bracketed) host = host.substr(1, host.size() - 2);
    const auto port = base::ParseUint64(text.substr(colon + 1));
    if (port.has_value() && *port <= 65'535 &&
        (is_bracketed || host.find(':') == std::string_view::npos)) {
      return Address{std::string(host), static_cast<uint16_t>(*port)};
    }
  }
  return base::InvalidArgument(kConfigInvalid, "`{}` is no address: host:port", text);
}

std::string FormatAddress(const Address& address) {
  if (address.host.find(':') != std::string::npos) {
    return fmt::format("[{}]:{}", address.host, address.port);
  }
  return fmt::format("{}:{}", address.host, address.port);
}

}  // namespace lineward::config
