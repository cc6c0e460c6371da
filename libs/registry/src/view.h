#pragma once

// The registry's view on disk (docs/formats/registry-view-v1.md): what the facts and the consent
// records came to, with the positions up to which they were read. It is a copy: what is missing,
// damaged or of another format is made anew from the log. Written by the registry's thread; reads
// from any thread.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/registry/state.h"
#include "lineward/store/db.h"
#include "lineward/telemetry/log.h"
#include "registry/src/plan.h"
#include "registry/src/view_codec.h"

namespace lineward::registry {

inline constexpr std::string_view kViewFormat = "lineward registry view 1";

class View {
 public:
  // Opens or makes the view of the log `log_id` below `path`. A view of another format or log, or a
  // damaged one, is emptied and its cause logged. FAILED_PRECONDITION STORE_LOCKED,
  // STORE_MISUSED (the folder holds another store); RESOURCE_EXHAUSTED, UNAVAILABLE of `store`.
  static absl::StatusOr<std::unique_ptr<View>> Open(const std::string& path,
                                                    std::string_view log_id,
                                                    const telemetry::Logger& log);

  // OK, or the first error of the store.
  absl::Status Health() const { return db_->Health(); }
  // The state as of the last Write. DATA_LOSS: empty the view.
  absl::StatusOr<State> Load() const;
  // Forgets all, positions too, and logs why.
  absl::Status Empty(std::string_view cause);

  // Of the last Write.
  const FactMark& Mark() const { return mark_; }
  // Next offset of `lineward.consent`; nothing was read before if it is none.
  std::optional<int64_t> NextConsent() const { return next_consent_; }
  // The encoded record of a subject.
  absl::StatusOr<std::optional<std::string>> FindConsent(std::string_view subject) const;
  // The bytes of a fact.
  absl::StatusOr<std::optional<std::string>> FindFact(uint64_t seq) const;
  // The bytes of the facts after `after` up to `last`, in order.
  absl::Status ReadFacts(uint64_t after, uint64_t last,
                         const std::function<absl::Status(std::string_view)>& visit) const;

  // What the next Write brings. `state` has these facts staged and not committed yet.
  void StageFacts(const State& state, const std::vector<PlannedFact>& facts);
  void StageFactRead(int64_t offset, uint64_t seq);
  // Null: the subject is erased.
  void StageConsent(std::string_view subject, std::optional<std::string_view> record);
  void StageNextConsent(int64_t next);
  void StageForgotten(const std::vector<std::string>& answers);
  bool HasStaged() const { return !batch_.empty(); }
  // Takes all that is staged in together or not at all. It need not reach the disk: after a power
  // loss the view is that of an earlier Write, and reading goes on from there. Any error is the
  // store's own (`store::Db::Health`): the owner stops the process.
  absl::Status Write();

 private:
  struct Families {
    store::Family fact, entity, run, edge, request, consent, meta;
  };
  View(std::unique_ptr<store::Db> db, std::string log_id, telemetry::Logger log);
  absl::Status OpenFamilies();
  absl::Status ReadMeta();
  void PutMark();

  std::unique_ptr<store::Db> db_;
  const std::string log_id_;
  const telemetry::Logger log_;
  Families families_;
  FactMark mark_;
  std::optional<int64_t> next_consent_;
  store::WriteBatch batch_;
  store::WriteBatch late_;  // the sabotage `registry_two_batches` alone
};

}  // namespace lineward::registry
