#pragma once

// From an event and the pinned control state to the facts of a decision. Remembers what was
// resolved slowly as long as the snapshot stays the same.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "lineward/base/strings.h"
#include "lineward/control/follower.h"
#include "lineward/control/snapshot.h"
#include "lineward/decision/decide.h"
#include "lineward/event/event_view.h"

namespace lineward::gate {

// One owner.
class Resolver {
 public:
  // The state and time of the decisions that follow; `pin` must stay until the next call of Use or
  // Release.
  void Use(const control::Pin& pin, int64_t decision_time_ms);
  // The pin goes.
  void Release() { pin_ = nullptr; }

  // Fills model, weights, closure, sources, consent and is_engine_unavailable of `input`, whose
  // event is set. The facts live until the next call or Use.
  void Resolve(const event::EventView& event, decision::DecisionInput* input);

 private:
  // Resolved for one decision time at least: kept while it holds.
  struct Sources {
    std::shared_ptr<const control::ResolvedSources> resolved;
    base::StringMap<std::string> closures;  // by `model@version`
  };
  static constexpr size_t kSourcesMax = 4096;  // different lists that one snapshot remembers
  static constexpr size_t kModelsMax = 4096;   // models resolved anew, likewise

  const control::ResolvedModel* FindModel(const event::EventView& event);
  Sources& FindSources(const event::EventView& event, bool is_profiling);
  void Forget();

  const control::Pin* pin_ = nullptr;
  std::shared_ptr<const control::ControlSnapshot> snapshot_;
  int64_t decision_time_ms_ = 0;
  bool is_engine_unavailable_ = false;
  control::ConsentScratch consent_scratch_;
  policy::ConsentFacts consent_;
  std::string key_;
  base::StringMap<Sources> sources_;
  base::StringMap<std::shared_ptr<const control::ResolvedModel>> models_;
};

}  // namespace lineward::gate
