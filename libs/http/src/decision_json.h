#pragma once

// Decisions as JSON (interfaces design, section 2): original field names, 64-bit integers as text,
// enums by name, times RFC 3339, sealed data as `{"sealed":true}`.

#include "lineward/document/json.h"
#include "lineward/ledger/explain.h"
#include "lineward/ledger/query.h"

namespace lineward::http {

document::Json DecisionJson(const ledger::FoundDecision& decision);
document::Json MetaJson(const ledger::AnswerMeta& meta);
document::Json ExplanationJson(const ledger::Explanation& explanation);

}  // namespace lineward::http
