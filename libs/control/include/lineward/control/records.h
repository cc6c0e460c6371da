#pragma once

// The records of the topic `lineward.registry` as values, and their bytes
// (proto/lineward/registry/v1/control.proto). Purposes, categories, labels and regions are ids, as
// the registry wrote them. Any thread.

#include <absl/status/statusor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/policy/declaration.h"

namespace lineward::control {

// Keys of `lineward.registry` that are no resource names.
inline constexpr std::string_view kWriterKey = "writer";
inline constexpr std::string_view kSeqKey = "seq";
// A record that says what gates know of a model version; the writer refuses beyond.
inline constexpr size_t kModelFactsBytesMax = 64 << 10;

enum class WithdrawalMode : uint8_t { kBlock = 1, kQuarantine = 2 };
enum class RecordKind : uint8_t { kDataset = 1, kDatasetVersion = 2, kModelVersion = 3 };
enum class ModelState : uint8_t { kRegistered = 1, kRetired = 2, kRevoked = 3 };
enum class ModelFlag : uint8_t {
  kUnversionedInput = 1,
  kUndigested = 2,
  kRunNotFinished = 3,
  kRunFailed = 4,
  kNoInputs = 5
};

struct Withdrawal {
  std::string id;
  std::vector<std::string> purposes;  // empty: as a whole
  WithdrawalMode mode = WithdrawalMode::kBlock;
  int64_t effective_at_us = 0;
};

// One declaration record: what a dataset, a dataset version or a model version lets pass.
struct Declaration {
  uint32_t record = 0;
  RecordKind kind = RecordKind::kDataset;
  std::optional<uint32_t> series;                    // of a dataset version
  std::optional<std::vector<policy::Grant>> grants;  // datasets; absent: undeclared
  std::vector<policy::Prohibition> prohibits;
  std::optional<std::vector<std::string>> restrict_to;  // versions; absent: everything
  std::vector<std::string> consent_classes;
  std::vector<std::string> categories;
  std::vector<std::string> labels;
  std::optional<std::vector<std::string>> regions;  // absent: any place; empty: none
  std::optional<int64_t> retain_until_us;
  std::vector<Withdrawal> withdrawn;
  // What edges alone say; see lineage::NodeFlag.
  bool is_unsourced = false;
  bool is_own_ancestor = false;
  bool is_without_dataset = false;
  bool is_closure_too_large = false;
  bool is_drifted = false;
};

struct ServeFacts {
  std::vector<uint32_t> closure;  // ascending
};

struct Reclassification {
  std::string id;
  uint32_t dataset = 0;
  std::vector<std::string> restore;
  std::vector<std::string> drop;
  int64_t until_us = 0;
};

struct ModelFlagNote {
  ModelFlag flag = ModelFlag::kNoInputs;
  std::vector<std::string> offenders;  // the first 8
};

// What gates know of a model version.
struct ModelFacts {
  std::string model;  // as events name it
  int32_t version = 0;
  ModelState state = ModelState::kRegistered;
  std::string weights_digest;               // 32 bytes, or empty: UNDIGESTED
  std::string config_digest;                // 32 bytes, or empty
  std::vector<uint32_t> closure;            // C, ascending
  std::vector<uint32_t> evaluated_closure;  // E
  std::vector<uint32_t> served_closure;     // S
  std::vector<uint32_t> serves;             // the SERVES datasets themselves
  std::vector<Reclassification> reclassifications;
  bool is_profiling = false;
  std::optional<double> synthetic_share;
  std::optional<int64_t> trained_at_us;
  std::vector<ModelFlagNote> flags;
  std::string run;  // resource name of the training run, or empty
};

struct SeqMark {
  uint64_t seq = 0;
  int64_t recorded_at_us = 0;
  std::string chain;  // 32 bytes
};

struct WriterAddress {
  std::string address;
  int32_t epoch = 0;
};

// Value of one key; which parts are there depends on the key (see the proto).
struct RegistryRecord {
  std::optional<Declaration> declaration;
  std::optional<ServeFacts> serve;
  std::optional<ModelFacts> model;
  std::optional<int32_t> alias_version;
  std::optional<std::string> former_name;  // the model's name of now
  std::optional<SeqMark> seq_mark;
  std::optional<WriterAddress> writer;
};

// Equal values give equal bytes.
std::string EncodeRegistryRecord(const RegistryRecord& record);
// INVALID_ARGUMENT (CONTROL_RECORD_INVALID): not the message, or an enum without a value, a digest
// of another length, a list that must ascend and does not.
absl::StatusOr<RegistryRecord> DecodeRegistryRecord(std::string_view bytes);

}  // namespace lineward::control
