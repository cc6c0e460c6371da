#pragma once

// The wire scan: one bounds-checked pass over the bytes of a Promotion.

#include <optional>
#include <string_view>

#include "event/src/collector.h"

namespace lineward::event {

// Gives the fields of `bytes` to the collector; places are counted from `byte_base`. The place of
// what cannot be read (cause protobuf), else nullopt.
std::optional<size_t> ScanProtobuf(std::string_view bytes, size_t byte_base, Collector* out);

}  // namespace lineward::event
