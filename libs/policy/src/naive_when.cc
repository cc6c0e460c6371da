#include "policy/src/naive_when.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "lineward/base/strings.h"
#include "policy/src/cel/interpreter.h"
#include "policy/src/cel/problem.h"
#include "policy/src/cel/times.h"
#include "policy/src/naive_names.h"
#include "policy/src/reader.h"
#include "policy/src/when.h"

namespace lineward::policy::naive {
namespace {

using cel::Failure;
using cel::Value;

Value Absent() { return Value::Failed(Failure::kAbsent); }
Value Unknown() { return Value::Failed(Failure::kUnknownFact); }
Value NoSuchName() { return Value::Failed(Failure::kUnknownName); }

Value Time(int64_t micros) {
  int64_t rest = micros % 1'000'000;
  if (rest < 0) rest += 1'000'000;
  return cel::TimestampOf((micros - rest) / 1'000'000, static_cast<uint32_t>(rest) * 1000);
}

Value TimeIfThere(const std::optional<int64_t>& micros) {
  return micros.has_value() ? Time(*micros) : Absent();
}

// What the functions of policies answer, by names.
class NamedHost final : public cel::Host {
 public:
  NamedHost(const Source& source, const NamedFacts& facts, const Binding& binding, bool forbids)
      : source_(source), facts_(facts), binding_(binding), forbids_(forbids) {}

  Value Call(uint32_t index, std::span<const Value> arguments,
             cel::Scratch*) const noexcept override {
    const std::string first(arguments[0].text());
    if (index == when::kPurposeUnder) return PurposeUnder(first, std::string(arguments[1].text()));
    if (index == when::kLineageAny) return LineageAny(first);
    if (index == when::kConsent) return Consent(first);
    return InRegion(first);
  }

 private:
  Value PurposeUnder(const std::string& purpose, const std::string& root) const {
    const auto below = ResolvePurpose(source_, purpose);
    const auto above = ResolvePurpose(source_, root);
    if (!below.has_value() || !above.has_value()) return NoSuchName();
    return Value::Bool(IsUnder(source_, *below, *above));
  }

  Value LineageAny(const std::string& label) const {
    const auto& known = source_.vocabulary.labels;
    if (std::find(known.begin(), known.end(), label) == known.end()) return NoSuchName();
    if (facts_.model->lineage.labels.contains(label)) return Value::Bool(true);
    return Value::Bool(facts_.sources.has_value() && facts_.sources->labels.contains(label));
  }

  Value Consent(const std::string& text) const {
    const auto purpose = ResolvePurpose(source_, text);
    if (!purpose.has_value()) return NoSuchName();
    if (!facts_.has_subject) return Value::Bool(false);
    if (!facts_.consent.has_value()) return Unknown();
    if (facts_.consent->is_erased) return Value::Bool(false);
    if (facts_.consent->is_before_record) return Unknown();
    if (facts_.consent->age_ms > binding_.consent_max_age_ms) return Unknown();
    return Value::Bool(facts_.consent->granted.contains(*purpose));
  }

  // As the key `place_under` in the rule's `match`, with three truths: yes, no, unknown.
  Value InRegion(const std::string& region) const {
    const auto places = PlacesOf(source_, region);
    if (!places.has_value()) return NoSuchName();
    int yes = 0;
    int no = 0;
    for (const std::string& given : {facts_.subject_place, facts_.processing_place}) {
      const auto place = KnownPlace(source_, given);
      if (!place.has_value()) continue;
      ++(places->contains(*place) ? yes : no);
    }
    if (forbids_) return yes > 0 ? Value::Bool(true) : no == 2 ? Value::Bool(false) : Unknown();
    return no > 0 ? Value::Bool(false) : yes == 2 ? Value::Bool(true) : Unknown();
  }

