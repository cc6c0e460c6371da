#pragma once

// Counts what one thread allocates: the proof that a hot path allocates nothing.

#include <cstddef>

namespace lineward::decision {

// Calls of `operator new` by this thread since the last call with `true`; false stops counting.
void CountAllocations(bool is_counting);
size_t Allocations();

}  // namespace lineward::decision
