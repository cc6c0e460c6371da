#pragma once

// XXH3-64, XXH3-128 and XXH64: stable hashes for buckets and checksums, never for identity (that is
// SHA-256 in `crypto`). Any thread.

#include <array>
#include <cstdint>
#include <string_view>

namespace lineward::base {

uint64_t Xxh3(std::string_view bytes, uint64_t seed = 0);
uint64_t Xxh64(std::string_view bytes, uint64_t seed = 0);
// XXH3-128 in canonical, that is big-endian bytes: derived trace ids.
std::array<uint8_t, 16> Xxh3Wide(std::string_view bytes, uint64_t seed = 0);

}  // namespace lineward::base
