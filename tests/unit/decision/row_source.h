#pragma once

// Rows on their way back into a builder: what was decoded becomes the facts it was made from.

#include <deque>
#include <string>
#include <vector>

#include "lineward/decision/block.h"

namespace lineward::decision {

// Facts made from decoded rows; they stay valid as long as the source and what was given to it.
class RowSource {
 public:
  explicit RowSource(FragmentTable* table) : table_(table) {}

  // `opened` is null if the row seals nothing. Both must outlive the facts.
  RowFacts Facts(const DecodedRow& row, const OpenedRow* opened) {
    RowFacts facts;
    facts.offset = row.offset;
    facts.route = row.verdict.route;
    facts.verdict = Intern(row.verdict, AppendVerdict);
    facts.model = Intern(row.model, AppendModel);
    if (!row.is_malformed()) {
      facts.place = Intern(row.place, AppendPlace);
      facts.purpose = Intern(row.purpose, AppendPurpose);
    }
    facts.where = Intern(row.where, AppendWhere);
    facts.marks = Intern(row.marks, AppendMarks);
    facts.event_time_us = row.event_time_us;
    facts.position = row.position;
    facts.trace_id = row.trace_id;
    facts.event_id = row.event_id;
    facts.item_id = row.item_id;
    facts.replay_of = row.replay_of;
    facts.facts = row.facts;
    if (opened == nullptr) return facts;
    if (!opened->event_id.empty()) facts.event_id = opened->event_id;
    if (!opened->item_id.empty()) facts.item_id = opened->item_id;
    facts.subject = opened->subject;
    facts.subject_class = opened->subject_class;
    facts.fine_place = opened->fine_place;
    facts.consent = opened->consent;
    facts.experiment_arm = opened->experiment_arm;
    facts.consent_ref = opened->consent_ref;
    facts.consented_purposes = opened->consented_purposes;
    facts.score = opened->score;
    facts.signals = opened->signals;
    facts.payload_digest = opened->payload_digest;
    facts.message_key = opened->message_key;
    facts.sealed_facts = opened->facts;
    return facts;
  }

 private:
  template <typename Fields>
  FragmentId Intern(const Fields& fields, void (*append)(const Fields&, std::string*)) {
    std::string bytes;
    append(fields, &bytes);
    return table_->Intern(bytes);
  }

  FragmentTable* table_;
};

}  // namespace lineward::decision
