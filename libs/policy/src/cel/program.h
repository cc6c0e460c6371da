#pragma once

// An expression as instructions of the VM. Made by CompileProgram (compiler.h), run by Run (vm.h).
// Owns everything that it needs; immutable; any thread.

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "policy/src/cel/scratch.h"
#include "policy/src/cel/texts.h"
#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

// Below, [x] is what an instruction takes from the stack and what it leaves there.
enum class Op : uint8_t {
  kConstant,       // [] -> [constants[argument]]
  kFolded,         // the same, taking what its evaluation took: folded[argument]
  kVariable,       // [] -> [the activation's variable `argument`]
  kHasVariable,    // [] -> [whether it is there]
  kLocal,          // [] -> [the element of loop `argument`]
  kSelect,         // [map] -> [its field texts[argument]]
  kHas,            // [map] -> [whether it has the field texts[argument]]
  kCall,           // [count arguments] -> [function `argument`]
  kHostCall,       // the same of the host's function
  kMatches,        // [string] -> [whether regexes[argument] matches]
  kList,           // [argument items] -> [list]
  kMap,            // [argument keys and values] -> [map]
  kJump,           // goes to `argument`
  kJumpIfFalse,    // [x] -> [x], and goes to `argument` if it is false
  kJumpIfTrue,     // [x] -> [x], and goes to `argument` if it is true
  kAnd,            // [a, b] -> [a && b]
  kOr,             // [a, b] -> [a || b]
  kCondition,      // [x] -> [x]; if it is no bool: [failure], and goes to `argument`
  kBranch,         // [bool] -> [], and goes to `argument` if it is false
  kLoopBegin,      // [range] -> []; goes to `argument` if the loop is done; count: the macro
  kLoopCondition,  // [condition] -> []; unless admitted goes to `argument`: a kLoopAgain
  kLoopTake,       // [body] -> []
  kLoopAgain,      // goes to `argument` unless the loop is done
  kLoopEnd,        // [] -> [result]
  kReturn,         // [result]
  // [a, b] -> [a op b] of two ints, doubles or strings; of anything else as kCall of `argument`.
  kAddInt,
  kSubtractInt,
  kEqualInt,
  kNotEqualInt,
  kLessInt,
  kLessEqualInt,
  kGreaterInt,
  kGreaterEqualInt,
  kLessDouble,
  kLessEqualDouble,
  kGreaterDouble,
  kGreaterEqualDouble,
  kEqualString,
  kNotEqualString,
};

struct Instruction {
  Op op = Op::kReturn;
  uint8_t count = 0;
  uint16_t cost = 0;  // steps
  uint32_t argument = 0;
};
static_assert(sizeof(Instruction) == 8);

struct Program {
  std::vector<Instruction> code;
  std::vector<uint32_t> offsets;  // of each instruction in the source
  std::vector<Value> constants;
  std::vector<Scratch::Taken> folded;  // of each constant what its evaluation took; else zero
  std::vector<Regex> regexes;
  std::deque<std::string> texts;          // of constants and fields
  std::deque<std::vector<Value>> values;  // items of constants
};

}  // namespace lineward::policy::cel
