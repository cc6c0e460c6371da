#include "lineward/event/trace_context.h"

#include <algorithm>
#include <span>

namespace lineward::event {
namespace {

// version 2, dash, trace id 32, dash, span id 16, dash, flags 2
constexpr size_t kBytes = 55;

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool ReadHex(std::string_view text, std::span<uint8_t> out) {
  for (size_t i = 0; i < out.size(); ++i) {
    const int high = HexDigit(text[2 * i]);
    const int low = HexDigit(text[2 * i + 1]);
    if (high < 0 || low < 0) return false;
    out[i] = static_cast<uint8_t>(high * 16 + low);
  }
  return true;
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
