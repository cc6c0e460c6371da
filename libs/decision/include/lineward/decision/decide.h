#pragma once

// Where a decision is made: event, lineage, consent and control facts in, verdict and row out. The
// fail-closed choices that are not the policy's own stand here and nowhere else: what is unknown,
// does not hold at the decision time, or is malformed never helps a promotion.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "lineward/decision/row.h"
#include "lineward/event/event_view.h"
#include "lineward/event/reasons.h"
#include "lineward/event/source_options.h"
#include "lineward/policy/facts.h"
#include "lineward/policy/policy_set.h"
#include "lineward/policy/verdict.h"

namespace lineward::decision {

// One promotion with everything that its decision may depend on. Views and pointers are read during
// the call; `Decision::row` refers to the event's texts.
struct DecisionInput {
  uint64_t offset = 0;
  int64_t decision_time_ms = 0;
  // The source's topic, or that of the request of `:evaluate`: selects the binding.
  std::string_view topic;
  // Of `:evaluate` only: the same text, kept in the row (field 46).
  std::string_view selection_topic;

  // Null: malformed, for `cause`.
  const event::EventView* event = nullptr;
  event::Cause cause = event::Cause::kNone;
  std::optional<event::TraceId> trace_id;
  std::string_view replay_of;

  // Null: unknown. Facts that do not hold at the decision time count as unknown: resolve them anew.
  const policy::ModelFacts* model = nullptr;
  std::string_view registered_weights;  // 32 bytes, or empty: none registered
  std::string_view closure;             // 16 bytes, or empty: unknown
  // Those that the event names, else the model's own; null: neither has any. Null although the
  // event names some, or not holding: unknown.
  const policy::SourceFacts* sources = nullptr;
  // Null: no snapshot. Of an anonymous promotion it is not read.
  const policy::ConsentFacts* consent = nullptr;
  const policy::BreakerFacts* breaker = nullptr;  // null: none open
  // The policy head was deleted, or a control topic is stale: 710 for all.
  bool is_engine_unavailable = false;

  std::string_view payload;                     // for `record: [payload_digest]`
  std::optional<std::string_view> message_key;  // for `record: [message_key]`; null: absent
};

struct Decision {
  policy::Verdict verdict;
  RowFacts row;
  // Canonical JSON as in row field 17; empty: none. Valid as long as the decider and its set.
  std::string_view obligations;
  // The weights judged (the event's, else the registered), 32 bytes, or empty.
  std::string_view weights;
};

// Decides for one source; keeps the buffers of its rows, so it allocates nothing once it has seen
// what a source sends. Views in a Decision are valid until the next call. One owner.
class Decider {
 public:
  // `fragments` outlives the decider.
  Decider(const event::SourceOptions& options, FragmentTable* fragments);
  ~Decider();
  Decider(Decider&&) noexcept;
  Decider& operator=(Decider&&) noexcept;

  // Decides under `set`, which stays alive while its decisions are used. Another set than last time
  // costs some microseconds once.
  const Decision& Decide(const policy::PolicySet& set, const DecisionInput& input);

  // Forgets interned verdicts: call it whenever the fragment table is cleared.
  void ForgetFragments();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// The promotion's own fields that policies see by name where the set declares them; all other
// names are looked up among its attributes. `recommender_id`, `position`, `slate_size`, `slate_id`,
// `experiment_arm`, `score`, `propensity`, `creator_id`, `sponsor_id`, `item_labels` (joined by
// commas), `user_option` (`PROFILED`, `NON_PROFILED`).
bool IsPromotionField(std::string_view name);

}  // namespace lineward::decision
