#pragma once

// How large an expression and its evaluation may become.

#include <cstdint>

namespace lineward::policy::cel {

// Of the language as such: what is larger is refused before it can exhaust the stack.
inline constexpr uint32_t kSourceBytesMax = 65'536;
inline constexpr uint32_t kNodesMax = 16'384;
inline constexpr uint32_t kDepthMax = 250;       // of the parser's recursion and of the tree
inline constexpr uint32_t kMacroNestingMax = 8;  // a loop frame each in the VM

// Of an expression in a policy (policy design, section 9).
inline constexpr uint32_t kPolicySourceBytesMax = 4'096;
inline constexpr uint32_t kPolicyNodesMax = 512;
inline constexpr uint32_t kPolicyMacroNestingMax = 2;
inline constexpr uint32_t kPolicyRegexCharactersMax = 256;

// Of one evaluation. A step is one node evaluated; macro bodies count once per element.
inline constexpr uint32_t kStepsMax = 10'000;
inline constexpr uint64_t kWorkBytesMax = 8 << 20;  // scanned or compared: some 10 ms
inline constexpr uint32_t kArenaBytes = 256 << 10;  // 10,000 steps of a policy fit in
inline constexpr uint32_t kStackMax = 1'024;        // values; a policy's 512 nodes fit in

}  // namespace lineward::policy::cel
