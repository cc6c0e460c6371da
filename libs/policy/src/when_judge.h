#pragma once

// Whether the `when` of a rule holds for one event: its keys on bits, then its residual in the VM,
// each residual at most once. Owned by one evaluation; no allocation.

#include "policy/src/compiled.h"

namespace lineward::policy {

class WhenJudge {
 public:
  // For one event; `scratch` forgets what it knew of the last.
  WhenJudge(const PolicySet::Impl& set, const Facts& facts, Scratch::Impl* scratch) noexcept
      : set_(set), facts_(facts), scratch_(scratch) {
    ++scratch_->evaluation;
  }

  // kYes without a `when`. `binding` is the same for the whole event.
  Truth Of(const CompiledRule& rule, const Binding& binding) noexcept {
    if (!rule.has_when) return Truth::kYes;
    if (!HoldKeys(rule.when)) return Truth::kNo;
    return rule.when.residual == kNoResidual ? Truth::kYes : Run(rule.when.residual, binding);
  }

 private:
  bool HoldKeys(const CompiledWhen& when) const noexcept;
  Truth Run(uint32_t residual, const Binding& binding) noexcept;
  void SetVariables() noexcept;
  cel::Value Variable(uint32_t index) noexcept;
  cel::Value Labels() noexcept;
  cel::Value Field(size_t index) const noexcept;

  const PolicySet::Impl& set_;
  const Facts& facts_;
  Scratch::Impl* const scratch_;
  bool has_variables_ = false;
};

}  // namespace lineward::policy
