#include "policy/src/when_judge.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "policy/src/cel/activation.h"
#include "policy/src/cel/times.h"
#include "policy/src/cel/vm.h"
#include "policy/src/countries.h"
#include "policy/src/matches.h"

namespace lineward::policy {
namespace {

using cel::Failure;
using cel::Value;

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int64_t kNanosPerMicro = 1'000;

Value TimeOf(int64_t time_us) noexcept {
  if (time_us == kAbsentTimeUs) return Value::Failed(Failure::kAbsent);
  int64_t seconds = time_us / kMicrosPerSecond;
  int64_t micros = time_us % kMicrosPerSecond;
  if (micros < 0) {
    micros += kMicrosPerSecond;
    --seconds;
  }
  return cel::TimestampOf(seconds, static_cast<uint32_t>(micros * kNanosPerMicro));
}

Value TextOrUnknown(std::string_view text, Failure failure) noexcept {
  return text.empty() ? Value::Failed(failure) : Value::String(text);
}

// The functions of policies on bits.
class BitHost final : public cel::Host {
 public:
  BitHost(const PolicySet::Impl& set, const Facts& facts, const Binding& binding,
          bool is_forbid) noexcept
      : set_(set), facts_(facts), binding_(binding), is_forbid_(is_forbid) {}

  Value Call(uint32_t index, std::span<const Value> arguments,
             cel::Scratch*) const noexcept override {
    switch (static_cast<when::HostFunction>(index)) {
      case when::kPurposeUnder:
        return IsUnder(arguments[0].text(), arguments[1].text());
      case when::kLineageAny:
        return HasLabel(arguments[0].text());
      case when::kConsent:
        return HasConsent(arguments[0].text());
      case when::kInRegion:
        return IsInRegion(arguments[0].text());
    }
    return Unknown();
  }

 private:
  static Value Unknown() noexcept { return Value::Failed(Failure::kUnknownName); }
  const Taxonomy& taxonomy() const noexcept { return *set_.source.taxonomy; }

  Value IsUnder(std::string_view purpose, std::string_view root) const noexcept {
    const std::optional<uint8_t> bit = taxonomy().Purpose(purpose);
    const std::optional<uint8_t> top = taxonomy().Purpose(root);
    if (!bit.has_value() || !top.has_value()) return Unknown();
    return Value::Bool(taxonomy().Down(*top).Has(*bit));
  }

  Value HasLabel(std::string_view label) const noexcept {
    const auto found = set_.labels.find(label);
    if (found == set_.labels.end()) return Unknown();
    base::BitSet256 wanted;
    wanted.Set(found->second);
    return Value::Bool(HoldsData(wanted, &LineageFacts::labels, facts_));
  }

  Value HasConsent(std::string_view purpose) const noexcept {
    const std::optional<uint8_t> bit = taxonomy().Purpose(purpose);
    if (!bit.has_value()) return Unknown();
    if (!facts_.has_subject) return Value::Bool(false);
    const ConsentFacts* const consent = facts_.consent;
    if (consent != nullptr && consent->is_erased) return Value::Bool(false);
    const bool is_known = consent != nullptr && !consent->is_before_record &&
                          consent->age_ms <= binding_.consent_max_age_ms;
    if (!is_known) return Value::Failed(Failure::kUnknownFact);
    return Value::Bool(consent->granted.Has(*bit));
  }

  // One place is enough for a forbid, a permit needs both; what the known place leaves open is
  // unknown.
  Value IsInRegion(std::string_view region) const noexcept {
    base::BitSet256 country;
    const auto place = set_.places.find(region);
    const std::optional<size_t> code = CountryIndex(region);
    if (place == set_.places.end() && !code.has_value()) return Unknown();
    if (code.has_value()) country.Set(*code);
    const auto is_under = [&](PlaceId id) {
      if (place != set_.places.end()) {
        return id < kFirstCountry && set_.place_down[place->second].Has(id);
      }
      return id >= kFirstCountry && country.Has(id - size_t{kFirstCountry});
    };
    bool is_unknown = false;
    for (PlaceId id : {facts_.subject_place, facts_.processing_place}) {
      if (id == kUnknownPlace) {
        is_unknown = true;
      } else if (is_under(id) == is_forbid_) {
        return Value::Bool(is_forbid_);
      }
    }
    return is_unknown ? Value::Failed(Failure::kUnknownFact) : Value::Bool(!is_forbid_);
  }

