#pragma once

// W3C trace context, as far as a decision needs it: read, kept in the row, passed on. Any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "lineward/event/event_view.h"

namespace lineward::event {

struct TraceContext {
  TraceId trace_id{};
  std::array<uint8_t, 8> span_id{};
  uint8_t flags = 0;
};

// nullopt unless `text` is a valid traceparent: version 00 of exactly 55 bytes, or a higher one
// (not ff) that goes on with `-`; lower-case hex; ids not all zero.
std::optional<TraceContext> ParseTraceparent(std::string_view text);

}  // namespace lineward::event
