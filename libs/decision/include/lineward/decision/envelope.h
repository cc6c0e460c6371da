#pragma once

// Envelopes: the sealed personal data of one person (or of all rows without a subject) in one
// block, and the keys that seal them (ledger design, section 3; audit design, section 7). First
// build: alg 1, keys derived from the tenant key. Pure; keys are arguments and never printed.

#include <absl/status/statusor.h>

#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/base/strings.h"
#include "lineward/crypto/sha256.h"
#include "lineward/crypto/siv.h"
#include "lineward/decision/header.h"
#include "lineward/decision/row.h"

namespace lineward::decision {

inline constexpr uint8_t kAlgTenant = 1;
inline constexpr uint8_t kAlgPerson = 2;
// The ciphertext was deleted; 32 bytes of digest follow. Only in stores, never in a message.
inline constexpr uint8_t kAlgDeleted = 255;

// Which rows an envelope seals: part of its seal.
struct EnvelopePlace {
  const SourceName* source = nullptr;
  uint64_t first_row = 0;  // offset
  uint32_t rows = 0;
};

// Km and Ke of the envelope whose first row has that offset.
crypto::SivKeys EnvelopeKeys(const crypto::Digest& dek, uint64_t first_row);

// Appends alg, tag and ciphertext of `text` to `out`.
void SealEnvelope(uint8_t alg, const crypto::Digest& dek, const EnvelopePlace& place,
                  std::string_view text, std::string* out);

// The plaintext. INVALID_ARGUMENT `SEAL_TAG_MISMATCH` if the envelope was not sealed by this key
// for this place; FAILED_PRECONDITION if it is deleted (alg 255).
absl::StatusOr<std::string> OpenEnvelope(const crypto::Digest& dek, const EnvelopePlace& place,
                                         std::string_view envelope);

// What an opened envelope tells of one of its rows: its own fields and those common to all. Owns
// its bytes as DecodedRow does. Personal: shown only with `decision.unmask`.
struct OpenedRow {
  std::string subject;  // empty: anonymous
  uint8_t subject_class = 0;
  std::string_view fine_place;
  std::vector<PurposeConsent> consent;
  std::string_view experiment_arm;
  std::string_view consent_ref;
  std::vector<std::string_view> consented_purposes;
  std::string event_id;
  std::string item_id;
  std::optional<double> score;
  std::vector<event::Signal> signals;
  std::optional<crypto::Digest> payload_digest;
  std::optional<std::string_view> message_key;
  std::vector<Fact> facts;  // ascending
  std::shared_ptr<const std::string> bytes;
};

// Reads a plaintext that must hold exactly `rows` rows and hands out row `index`. INVALID_ARGUMENT
// `BLOCK_UNDECODABLE` if it is none. The subject is in its original form.
absl::StatusOr<OpenedRow> DecodeEnvelope(std::string plaintext, uint32_t rows, uint64_t index);

// --- Keys.

// `k/<epoch>/<cluster>/<topic>/<partition>/<first>`: the key of a record on `lineward.keys`.
std::string KeyRecordKey(uint32_t epoch, const SourceName& source, uint64_t first);

// The DEK of alg 1: HMAC-SHA256(tenant key, `lineward/tenant-dek/v1`, record key).
crypto::Digest TenantDek(std::string_view tenant_key, std::string_view record_key);

struct KeyRecord {
  std::string key;
  std::string value;
  bool operator==(const KeyRecord&) const = default;
};

// The record of alg 1: `LWK1`, g = 0, slot = 0, created, the subject sealed under the tenant key.
KeyRecord MakeTenantKeyRecord(std::string_view tenant_key, uint32_t epoch, const SourceName& source,
                              uint64_t first, int64_t created_ms, std::string_view subject);

struct OpenedKeyRecord {
  uint32_t epoch = 1;
  SourceName source;
  uint64_t first = 0;
  int64_t created_ms = 0;
  std::string subject;  // empty: the rows without a subject
};

// INVALID_ARGUMENT if key or value break the format or g is not 0; `SEAL_TAG_MISMATCH` if the value
// was not sealed under this tenant key for this record key.
absl::StatusOr<OpenedKeyRecord> OpenTenantKeyRecord(std::string_view tenant_key,
                                                    std::string_view key, std::string_view value);

// Gives a block the keys of its envelopes.
class Sealer {
 public:
  struct Key {
    uint8_t alg = kAlgTenant;
    uint64_t first = 0;  // row field 87: first offset sealed with it, <= the first row's
    crypto::Digest dek{};
  };
  virtual ~Sealer() = default;
  // The key of `subject` (empty: rows without one) for an envelope whose first row has `first_row`.
  virtual Key KeyFor(std::string_view subject, uint64_t first_row) = 0;
};

// Keys of alg 1 for one source: a key per person and UTC month, remembered for at most
// `persons_max` persons (a miss only makes another key record). Records made since the last Take
// must be sent in the transaction of the blocks that use them. One owner.
class TenantSealer final : public Sealer {
 public:
  struct Options {
    std::string tenant_key;  // 32 bytes
    uint32_t epoch = 1;
    SourceName source;
    size_t persons_max = 500'000;  // about 150 bytes each
  };
  explicit TenantSealer(Options options);

  // The decision time of the blocks that follow: `created` of new records, and the month; a new
  // month forgets all keys.
  void SetTime(int64_t decision_time_ms);
  Key KeyFor(std::string_view subject, uint64_t first_row) override;
  // The records made since the last call, in order.
  std::vector<KeyRecord> TakeRecords();
  // The transaction committed: its keys stay in use.
  void Commit();
  // The transaction was aborted: keys drawn since the last Commit are forgotten, records dropped.
  void Abort();
  // Forgets everything (partition revoked).
  void Clear();

 private:
  struct Person {
    std::string subject;
    uint64_t first = 0;
    crypto::Digest dek{};
  };
  Options options_;
  int64_t decision_time_ms_ = 0;
  int32_t month_ = 0;
  std::list<Person> persons_;  // most recently used first
  base::StringMap<std::list<Person>::iterator> by_subject_;
  std::vector<std::string> drawn_;
  std::vector<KeyRecord> records_;
};

}  // namespace lineward::decision