  const PolicySet::Impl& set_;
  const Facts& facts_;
  const Binding& binding_;
  const bool is_forbid_;
};

}  // namespace

bool WhenJudge::HoldKeys(const CompiledWhen& when) const noexcept {
  if (when.has_purpose && !when.purposes.Has(static_cast<size_t>(facts_.purpose.bit))) {
    return false;
  }
  for (uint8_t label : when.labels) {
    base::BitSet256 wanted;
    wanted.Set(label);
    if (!HoldsData(wanted, &LineageFacts::labels, facts_)) return false;
  }
  return std::all_of(when.conditions.begin(), when.conditions.end(),
                     [this](const CompiledCondition& condition) {
                       return HoldsCondition(condition, facts_, Reading::kStrict);
                     });
}

Truth WhenJudge::Run(uint32_t residual, const Binding& binding) noexcept {
  Scratch::Impl::Result& result = scratch_->results[residual];
  if (result.evaluation == scratch_->evaluation) return result.truth;
  if (!has_variables_) SetVariables();
  const Residual& compiled = set_.residuals[residual];
  const BitHost host(set_, facts_, binding, compiled.is_forbid);
  const cel::Activation activation{scratch_->variables, &host};
  const Value value =
      cel::Run(compiled.program, activation, &scratch_->expressions, compiled.steps);
  result = {scratch_->evaluation, value.is_true()    ? Truth::kYes
                                  : value.is_false() ? Truth::kNo
                                                     : Truth::kFailed};
  return result.truth;
}

void WhenJudge::SetVariables() noexcept {
  has_variables_ = true;
  for (uint32_t left = set_.variables_read; left != 0; left &= left - 1) {
    const auto index = static_cast<uint32_t>(std::countr_zero(left));
    scratch_->variables[index] = Variable(index);
  }
}

Value WhenJudge::Variable(uint32_t index) noexcept {
  const ModelFacts& model = *facts_.model;
  switch (index) {
    case when::kEventTenant:
      return Value::String(facts_.tenant.text);
    case when::kEventTopic:
      return Value::String(facts_.topic.text);
    case when::kEventSurface:
      return Value::String(facts_.surface.text);
    case when::kEventPurpose:
      return Value::String(set_.source.taxonomy->id(static_cast<size_t>(facts_.purpose.bit)));
    case when::kEventTime:
      return TimeOf(facts_.event_time_us);
    case when::kEventItem:
      return Value::String(facts_.item);
    case when::kModelName:
      return Value::String(model.name);
    case when::kModelVersion:
      return Value::String(model.version);
    case when::kModelLabels:
      return Labels();
    case when::kModelProfiling:
      return Value::Bool(model.is_profiling);
    case when::kModelTrainedAt:
      return TimeOf(model.trained_at_us);
    case when::kModelSyntheticShare:
      if (!model.has_synthetic_share || !std::isfinite(model.synthetic_share)) {
        return Value::Failed(Failure::kAbsent);
      }
      return Value::Double(model.synthetic_share);
    case when::kSubjectClass:
      if (facts_.subject_class == SubjectClass::kUnknown) {
        return Value::Failed(Failure::kUnknownFact);
      }
      return Value::String(facts_.subject_class == SubjectClass::kAdult ? "adult" : "minor");
    case when::kSubjectPlace:
      return TextOrUnknown(set_.PlaceName(facts_.subject_place), Failure::kAbsent);
    case when::kProcessingPlace:
      return TextOrUnknown(set_.PlaceName(facts_.processing_place), Failure::kUnknownFact);
    case when::kDecisionTime:
      return TimeOf(facts_.decision_time_us);
    default:
      return Field(index - when::kFirstField);
  }
}

Value WhenJudge::Labels() noexcept {
  size_t count = 0;
  facts_.model->lineage.labels.ForEach([&](size_t bit) {
    scratch_->labels[count++] = Value::String(set_.source.vocabulary.labels[bit]);
  });
  return Value::List({scratch_->labels.data(), count});
}

Value WhenJudge::Field(size_t index) const noexcept {
  if ((facts_.fields_present >> index & 1) == 0) return Value::Failed(Failure::kAbsent);
  const FieldValue& value = facts_.fields[index];
  switch (value.type) {
    case FieldType::kBool:
      return Value::Bool(value.whole != 0);
    case FieldType::kInt:
      return Value::Int(value.whole);
    case FieldType::kDouble:
      return Value::Double(value.real);
    case FieldType::kString:
      return Value::String(value.text);
    case FieldType::kTimestamp:
      return TimeOf(value.whole);
  }
  return Value::Failed(Failure::kAbsent);
}

}  // namespace lineward::policy
