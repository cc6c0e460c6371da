#pragma once

// The fold of the topics `lineward.registry`, `lineward.policies` and `lineward.breakers` into
// snapshots: no clock, no I/O. The follower feeds it in offset order and publishes what it builds.
// One thread.

#include <absl/container/flat_hash_set.h>
#include <absl/status/status.h>

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "control/src/tables.h"
#include "lineward/base/strings.h"
#include "lineward/control/metrics.h"
#include "lineward/control/policy_records.h"
#include "lineward/control/snapshot.h"

namespace lineward::control {

// Compressed bytes of all policy sets that the topic keeps; beyond it a new set is refused.
inline constexpr size_t kChunkStoreBytesMax = 256 << 20;

// Something that a person should hear of.
struct Note {
  enum class Kind : uint8_t { kRecordRefused, kSetInForce, kHeadRefused, kHeadDeleted };
  Kind kind = Kind::kRecordRefused;
  ControlTopic topic = ControlTopic::kRegistry;
  int64_t offset = 0;
  absl::Status status;                          // why it was refused
  HeadRefusal refusal = HeadRefusal::kCompile;  // of kHeadRefused
};

class ControlState {
 public:
  explicit ControlState(bool requires_signatures) : requires_signatures_(requires_signatures) {}

  // One record of a topic; `value` nullopt: the key was deleted. Records of the registry act with
  // the SeqMark that ends their transaction. What cannot be read counts as deleted, with a note.
  void ApplyRegistry(std::string_view key, std::optional<std::string_view> value, int64_t offset);
  void ApplyPolicies(std::string_view key, std::optional<std::string_view> value, int64_t offset);
  void ApplyBreakers(int64_t offset);

  // Something changed since the last `Build`, or facts end to hold at `now_us`.
  bool IsDirty(int64_t now_us) const { return is_dirty_ || now_us >= holds_until_us_; }
  // The snapshot of now; facts are resolved at `now_us`.
  std::shared_ptr<const ControlSnapshot> Build(int64_t now_us);

  // Notes since the last call.
  std::vector<Note> TakeNotes() { return std::exchange(notes_, {}); }

 private:
  // What a key of `lineward.registry` brought.
  struct Contribution {
    std::optional<uint32_t> record;
    std::string model_key;
    std::string former_name;
    bool is_served = false;
    bool is_alias = false;
  };
  struct Pending {
    std::string key;
    std::optional<RegistryRecord> record;  // nullopt: deleted
  };

  void ApplyPending();
  void Forget(const std::string& key);
  void Learn(const std::string& key, RegistryRecord record);
  void SetRecord(uint32_t id, std::shared_ptr<const Record> record);
  void TakeHead(std::optional<std::string_view> value, int64_t offset);
  absl::Status TakeSet(const PolicyHead& head, HeadRefusal* refusal);
  bool IsAffected(const ModelFacts& model) const;

  const bool requires_signatures_;
  ControlTables tables_;
  base::StringMap<Contribution> contributions_;
  std::vector<Pending> pending_;
  // Since the last Build.
  absl::flat_hash_set<uint32_t> changed_records_;
  base::StringSet changed_models_;  // keys
  bool is_set_changed_ = false;
  bool is_registry_changed_ = false;
  bool is_dirty_ = true;
  int64_t holds_until_us_ = INT64_MAX;

  // Chunks by set and number.
  std::map<std::string, std::map<uint32_t, std::string>> chunks_;
  size_t chunk_bytes_ = 0;

  // The snapshot in the making, but for its tables.
  std::shared_ptr<const policy::PolicySet> policies_;
  std::string policy_set_id_;
  uint64_t policy_epoch_ = 0;
  bool is_engine_unavailable_ = false;
  SeqMark mark_;
  std::shared_ptr<const WriterAddress> writer_;
  std::array<int64_t, kControlTopics> next_offsets_{};
  std::shared_ptr<const ControlTables> published_;
  std::vector<Note> notes_;
};

}  // namespace lineward::control
