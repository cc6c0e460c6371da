#include "gate/src/resolver.h"

#include "lineward/base/check.h"

namespace lineward::gate {

void Resolver::Use(const control::Pin& pin, int64_t decision_time_ms) {
  pin_ = &pin;
  decision_time_ms_ = decision_time_ms;
  is_engine_unavailable_ = pin.Snapshot().is_engine_unavailable() || pin.is_control_stale();
  if (snapshot_.get() == &pin.Snapshot()) return;
  Forget();
  snapshot_ = pin.SharedSnapshot();
}

void Resolver::Forget() {
  sources_.clear();
  models_.clear();
}

const control::ResolvedModel* Resolver::FindModel(const event::EventView& event) {
  const control::ResolvedModel* model = snapshot_->FindModel(event.model_name, event.model_version);
  const int64_t time_us = decision_time_ms_ * 1'000;
  if (model == nullptr || model->HoldsAt(time_us)) return model;
  key_.assign(event.model_name).append("@").append(event.model_version);
  auto known = models_.find(key_);
  if (known == models_.end() || !known->second->HoldsAt(time_us)) {
    if (models_.size() >= kModelsMax) models_.clear();
    known = models_.insert_or_assign(key_, snapshot_->ResolveAt(*model, time_us)).first;
  }
  return known->second.get();
}

Resolver::Sources& Resolver::FindSources(const event::EventView& event, bool is_profiling) {
  key_.assign(is_profiling ? "P" : "S");
  for (const std::string_view source : event.sources) key_.append(1, '\n').append(source);
  const int64_t time_us = decision_time_ms_ * 1'000;
  auto known = sources_.find(key_);
  if (known != sources_.end() && known->second.resolved->facts.HoldsAt(time_us)) {
    return known->second;
  }
  if (sources_.size() >= kSourcesMax) sources_.clear();
  Sources sources;
  sources.resolved = snapshot_->ResolveSources(event.sources, is_profiling, time_us);
  return sources_.insert_or_assign(key_, std::move(sources)).first->second;
}

void Resolver::Resolve(const event::EventView& event, decision::DecisionInput* input) {
  LW_CHECK(pin_ != nullptr, "no pin");
  input->is_engine_unavailable = is_engine_unavailable_;
  const control::ResolvedModel* model = FindModel(event);
  if (model != nullptr) {
    input->model = &model->facts;
    input->registered_weights = model->weights_digest;
    input->closure = model->closure_digest;
  }
  if (!event.sources.empty()) {
    Sources& sources = FindSources(event, model != nullptr && model->facts.is_profiling);
    input->sources = &sources.resolved->facts;
    if (model != nullptr) {
      key_.assign(event.model_name).append("@").append(event.model_version);
      auto closure = sources.closures.find(key_);
      if (closure == sources.closures.end()) {
        if (sources.closures.size() >= kModelsMax) sources.closures.clear();
        closure =
            sources.closures.emplace(key_, snapshot_->ClosureDigest(*model, sources.resolved.get()))
                .first;
      }
      input->closure = closure->second;
    }
  } else if (model != nullptr && model->serves != nullptr) {
    input->sources = &model->serves->facts;
  }
  if (!event.subject_id.empty()) {
    consent_ = pin_->FindConsent(event.subject_id, event.event_time_us, decision_time_ms_ * 1'000,
                                 &consent_scratch_);
    input->consent = &consent_;
  }
}

}  // namespace lineward::gate
