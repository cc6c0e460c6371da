#pragma once

// Why a decision is as it is: the recorded row evaluated again, step by step, by the plain
// interpreter of `policy` with the registry and the policy set of its time.

#include <cstdint>
#include <string>
#include <vector>

#include "lineward/ledger/query.h"

namespace lineward::ledger {

struct ExplainStep {
  uint32_t number = 0;      // 1 to 12 (policy design, section 4)
  std::string name = {};    // `purpose`
  std::string result = {};  // `passed`, `refused`, `unknown`, `not reached`
  std::string detail = {};  // in words: what was compared with what
};

struct ExplainRule {
  std::string id = {};
  std::string effect = {};  // `forbid`, `permit`
  bool is_match = false;
  // The key that failed, if it is a near miss; of a `when` that failed why, as `when: no such key
  // at 1:7`.
  std::string detail = {};
};

struct Explanation {
  FoundDecision decision;
  std::vector<ExplainStep> steps;
  std::vector<ExplainRule> rules;        // that decided
  std::vector<ExplainRule> near_misses;  // one key failed; at most 5
  // From the model to the dataset that took the purpose away: `ranker@2`, `run 7f31`, ...
  std::vector<std::string> lineage_path;
  // The smallest change that would have let it pass; empty if it was allowed.
  std::string nearest_edit;
  // The evaluation gave the recorded outcome, reasons, rules and obligations again.
  bool is_replay_equal = false;
  std::vector<std::string> differences;
  AnswerMeta meta;
};

}  // namespace lineward::ledger
