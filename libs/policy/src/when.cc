#include "policy/src/when.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <utility>
#include <variant>

#include "lineward/document/nearest.h"
#include "policy/src/cel/checker.h"
#include "policy/src/cel/parser.h"
#include "policy/src/cel/profile.h"
#include "policy/src/set_reader.h"

namespace lineward::policy::when {
namespace {

using cel::Type;
using cel::TypeKind;

constexpr uint16_t kUnknownReference = 102;

Type TypeOf(FieldType type) {
  switch (type) {
    case FieldType::kBool:
      return TypeKind::kBool;
    case FieldType::kInt:
      return TypeKind::kInt;
    case FieldType::kDouble:
      return TypeKind::kDouble;
    case FieldType::kString:
      return TypeKind::kString;
    case FieldType::kTimestamp:
      return TypeKind::kTimestamp;
  }
  return {};
}

// The literals that name something of the set.
class References {
 public:
  References(const cel::Ast& ast, const Source& source, cel::Problems* problems)
      : ast_(ast), source_(source), problems_(problems) {}

  void Check() {
    for (const cel::Node& node : ast_.nodes) {
      if (node.kind != cel::NodeKind::kHostCall) continue;
      for (cel::NodeId id : node.children) {
        const cel::Node& argument = ast_.node(id);
        if (argument.kind != cel::NodeKind::kConstant) continue;
        CheckArgument(static_cast<HostFunction>(node.index), argument);
      }
    }
  }

 private:
  void CheckArgument(HostFunction function, const cel::Node& argument) {
    const std::string_view text = argument.constant.text();
    switch (function) {
      case kPurposeUnder:
      case kConsent:
        return CheckPurpose(argument, text);
      case kLineageAny:
        if (std::find(labels().begin(), labels().end(), text) != labels().end()) return;
        return Unknown(argument, fmt::format("unknown label `{}`{}", text,
                                             document::NearestHint(text, std::span(labels()))));
      case kInRegion:
        return CheckPlace(argument, text);
    }
  }

  void CheckPurpose(const cel::Node& argument, std::string_view text) {
    if (source_.taxonomy == nullptr || source_.taxonomy->Purpose(text).has_value()) return;
    Unknown(argument,
            source_.taxonomy->Resolve(text).has_value()
                ? fmt::format("alias `{}` names a processing: it stands only in grants", text)
                : fmt::format("unknown purpose `{}`{}", text, source_.taxonomy->NearestHint(text)));
  }

  void CheckPlace(const cel::Node& argument, std::string_view text) {
    std::vector<std::string> places;
    for (const TreeNode& place : source_.vocabulary.places) places.push_back(place.id);
    if (IsKnownRegion(places, text)) return;
    Unknown(argument,
            fmt::format("unknown place `{}`{}", text, document::NearestHint(text, places)));
  }

  void Unknown(const cel::Node& argument, std::string message) {
    problems_->push_back(
        {kUnknownReference, cel::PlaceOf(ast_.syntax.source, argument.offset), std::move(message)});
  }

  const std::vector<std::string>& labels() const { return source_.vocabulary.labels; }

  const cel::Ast& ast_;
  const Source& source_;
  cel::Problems* const problems_;
};

}  // namespace

cel::Env EnvOf(const Vocabulary& vocabulary) {
  cel::Env env;
  env.variables = {{"event.tenant", TypeKind::kString},
                   {"event.topic", TypeKind::kString},
                   {"event.surface", TypeKind::kString},
                   {"event.purpose", TypeKind::kString},
                   {"event.time", TypeKind::kTimestamp},
                   {"event.item", TypeKind::kString},
                   {"model.name", TypeKind::kString},
                   {"model.version", TypeKind::kString},
                   {"model.labels", Type::List(TypeKind::kString)},
                   {"model.profiling", TypeKind::kBool},
                   {"model.trained_at", TypeKind::kTimestamp},
                   {"model.synthetic_share", TypeKind::kDouble},
                   {"subject.class", TypeKind::kString},
                   {"subject.place", TypeKind::kString, true},
                   {"processing_place", TypeKind::kString},
                   {"decision_time", TypeKind::kTimestamp}};
  for (const EventField& field : vocabulary.event_fields) {
    env.variables.push_back({"event." + field.name, TypeOf(field.type), field.is_optional});
  }
  const Type text = TypeKind::kString;
  env.functions = {{"purpose.under", {text, text}, TypeKind::kBool},
                   {"lineage.any", {text}, TypeKind::kBool},
                   {"consent", {text}, TypeKind::kBool},
                   {"in_region", {text}, TypeKind::kBool}};
  return env;
}

std::shared_ptr<const cel::Ast> Read(std::string_view text, const cel::Env& env,
                                     const Source& source, cel::Problems* problems) {
  const size_t before = problems->size();
  std::optional<cel::Ast> ast = cel::Check(text, env, problems);
  if (!ast.has_value()) return nullptr;
  cel::CheckProfile(*ast, env, problems);
  References(*ast, source, problems).Check();
  if (problems->size() > before) return nullptr;
  return std::make_shared<const cel::Ast>(*std::move(ast));
}

void ReadSyntax(std::string_view text, cel::Problems* problems) {
  std::variant<cel::Syntax, cel::Problem> parsed = cel::Parse(text);
  if (auto* const problem = std::get_if<cel::Problem>(&parsed); problem != nullptr) {
    problems->push_back(std::move(*problem));
  }
}

}  // namespace lineward::policy::when
