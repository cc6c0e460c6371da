#pragma once

// The canonical row (`row-format 1`, docs/formats/block-v1.md): the public bytes of one decision,
// which are hashed as they stand. Its repetitive part is seven *fragments*, one per column,
// interned by `FragmentTable`; the rest is in `RowFacts`. `DecodedRow` reads a row back.

#include <absl/container/flat_hash_map.h>
#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/crypto/sha256.h"
#include "lineward/event/event_view.h"

namespace lineward::decision {

inline constexpr uint8_t kRowFormat = 1;
// The longest row that a proof carries (audit design, section 6).
inline constexpr size_t kRowBytesMax = 64 * 1024;

// As bytes of a row; the values are final.
enum class Outcome : uint8_t { kAllow = 1, kQuarantine = 2, kBlock = 3 };
enum class Route : uint8_t { kAllowed = 1, kQuarantined = 2, kBlocked = 3, kDeadLetter = 4 };
enum class Mode : uint8_t { kEnforce = 1, kShadow = 2, kCanary = 3, kOverride = 4 };
enum class Ground : uint8_t { kPurpose = 1, kLegal = 2, kTerms = 3, kSafety = 4 };
// `ALLOW`, `allowed`, `ENFORCE`, `PURPOSE` and so on.
std::string_view OutcomeName(Outcome outcome);
std::string_view RouteName(Route route);
std::string_view ModeName(Mode mode);
std::string_view GroundName(Ground ground);

using Bytes16 = std::array<uint8_t, 16>;

// Field 70.
enum RowFlag : uint64_t {
  kProfilingUsed = 1,
  kSpecialCategory = 2,
  kThirdCountry = 4,
  kSolelyAutomated = 8,
  kWeightsAssumed = 16,
  kDigestOk = 32,
  kLateEvent = 64,
  kSponsored = 128,
};

// Field 51.
enum ConsentBit : uint8_t {
  kConsentGranted = 1,
  kConsentWithdrawn = 2,
  kConsentObjected = 4,
  kConsentAnonymous = 8,
  kConsentErased = 16,
  kConsentStale = 32,
  kConsentUnknown = 64,
};

// Field 52.
enum BasisBit : uint8_t {
  kBasisConsent = 1,
  kBasisContract = 2,
  kBasisLegitimateInterest = 4,
  kBasisLegalObligation = 8,
};

// --- The seven fragments. Views point into what they were decoded from, or belong to the caller.

// Column 1, equal in a block.
struct RunFields {
  std::array<uint64_t, 4> control{};  // next offsets of registry, policies, consent, breakers
  uint64_t registry_seq = 0;
  std::array<uint64_t, 2> control_age_ms{};  // consent, oldest other
  std::string_view seat{};
  std::string_view software{};
  Bytes16 source_digest{};
};

struct ReasonField {
  uint16_t code = 0;
  Outcome outcome = Outcome::kAllow;
  std::string_view rule{};  // full id; empty: not of a rule
  bool operator==(const ReasonField&) const = default;
};

// Column 2.
struct VerdictFields {
  struct Shadow {
    Outcome outcome = Outcome::kAllow;
    uint16_t code = 0;
  };
  struct Grant {
    std::string_view id{};
    uint64_t uses_left = 0;
  };
  Outcome outcome = Outcome::kQuarantine;
  Route route = Route::kQuarantined;
  Mode mode = Mode::kEnforce;
  std::string_view binding{};
  std::vector<ReasonField> reasons{};  // primary first
  std::vector<std::string_view> rules{};
  std::vector<std::string_view> rule_errors{};
  std::string_view obligations{};  // RFC 8785 JSON
  std::optional<Shadow> shadow{};
  std::optional<Outcome> original{};
  std::array<uint64_t, 3> overflow{};  // reasons, rules, errors
  uint64_t canary = 0;
  Ground ground = Ground::kPurpose;
  std::optional<Grant> grant{};
  uint8_t malformed = 0;  // index of the decoder's cause; 0: well formed
};

// Column 3.
struct ModelFields {
  std::string_view recommender{};
  std::string_view model{};
  std::string_view version{};
  std::optional<crypto::Digest> weights{};
  std::optional<Bytes16> closure{};
};

// Column 4.
struct PlaceFields {
  std::string_view tenant{};
  std::string_view surface{};
  std::string_view schema{};
  std::vector<std::string_view> sources{};
  uint8_t user_option = 0;
  std::string_view selection_topic{};
};

// Column 5.
struct PurposeFields {
  std::string_view purpose{};
  std::optional<uint8_t> consent{};  // ConsentBit; absent: step 5 was not reached
  uint8_t basis = 0;
};

// Column 6.
struct WhereFields {
  std::string_view jurisdiction{};
  std::string_view processing_region{};
};

// Column 7.
struct MarksFields {
  struct Breaker {
    std::string_view key{};
    uint8_t state = 0;
    uint64_t epoch = 0;
    uint8_t marks = 0;  // 1 stale, 2 probe
    std::array<uint8_t, 8> evidence{};
  };
  uint64_t flags = 0;
  std::optional<Breaker> breaker{};
};

// Each appends its fields in ascending order; absent ones are left out.
void AppendRun(const RunFields& fields, std::string* out);
void AppendVerdict(const VerdictFields& fields, std::string* out);
void AppendModel(const ModelFields& fields, std::string* out);
void AppendPlace(const PlaceFields& fields, std::string* out);
void AppendPurpose(const PurposeFields& fields, std::string* out);
void AppendWhere(const WhereFields& fields, std::string* out);
void AppendMarks(const MarksFields& fields, std::string* out);

// Each reads a fragment; unknown fields of the column are passed over. INVALID_ARGUMENT
// `BLOCK_UNDECODABLE` if the bytes break the grammar, hold a field of another column or lack one
// that every row with this column has (1-6, 10-12, 41, 42, 50).
absl::StatusOr<RunFields> DecodeRun(std::string_view fragment);
absl::StatusOr<VerdictFields> DecodeVerdict(std::string_view fragment);
absl::StatusOr<ModelFields> DecodeModel(std::string_view fragment);
absl::StatusOr<PlaceFields> DecodePlace(std::string_view fragment);
absl::StatusOr<PurposeFields> DecodePurpose(std::string_view fragment);
absl::StatusOr<WhereFields> DecodeWhere(std::string_view fragment);
absl::StatusOr<MarksFields> DecodeMarks(std::string_view fragment);

// --- Interned fragments.

using FragmentId = uint32_t;
inline constexpr FragmentId kEmptyFragment = 0;

// Interned fragment bytes; ids mean nothing outside their table. Finding one that is there
// allocates nothing. Soft bound: when `is_full`, clear it where no block is open (the recommender's
// texts stand in fragments, so the number of different ones is not ours to choose). One owner.
class FragmentTable {
 public:
  static constexpr size_t kFragmentsMax = 65'536;
  static constexpr size_t kFragmentBytesMax = 16 << 20;

