#pragma once

#include <cstdint>

namespace lineward::support {

// The seed of random tests: LINEWARD_SEED, else 1. Print it in failure messages.
uint64_t Seed();

}  // namespace lineward::support
