#include "tests/conformance/formats/random_blocks.h"

#include <absl/container/flat_hash_map.h>
#include <fmt/format.h>

#include <bit>
#include <limits>
#include <map>

#include "lineward/base/check.h"
#include "lineward/base/strings.h"

namespace lineward::decision {
namespace {

constexpr uint64_t kTimeUs = 1'772'366'400'000'000;
constexpr FactType kMixed = static_cast<FactType>(0);

// Shapes by what they shape.
enum ShapeOf : size_t {
  kVerdict,
  kModel,
  kPlace,
  kPurpose,
  kWhere,
  kMarks,
  kTime,
  kPosition,
  kTrace,
  kItem,
  kReplay,
  kPerson,
  kSealed,
  kOffsets,
  kMalformed,
  kFacts,  // and what follows: one per public fact
};
constexpr size_t kFactsMax = 6;

}  // namespace

// splitmix64 into xoshiro256**: the standard library's distributions differ between platforms.
RandomBlocks::RandomBlocks(uint64_t seed, RuleOrder rule_order) : rule_order_(rule_order) {
  for (uint64_t& word : state_) {
    seed += 0x9E3779B97F4A7C15;
    uint64_t mixed = seed;
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9;
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB;
    word = mixed ^ (mixed >> 31);
  }
}

uint64_t RandomBlocks::Below(uint64_t bound) {
  const uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
  const uint64_t shifted = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= shifted;
  state_[3] = std::rotl(state_[3], 45);
  return bound == 0 ? result : result % bound;
}

std::string_view RandomBlocks::Keep(std::string text) {
  return texts_.emplace_back(std::move(text));
}

RandomBlocks::Shape RandomBlocks::DrawShape(size_t rows) {
  constexpr uint64_t kPresent[] = {0, 30, 70, 100, 100};
  const uint64_t distinct[] = {1, 2, 3, 255, 256, 257, 258, rows * 4 + 1};
  return {.present_percent = kPresent[Below(std::size(kPresent))],
          .distinct = distinct[Below(std::size(distinct))]};
}

std::string RandomBlocks::Id(uint64_t form, uint64_t number) const {
  constexpr char kDigits[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
  const uint64_t spread = number * 0x9E3779B97F4A7C15;
  std::string text;
  switch (form) {
    case 1:
      return fmt::format("{:08x}-{:04x}-7{:03x}-8{:03x}-{:012x}", spread >> 32, spread & 0xFFFF,
                         number & 0xFFF, (number >> 3) & 0xFFF, number);
    case 2:
      return fmt::format("{:016x}{:016x}", spread, number);
    case 3:
      for (int i = 0; i < 26; ++i) {
        text.push_back(
            kDigits[(i < 13 ? spread >> (i * 2) : number >> (60 - i)) & 31 & (i == 0 ? 7 : 31)]);
      }
      return text;
    case 4:
      return fmt::format("{}", spread % 1'000'000'000'000'000'000);
  }
  return fmt::format("r-{}/\u00fc{}", number, spread % 7);
}

void RandomBlocks::Draw() {
  const uint64_t kind = Below(1000);
  if (kind < 20) return Draw(0);
  if (kind < 800) return Draw(1 + Below(12));
  if (kind < 970) return Draw(1 + Below(60));
  if (kind < 997) return Draw(258 + Below(60));
  Draw(kRowsMax - Below(2));
}

void RandomBlocks::Draw(size_t rows) {
  fragments_.Clear();
  rows_.clear();
  texts_.clear();
  facts_.clear();
  signals_.clear();
  lists_.clear();
  consents_.clear();
  shapes_.clear();
  for (size_t i = 0; i < kFacts + kFactsMax; ++i) shapes_.push_back(DrawShape(rows));
  // Facts leave their dictionary above 256 values only: make that common where it can be.
  for (size_t i = kFacts; i < shapes_.size() && rows > 256; ++i) {
    if (Percent(70))
      shapes_[i] = {.present_percent = Percent(50) ? 100u : 99u, .distinct = 1u << 20};
  }
  id_form_ = Below(6);
  fact_types_.clear();
  if (Percent(30)) fact_types_.emplace_back(kFieldPropensity, FactType::kDouble);
  if (Percent(20)) fact_types_.emplace_back(kFieldSponsorId, FactType::kString);
  for (uint32_t n = 0; fact_types_.size() < Below(kFactsMax); n += 1 + Below(3)) {
    fact_types_.emplace_back(kFieldEventFacts + n, static_cast<FactType>(Below(6)));
  }
  DrawContext();
  rows_.resize(rows);
  uint64_t offset = context_.first;
  for (RowFacts& row : rows_) {
    if (shapes_[kOffsets].distinct > 3 && Percent(20)) offset += 1 + Below(300);
    row.offset = offset++;
    DrawRow(&row);
  }
}

void RandomBlocks::DrawContext() {
  context_ = {};
  context_.source = {.cluster = "k1",
                     .topic = Percent(50) ? "promotions" : "promotions.de",
                     .partition = static_cast<uint32_t>(Below(16))};
  context_.first = Percent(50) ? Below(1000) : Below(uint64_t{1} << 40);
  context_.decision_time_ms = static_cast<int64_t>(kTimeUs / 1000 + Below(1'000'000));
  context_.policy_set = crypto::Sha256Of(fmt::format("set {}", Below(3)));
  context_.flags = static_cast<uint8_t>(Below(8));
  context_.personal_ids = Percent(50);
  context_.envelope = Percent(20) ? event::EnvelopeScope::kRow : event::EnvelopeScope::kBlock;
  seat_ = fmt::format("lineward.gate.gate-{}.0", Below(3));
  context_.run.control = {Below(1000), Below(1000), Below(0), Below(10)};
  context_.run.registry_seq = Below(100'000);
  context_.run.control_age_ms = {Below(1000), Below(60'000)};
  context_.run.seat = seat_;
  context_.run.software = "0.1.0";
  context_.run.source_digest.fill(static_cast<uint8_t>(Below(256)));
}

FactValue RandomBlocks::DrawFact(FactType type, const Shape& shape) {
  FactValue value;
  value.type = type == kMixed ? static_cast<FactType>(1 + Below(5)) : type;
  const uint64_t number = Value(shape);
  switch (value.type) {
    case FactType::kBool:
      value.integer = static_cast<int64_t>(number % 2);
      break;
    case FactType::kInt:
      // Differences that only fit modulo 2^64 among them.
      value.integer = number % 7 == 3 ? std::numeric_limits<int64_t>::min() + number
                                      : static_cast<int64_t>(number) * (number % 2 == 0 ? 1 : -5);
      break;
    case FactType::kDouble:
      value.number = static_cast<double>(number) / 3;
      break;
    case FactType::kString:
      value.text = Keep(number % 50 == 0 ? "" : fmt::format("value {}", number));
      break;
    case FactType::kTimestamp:
      value.integer = static_cast<int64_t>(kTimeUs + number * 1'000'003);
      break;
  }
  return value;
}

std::vector<std::string_view> RandomBlocks::Rules(uint64_t number) {
  constexpr uint64_t kRules = 8;
  if (number % 2 == 0) return {Keep(fmt::format("recs@{}/rule", number))};
  std::map<uint64_t, std::string_view> sorted;
  for (uint64_t i = 0; i < kRules; ++i) sorted[i] = Keep(fmt::format("recs@{}/rule-{}", number, i));
  const absl::flat_hash_map<uint64_t, std::string_view> hashed(sorted.begin(), sorted.end());
  std::vector<std::string_view> rules;
  if (rule_order_ == RuleOrder::kSorted) {
    for (const auto& [i, rule] : sorted) rules.push_back(rule);
  } else {
    for (const auto& [i, rule] : hashed) rules.push_back(rule);
  }
  return rules;
}

void RandomBlocks::DrawRow(RowFacts* row) {
  std::string bytes;
  const auto intern = [this, &bytes] {
    const FragmentId id = fragments_.Intern(bytes);
    bytes.clear();
    return id;
  };
  VerdictFields verdict;
  if (shapes_[kTrace].distinct != 1 && Percent(10)) row->trace_id.emplace().fill(0x7A);
  const uint64_t malformed_kind = shapes_[kMalformed].distinct;
  if (malformed_kind > 1 && Percent(malformed_kind == 2 ? 60 : 3)) {
    verdict.route = Route::kDeadLetter;
    verdict.reasons = {{.code = 200, .outcome = Outcome::kQuarantine, .rule = {}}};
    verdict.malformed = static_cast<uint8_t>(1 + Below(13));
    AppendVerdict(verdict, &bytes);
    row->verdict = intern();
    row->route = Route::kDeadLetter;
    return;
  }
  const uint64_t number = Value(shapes_[kVerdict]);
  const std::vector<std::string_view> rules = Rules(number);
  verdict.outcome = static_cast<Outcome>(1 + number % 3);
  verdict.route = static_cast<Route>(verdict.outcome);
  if (number % 11 == 5) {
    verdict.mode = Mode::kShadow;
    verdict.route = Route::kAllowed;
  }
  verdict.binding = "home-feed";
  verdict.reasons = {{.code = 800, .outcome = verdict.outcome, .rule = rules[0]}};
  verdict.rules = rules;
  if (number % 4 == 1) verdict.obligations = R"([{"level":"full","type":"log"}])";
  if (number % 5 == 2) verdict.shadow = {.outcome = Outcome::kBlock, .code = 802};
  if (number % 6 == 3) verdict.overflow = {number, 0, 1};
  AppendVerdict(verdict, &bytes);
  row->verdict = intern();
  row->route = verdict.route;

  if (Percent(shapes_[kModel].present_percent)) {
    AppendModel({.recommender = "recs",
                 .model = Keep(fmt::format("ranker{}", Value(shapes_[kModel]))),
                 .version = "42",
                 .weights = std::nullopt,
                 .closure = std::nullopt},
                &bytes);
    row->model = intern();
  }
  PlaceFields place;
  place.surface = Keep(fmt::format("surface-{}", Value(shapes_[kPlace])));
  place.schema = "json";
  AppendPlace(place, &bytes);
  row->place = intern();
  AppendPurpose({.purpose = Keep(fmt::format("x-shop:P{}", Value(shapes_[kPurpose]))),
                 .consent = Percent(50) ? std::optional<uint8_t>(1) : std::nullopt,
                 .basis = static_cast<uint8_t>(Below(2))},
                &bytes);
  row->purpose = intern();
  if (Percent(shapes_[kWhere].present_percent)) {
    AppendWhere({.jurisdiction = "DE", .processing_region = Percent(50) ? "IE" : ""}, &bytes);
    row->where = intern();
  }
  if (Percent(shapes_[kMarks].present_percent)) {
    AppendMarks({.flags = 1 + Value(shapes_[kMarks]), .breaker = std::nullopt}, &bytes);
    row->marks = intern();
  }
  if (Percent(shapes_[kTime].present_percent)) {
    row->event_time_us = static_cast<int64_t>(kTimeUs) - static_cast<int64_t>(Below(5'000'000));
  }
  if (Percent(shapes_[kPosition].present_percent)) {
    row->position = 1 + Value(shapes_[kPosition]);
  }
  if (Percent(shapes_[kTrace].present_percent)) {
    const std::string trace = base::FromHex(Id(2, Value(shapes_[kTrace]))).value();
    row->trace_id.emplace();
    std::copy(trace.begin(), trace.end(), row->trace_id->begin());
  }
  if (Percent(shapes_[kItem].present_percent)) {
    const uint64_t form = id_form_ == 5 ? Below(5) : id_form_;
    row->event_id = Keep(Id(form, Below(0) >> 8));
    const uint64_t item_form = Below(5);  // arguments have no order of evaluation
    row->item_id = Keep(Id(item_form, Value(shapes_[kItem])));
  }
  if (shapes_[kReplay].distinct != 1 && Percent(20)) {
    row->replay_of = Keep(fmt::format("promotions-3-{}", Value(shapes_[kReplay])));
  }
  std::vector<Fact>& facts = facts_.emplace_back();
  for (size_t i = 0; i < fact_types_.size() && i < kFactsMax; ++i) {
    const Shape& shape = shapes_[kFacts + i];
    if (!Percent(shape.present_percent)) continue;
    facts.push_back(
        {.field = fact_types_[i].first, .value = DrawFact(fact_types_[i].second, shape)});
  }
  row->facts = facts;
  DrawSealed(row);
}

void RandomBlocks::DrawSealed(RowFacts* row) {
  const Shape& shape = shapes_[kSealed];
  if (Percent(shapes_[kPerson].present_percent)) {
    const uint64_t form = Below(100) < 90 ? 0 : Below(5);
    row->subject = Keep(Id(form, Value(shapes_[kPerson])));
  }
  if (shape.present_percent == 0) return;
  const bool is_equal = shape.present_percent == 100;
  row->subject_class = static_cast<uint8_t>(is_equal ? 1 : Below(3));
  if (shape.distinct == 1) return;
  if (Percent(shape.present_percent)) row->fine_place = is_equal ? "DE-BY" : "DE-BE";
  if (Percent(20)) {
    std::vector<PurposeConsent>& consent = consents_.emplace_back();
    consent = {{.purpose = "dpv:Marketing", .bits = static_cast<uint8_t>(Below(4))}};
    row->consent = consent;
  }
  if (Percent(30)) row->experiment_arm = Percent(50) ? "a" : "b";
  if (Percent(20)) row->consent_ref = "c-1";
  if (Percent(20)) {
    std::vector<std::string_view>& purposes = lists_.emplace_back();
    purposes = {"dpv:Marketing", "dpv:Advertising"};
    row->consented_purposes = purposes;
  }
  if (Percent(30)) row->score = static_cast<double>(Below(1000)) / 7;
  if (Percent(20)) {
    std::vector<event::Signal>& signals = signals_.emplace_back();
    signals = {{.name = "viewed", .weight = 0.5, .source = "shop/views"},
               {.name = "n", .weight = -1, .source = {}}};
    row->signals = signals;
  }
  if (Percent(20)) row->payload_digest = crypto::Sha256Of("payload");
  if (Percent(20)) row->message_key = Percent(50) ? "key" : "";
  std::vector<Fact>& facts = facts_.emplace_back();
  if (Percent(50)) {
    facts.push_back({.field = 1020, .value = DrawFact(FactType::kInt, {.distinct = 2})});
  }
  if (Percent(50)) {
    facts.push_back({.field = 1031, .value = DrawFact(FactType::kString, {.distinct = 3})});
  }
  row->sealed_facts = facts;
}

SealedBlock RandomBlocks::Build(BlockBuilder* builder, const SealOptions& options) const {
  TenantSealer sealer({.tenant_key = kTenantKey, .epoch = 1, .source = context_.source});
  sealer.SetTime(context_.decision_time_ms);
  builder->Open(context_);
  for (const RowFacts& row : rows_) {
    builder->Skip(GapReason::kNotDelivered, row.offset - builder->next());
    const absl::Status status = builder->Append(row);
    LW_CHECK(status.ok(), "{}", status.ToString());
  }
  if (rows_.empty()) builder->Skip(GapReason::kLostByRetention, 5);
  return builder->Seal(sealer, options);
}

}  // namespace lineward::decision
