#pragma once

// The registry of one process: datasets, runs, models, their lineage and purposes, consent, policy
// sets. Start here.
//
// One instance writes at a time: the member of group `lineward-registry` that holds partition 0 of
// `lineward.openlineage`, fenced by the transactional id of the same name. All others follow the
// facts, answer reads and refuse writes (NO_WRITER): `http` passes them on. A write is answered
// after its transaction of facts, control records and `seq` is committed. What was folded lies in a
// view on disk, from which a restart goes on; without it, it is made anew from the log.
//
// Any thread may call; a write waits for its commit. One thread (`lw-registry`) inside, joined by
// the destructor.

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "lineward/base/clock.h"
#include "lineward/control/follower.h"
#include "lineward/document/json.h"
#include "lineward/registry/fact.h"
#include "lineward/registry/metrics.h"
#include "lineward/stream/transport.h"
#include "lineward/telemetry/health.h"
#include "lineward/telemetry/log.h"

namespace lineward::registry {

inline constexpr size_t kConsentItemsMax = 1'000;

struct RegistryOptions {
  std::string data_dir;                     // of the view; made if absent
  std::string instance_id;                  // the seat is `lineward.registry.<instance_id>`
  std::string address;                      // where followers say that the writer is
  std::string consents_topic = "consents";  // the user's items; empty: not read
  // Sets without two signatures are refused; signed ones are not supported yet.
  bool require_signatures = true;
  absl::Duration group_wait = absl::Milliseconds(5);  // how long a transaction gathers requests
  size_t group_max = 256;                             // requests in one transaction
  size_t queue_max = 4'096;                           // requests that wait; beyond: OVERLOADED
  absl::Duration answer_wait_max =
      absl::Seconds(20);                              // then DEADLINE_EXCEEDED: look before a retry
  absl::Duration answers_kept = absl::Hours(7 * 24);  // by request id
  const base::Clock* clock = &base::SystemClock();
  // Watches the writer's loop as `registry`; may be null, else it outlives the registry.
  telemetry::Health* health = nullptr;
};

struct Caller {
  std::string actor;
  std::string route = {};       // template; a request id counts per actor and route
  std::string request_id = {};  // empty: none
  bool validate_only = false;
  Origin origin = Origin::kNative;
};

struct Answer {
  int http_status = 200;
  std::string body = {};     // JSON, byte for byte what was answered the first time
  bool is_replayed = false;  // by its request id
};

struct Page {
  document::Json::List items;
  std::string next_after;  // pass as `after`; empty: the end
};

class Registry {
 public:
  // `transport`, `follower` and `metrics` (may be null) must outlive it. INVALID_ARGUMENT;
  // FAILED_PRECONDITION STORE_LOCKED, STORE_MISUSED and the other errors of a store; UNAVAILABLE if
  // the log cannot be named yet.
  static absl::StatusOr<std::unique_ptr<Registry>> Start(stream::Transport* transport,
                                                         control::Follower* follower,
                                                         RegistryOptions options,
                                                         RegistryMetrics* metrics,
                                                         telemetry::Logger log);
  ~Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;

  // `{"items": [...]}`, at most 500, all or nothing; answers per item in order. INVALID_ARGUMENT
  // with all violations, NOT_FOUND, ALREADY_EXISTS, FAILED_PRECONDITION, RESOURCE_EXHAUSTED,
  // UNAVAILABLE (NO_WRITER, NOT_READY), DEADLINE_EXCEEDED.
  absl::StatusOr<Answer> Register(const Caller& caller, const document::Json& body);

  // One item without `kind`: 201 new, 200 the same again.
  absl::StatusOr<Answer> RegisterOne(const Caller& caller, FactKind kind,
                                     const document::Json& item);

  // `{"items": [{subject, purpose, state, effective_at, ...}]}`, at most 1,000; answers
  // `{accepted, unchanged, refused[{index, reason}]}` and never names a subject.
  absl::StatusOr<Answer> RecordConsents(const Caller& caller, const document::Json& body);

  // `{"files": [{name, content}], "base_id": "ps-..."}`: parsed, compiled, tested, and in force at
  // once where signatures are off. INVALID_ARGUMENT (POLICY_SET_INVALID) with every finding;
  // FAILED_PRECONDITION (SIGNATURE_REQUIRED, POLICY_BASE_STALE).
  absl::StatusOr<Answer> ProposePolicySet(const Caller& caller, const document::Json& body);

  // NOT_FOUND with the reason of the kind; UNAVAILABLE (NOT_READY) before the facts were read.
  absl::StatusOr<document::Json> GetDataset(std::string_view name_space,
                                            std::string_view name) const;
  absl::StatusOr<document::Json> GetDatasetVersion(std::string_view name_space,
                                                   std::string_view name,
                                                   std::string_view digest_or_label) const;
  absl::StatusOr<document::Json> GetModel(std::string_view model) const;
  // `version`: a number or an alias.
  absl::StatusOr<document::Json> GetModelVersion(std::string_view model,
                                                 std::string_view version) const;
  absl::StatusOr<document::Json> GetRun(std::string_view id) const;
  // By resource name, after `after` (a resource name; empty: from the start), at most `limit`.
  absl::StatusOr<Page> ListDatasets(std::string_view after, size_t limit) const;
  absl::StatusOr<Page> ListModels(std::string_view after, size_t limit) const;

  uint64_t Seq() const;
  // Waits until facts up to `seq` are folded here. DEADLINE_EXCEEDED (NOT_YET_VISIBLE).
  absl::Status WaitSeq(uint64_t seq, absl::Duration timeout) const;
  // The bytes of the facts after `after` up to `last`, in order; stops at the first error of
  // `visit`. UNAVAILABLE (NOT_READY) if they are not folded here yet.
  absl::Status ReadFacts(uint64_t after, uint64_t last,
                         const std::function<absl::Status(std::string_view)>& visit) const;
  // SHA-256 over entities, edges and closures: equal on every instance at equal seq.
  std::string StateDigest() const;
  bool IsWriter() const;
  // Empty once facts are folded to the end; writes wait for a writer besides.
  std::string NotReadyCause() const;
  // PERMISSION_DENIED once another process took this seat, DATA_LOSS once a fact does not fold, the
  // store's first error: the owner stops the process. OK meanwhile.
  absl::Status FatalStatus() const;

 private:
  struct Impl;
  explicit Registry(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lineward::registry
