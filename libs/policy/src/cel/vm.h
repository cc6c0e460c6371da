#pragma once

// Runs programs: a stack machine on 16-byte values. No allocation outside the scratch, no lock, no
// clock; only patterns that policies may not have (profile.h) go through RE2, which does both.

#include "policy/src/cel/activation.h"
#include "policy/src/cel/limits.h"
#include "policy/src/cel/program.h"
#include "policy/src/cel/scratch.h"

namespace lineward::policy::cel {

// What Interpret gives for the same expression: value, failure with its place, steps.
Value Run(const Program& program, const Activation& activation, Scratch* scratch,
          uint64_t steps = kStepsMax) noexcept;

}  // namespace lineward::policy::cel
