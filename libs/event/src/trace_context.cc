#include "lineward/event/trace_context.h"

#include <algorithm>
#include <span>

namespace lineward::event {
namespace {

// version 2, dash, trace id 32, dash, span id 16, dash, flags 2
constexpr size_t kBytes = 55;

// 255: none.
constexpr std::array<uint8_t, 256> kHexValues = [] {
  std::array<uint8_t, 256> values{};
  values.fill(255);
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (size_t i = 0; i < kDigits.size(); ++i) {
    values[static_cast<uint8_t>(kDigits[i])] = static_cast<uint8_t>(i);
  }
  return values;
}();

bool ReadHex(std::string_view text, std::span<uint8_t> out) {
  uint8_t all = 0;
  for (size_t i = 0; i < out.size(); ++i) {
    const uint8_t high = kHexValues[static_cast<uint8_t>(text[2 * i])];
    const uint8_t low = kHexValues[static_cast<uint8_t>(text[2 * i + 1])];
    out[i] = static_cast<uint8_t>(high << 4 | low);
    all |= high | low;
  }
  return all < 16;
}

bool IsZero(std::span<const uint8_t> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](uint8_t byte) { return byte == 0; });
}

}  // namespace

std::optional<TraceContext> ParseTraceparent(std::string_view text) {
  if (text.size() < kBytes || text[2] != '-' || text[35] != '-' || text[52] != '-') {
    return std::nullopt;
  }
  uint8_t version = 0;
  TraceContext context;
  if (!ReadHex(text, {&version, 1}) || !ReadHex(text.substr(3), context.trace_id) ||
      !ReadHex(text.substr(36), context.span_id) ||
      !ReadHex(text.substr(53), {&context.flags, 1})) {
    return std::nullopt;
  }
  if (version == 0xff || IsZero(context.trace_id) || IsZero(context.span_id)) return std::nullopt;
  if (text.size() > kBytes && (version == 0 || text[kBytes] != '-')) return std::nullopt;
  return context;
}

}  // namespace lineward::event
