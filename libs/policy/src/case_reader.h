#pragma once

// One case of a Tests file (policy-files design, section 4), merged with its defaults, as facts in
// both forms. LP101 and LP102 for what is wrong with it.

#include <string>
#include <vector>

#include "lineward/document/yaml.h"
#include "lineward/policy/policy_set.h"
#include "policy/src/case_facts.h"
#include "policy/src/reader.h"

namespace lineward::policy {

// Fills `facts` under `set`. `binding`: the one that the case is for, whose exact selectors stand
// in for what the event does not give; null: none. False after a finding.
bool ReadCase(Reader* in, const document::YamlNode& node, const PolicySet& set,
              const Binding* binding, CaseFacts* facts);

}  // namespace lineward::policy