  FragmentTable();
  FragmentId Intern(std::string_view bytes);
  std::string_view bytes(FragmentId id) const { return fragments_[id]; }
  size_t size() const { return fragments_.size(); }
  bool is_full() const { return size() > kFragmentsMax || bytes_total_ > kFragmentBytesMax; }
  void Clear();

 private:
  std::deque<std::string> fragments_;  // stable addresses
  absl::flat_hash_map<uint64_t, FragmentId> by_hash_;
  size_t bytes_total_ = 0;
};

// --- Facts: fields 900-902 and 1000 + n.

enum class FactType : uint8_t { kBool = 1, kInt = 2, kDouble = 3, kString = 4, kTimestamp = 5 };

struct FactValue {
  FactType type = FactType::kBool;
  int64_t integer = 0;  // bool (0, 1), int, timestamp in microseconds
  double number = 0;
  std::string_view text{};
  bool operator==(const FactValue&) const = default;
};

inline constexpr uint32_t kFieldPropensity = 900;
inline constexpr uint32_t kFieldSlateId = 901;
inline constexpr uint32_t kFieldSponsorId = 902;
inline constexpr uint32_t kFieldEventFacts = 1000;

struct Fact {
  uint32_t field = 0;
  FactValue value;
  bool operator==(const Fact&) const = default;
};

// --- What a block takes for one decision.

struct PurposeConsent {
  std::string_view purpose;
  uint8_t bits = 0;
  bool operator==(const PurposeConsent&) const = default;
};

// One decision on its way into a block. Views are read during the call only. Empty texts and lists
// are absent. Everything from `subject` on is personal: it goes into an envelope, never into the
// row; so do `event_id` and `item_id` where the block's source seals ids.
struct RowFacts {
  uint64_t offset = 0;
  Route route = Route::kQuarantined;
  FragmentId verdict = kEmptyFragment;
  FragmentId model = kEmptyFragment;
  FragmentId place = kEmptyFragment;
  FragmentId purpose = kEmptyFragment;
  FragmentId where = kEmptyFragment;
  FragmentId marks = kEmptyFragment;
  std::optional<int64_t> event_time_us;
  uint64_t position = 0;
  std::optional<Bytes16> trace_id;
  std::string_view event_id;
  std::string_view item_id;
  std::string_view replay_of;
  std::span<const Fact> facts;  // public, ascending by field

  std::string_view subject;
  uint8_t subject_class = 0;
  std::string_view fine_place;  // finer than the country
  std::span<const PurposeConsent> consent;
  std::string_view experiment_arm;
  std::string_view consent_ref;
  std::span<const std::string_view> consented_purposes;
  std::optional<double> score;
  std::span<const event::Signal> signals;
  std::optional<crypto::Digest> payload_digest;
  std::optional<std::string_view> message_key;
  std::span<const Fact> sealed_facts;  // ascending by field, from 1000
};

// --- A row read back.

struct EnvelopeRef {
  uint64_t key = 0;    // first offset sealed with this key
  uint64_t index = 0;  // of the row in the envelope
  crypto::Digest digest{};
};

// A row, decoded. Owns its bytes; copies share them, so the views stay valid as long as any copy
// lives. What the header holds (source, decision time, policy set) is not in a row. Any thread.
class DecodedRow {
 public:
  // INVALID_ARGUMENT `BLOCK_UNDECODABLE` if the bytes are no row; `ROW_FORMAT_UNKNOWN` if they are
  // of another format. Unknown fields are kept in `bytes` and passed over.
  static absl::StatusOr<DecodedRow> Decode(std::string row);

  std::string_view bytes() const { return *bytes_; }
  bool is_malformed() const { return verdict.malformed != 0; }

  RunFields run;
  VerdictFields verdict;
  ModelFields model;
  PlaceFields place;
  PurposeFields purpose;
  WhereFields where;
  MarksFields marks;
  uint64_t offset = 0;
  std::optional<int64_t> event_time_us;
  uint64_t position = 0;
  std::optional<Bytes16> trace_id;
  std::string_view event_id;  // public ones only; sealed ids are in the envelope
  std::string_view item_id;
  std::string_view replay_of;
  std::optional<EnvelopeRef> envelope;
  std::vector<Fact> facts;

 private:
  std::shared_ptr<const std::string> bytes_;
};

}  // namespace lineward::decision
