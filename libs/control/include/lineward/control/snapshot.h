#pragma once

// What a decision needs and the event does not hold: registry, policies and breakers as one
// immutable value, resolved for the policy set in force. Start here; `follower.h` makes it.

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/control/records.h"
#include "lineward/policy/facts.h"
#include "lineward/policy/policy_set.h"

namespace lineward::control {

// The four control topics, in the order of every list of offsets.
enum class ControlTopic : uint8_t { kRegistry = 0, kPolicies = 1, kConsent = 2, kBreakers = 3 };
inline constexpr size_t kControlTopics = 4;
std::string_view TopicName(ControlTopic topic);

// Facts of a set of serve-time sources, as the event named them or as the model's SERVES edges do.
// Immutable; true for decision times at which `facts.HoldsAt`.
struct ResolvedSources {
  policy::SourceFacts facts;
  std::vector<uint32_t> closure;  // declaration records, ascending
  bool is_unknown = false;        // a source without ServeFacts is among them
};

// A model version as the policy set in force sees it. Immutable; true for decision times at which
// `HoldsAt`.
struct ResolvedModel {
  policy::ModelFacts facts;
  // Of the SERVES edges, for events that name no sources; null if there are none.
  std::shared_ptr<const ResolvedSources> serves;
  std::string weights_digest;  // 32 bytes, or empty: none is registered
  // First 16 bytes of the closure digest (ledger design, section 2) over C, E and the SERVES
  // closure; for other sources ask `ClosureDigest`.
  std::string closure_digest;
  std::shared_ptr<const ModelFacts> registered;  // as the registry wrote it; never null

  bool HoldsAt(int64_t time_us) const {
    return facts.lineage.HoldsAt(time_us) && (serves == nullptr || serves->facts.HoldsAt(time_us));
  }
};

// One record with its resource name, as the registry wrote it.
struct NamedDeclaration {
  std::string name;
  Declaration declaration;
};

struct ControlTables;

// Immutable, shared by all threads; named by three offsets (the fourth, consent's, stands in the
// `Pin`). Equal offsets and an equal policy set give equal answers, however the updates came.
class ControlSnapshot {
 public:
  ControlSnapshot();
  ~ControlSnapshot();
  ControlSnapshot(const ControlSnapshot&) = delete;
  ControlSnapshot& operator=(const ControlSnapshot&) = delete;

  // Null before the first valid set; the last good one afterwards, whatever became of the head.
  const policy::PolicySet* Policies() const { return policies_.get(); }
  std::shared_ptr<const policy::PolicySet> SharedPolicies() const { return policies_; }
  // `ps-` + 64 hex digits; empty before the first set.
  const std::string& PolicySetId() const { return policy_set_id_; }
  uint64_t PolicyEpoch() const { return policy_epoch_; }
  // The head was deleted: every decision is ENGINE_UNAVAILABLE.
  bool is_engine_unavailable() const { return is_engine_unavailable_; }

  uint64_t RegistrySeq() const { return registry_mark_.seq; }
  const SeqMark& RegistryMark() const { return registry_mark_; }
  // Where the registry's writer takes writes; null if none was published.
  const WriterAddress* Writer() const { return writer_.get(); }
  // Next offset per topic, in order of ControlTopic; registry's is that behind its last SeqMark,
  // consent's is 0 here.
  const std::array<int64_t, kControlTopics>& NextOffsets() const { return next_offsets_; }

  // The model version that an event names, also by a former name of the model; null if there is
  // none or it is RETIRED. `version` counts in its one spelling (`42`) only. If the facts do not
  // hold at the decision time, call `ResolveAt`.
  const ResolvedModel* FindModel(std::string_view model, std::string_view version) const;
  // The same model at another decision time: the slow path, equal in result.
  std::shared_ptr<const ResolvedModel> ResolveAt(const ResolvedModel& model, int64_t time_us) const;

  // Facts of the datasets that an event names (references as the registry writes them), united;
  // `is_profiling` is the model's. A source that is no reference, not registered or without
  // ServeFacts is unknown. Slow path: keep the result for the snapshot's life.
  std::shared_ptr<const ResolvedSources> ResolveSources(
      std::span<const std::string_view> references, bool is_profiling, int64_t time_us) const;

  // 16 bytes over the closures of `model` and of `sources` (null: none).
  std::string ClosureDigest(const ResolvedModel& model, const ResolvedSources* sources) const;

  // A declaration record by its id; null if there is none.
  const NamedDeclaration* FindRecord(uint32_t record) const;
  // All model versions by resource name, RETIRED and REVOKED ones too.
  std::vector<std::shared_ptr<const ResolvedModel>> Models() const;
  // The version that an alias of `model` points to.
  std::optional<int32_t> FindAlias(std::string_view model, std::string_view alias) const;

 private:
  friend class ControlState;

  std::shared_ptr<const policy::PolicySet> policies_;
  std::string policy_set_id_;
  uint64_t policy_epoch_ = 0;
  bool is_engine_unavailable_ = false;
  SeqMark registry_mark_;
  std::shared_ptr<const WriterAddress> writer_;
  std::array<int64_t, kControlTopics> next_offsets_{};
  std::shared_ptr<const ControlTables> tables_;  // never null
};

}  // namespace lineward::control