  const Source& source_;
  const NamedFacts& facts_;
  const Binding& binding_;
  const bool forbids_;
};

}  // namespace

std::optional<std::string> FieldOf(const EventField& field, const NamedFacts& facts) {
  const auto found = facts.fields.find(field.name);
  if (found == facts.fields.end()) return std::nullopt;
  const std::string& text = found->second;
  switch (field.type) {
    case FieldType::kString:
      return text;
    case FieldType::kBool:
      if (text == "true" || text == "false") return text;
      return std::nullopt;
    case FieldType::kInt:
      if (base::ParseInt64(text).has_value()) return text;
      return std::nullopt;
    case FieldType::kDouble:
      if (ParseDouble(text).has_value()) return text;
      return std::nullopt;
    case FieldType::kTimestamp:
      if (const auto time = ParseTime(text); time.has_value()) return std::to_string(*time);
      return std::nullopt;
  }
  return std::nullopt;
}

struct WhenReader::Impl {
  const Source& source;
  const NamedFacts& facts;
  const Binding& binding;
  const std::string purpose;
  std::optional<std::string> subject_place;
  std::optional<std::string> processing_place;
  std::vector<Value> labels;
  std::vector<Value> variables;
  cel::Scratch scratch;

  Value Fact(const std::string& name) const {
    const NamedModel& model = *facts.model;
    if (name == "event.tenant") return Value::String(facts.tenant);
    if (name == "event.topic") return Value::String(facts.topic);
    if (name == "event.surface") return Value::String(facts.surface);
    if (name == "event.purpose") return Value::String(purpose);
    if (name == "event.time") return TimeIfThere(facts.event_time_us);
    if (name == "event.item") return Value::String(facts.item);
    if (name == "model.name") return Value::String(model.name);
    if (name == "model.version") return Value::String(model.version);
    if (name == "model.labels") return Value::List(labels);
    if (name == "model.profiling") return Value::Bool(model.is_profiling);
    if (name == "model.trained_at") return TimeIfThere(model.trained_at_us);
    if (name == "model.synthetic_share") {
      const bool is_there =
          model.synthetic_share.has_value() && std::isfinite(*model.synthetic_share);
      return is_there ? Value::Double(*model.synthetic_share) : Absent();
    }
    if (name == "subject.class") {
      return facts.subject_class.has_value() ? Value::String(*facts.subject_class) : Unknown();
    }
    if (name == "subject.place") {
      return subject_place.has_value() ? Value::String(*subject_place) : Absent();
    }
    if (name == "processing_place") {
      return processing_place.has_value() ? Value::String(*processing_place) : Unknown();
    }
    if (name == "decision_time") return TimeIfThere(facts.decision_time_us);
    return Declared(name.substr(std::string("event.").size()));
  }

  Value Declared(const std::string& name) const {
    for (const EventField& field : source.vocabulary.event_fields) {
      if (field.name != name) continue;
      const std::optional<std::string> text = FieldOf(field, facts);
      if (!text.has_value()) return Absent();
      switch (field.type) {
        case FieldType::kString:
          return Value::String(facts.fields.at(name));
        case FieldType::kBool:
          return Value::Bool(*text == "true");
        case FieldType::kInt:
          return Value::Int(*base::ParseInt64(*text));
        case FieldType::kDouble:
          return Value::Double(*ParseDouble(*text));
        case FieldType::kTimestamp:
          return Time(*base::ParseInt64(*text));
      }
    }
    return Absent();
  }
};

WhenReader::WhenReader(const Source& source, const NamedFacts& facts, const Binding& binding,
                       const std::string& purpose)
    : impl_(new Impl{source,
                     facts,
                     binding,
                     purpose,
                     KnownPlace(source, facts.subject_place),
                     KnownPlace(source, facts.processing_place),
                     {},
                     {},
                     cel::Scratch()}) {
  for (const std::string& label : facts.model->lineage.labels) {
    impl_->labels.push_back(Value::String(label));
  }
  // Of two variables of one name (a declared field like `time`) expressions mean the first.
  for (const cel::Variable& variable : when::EnvOf(source.vocabulary).variables) {
    impl_->variables.push_back(impl_->Fact(variable.name));
  }
}

WhenReader::~WhenReader() = default;

WhenAnswer WhenReader::Judge(const Rule& rule) const {
  const NamedHost host(impl_->source, impl_->facts, impl_->binding, rule.effect == Effect::kForbid);
  const cel::Activation activation{impl_->variables, &host};
  const Value value = cel::Interpret(*rule.expression, activation, &impl_->scratch);
  if (value.is_true() || value.is_false()) return {value.is_true(), ""};
  if (!value.is_failure()) return {false, "no bool"};
  const document::Place place = cel::PlaceOf(*rule.when, value.offset().value_or(0));
  return {false,
          fmt::format("{} at {}:{}", cel::FailureText(value.failure()), place.line, place.column)};
}

}  // namespace lineward::policy::naive
