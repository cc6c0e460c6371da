#pragma once

// What a rule's `when` may name, and its text into a checked tree: the part that the compiled path
// and the oracle share (policy design, section 9). Pure; any thread.

#include <memory>
#include <string_view>

#include "lineward/policy/source.h"
#include "policy/src/cel/ast.h"
#include "policy/src/cel/env.h"
#include "policy/src/cel/problem.h"

namespace lineward::policy::when {

// The variables of every set, in the order of its env; the declared event fields follow, by name.
enum Variable : uint32_t {
  kEventTenant,
  kEventTopic,
  kEventSurface,
  kEventPurpose,
  kEventTime,
  kEventItem,
  kModelName,
  kModelVersion,
  kModelLabels,
  kModelProfiling,
  kModelTrainedAt,
  kModelSyntheticShare,
  kSubjectClass,
  kSubjectPlace,
  kProcessingPlace,
  kDecisionTime,
  kFirstField,
};
inline constexpr size_t kVariablesMax = kFirstField + kEventFieldsMax;

// The functions of every set, in the order of its env.
enum HostFunction : uint32_t { kPurposeUnder, kLineageAny, kConsent, kInRegion };

cel::Env EnvOf(const Vocabulary& vocabulary);

// The tree of `text`, of type bool and within the profile; null after adding at least one problem
// (102, 106 to 109). Purposes are looked up if the source has a taxonomy.
std::shared_ptr<const cel::Ast> Read(std::string_view text, const cel::Env& env,
                                     const Source& source, cel::Problems* problems);

// Of a text that is only parsed, since what it names is not known: the problem, if any (106, 107).
void ReadSyntax(std::string_view text, cel::Problems* problems);

}  // namespace lineward::policy::when
