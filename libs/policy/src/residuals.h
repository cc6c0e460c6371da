#pragma once

// The `when` of rules, compiled: what cannot fail becomes match keys, the rest a program that equal
// rules share (policy design, section 10). Pure.

#include <cstdint>
#include <string>
#include <vector>

#include "lineward/base/strings.h"
#include "policy/src/cel/ast.h"
#include "policy/src/compiled.h"

namespace lineward::policy {

// The residuals of one set, while it is compiled. Not thread-safe.
class Residuals {
 public:
  explicit Residuals(PolicySet::Impl* set) : set_(set) {}

  // Of `rule.expression`, which is not null; adds to `set->residuals`. `in_region` is read by the
  // effect of the rule, so a residual with it is shared within one effect only.
  CompiledWhen Compile(const Rule& rule);

 private:
  bool TakeKey(const cel::Ast& ast, cel::NodeId id, CompiledWhen* when);
  bool TakeHostCall(const cel::Ast& ast, const cel::Node& call, CompiledWhen* when);
  bool TakeField(const cel::Ast& ast, const cel::Node& call, CompiledWhen* when);
  uint32_t IndexOf(const Rule& rule, const std::vector<cel::NodeId>& conjuncts, uint64_t steps);

  PolicySet::Impl* const set_;
  base::StringMap<uint32_t> known_;  // by what they say
  cel::Scratch scratch_;             // of constants
};

}  // namespace lineward::policy
