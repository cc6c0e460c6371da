// CPU of building and sealing a full block (append, envelopes, hashes, columns, zstd) against bare
// SHA-256 of the same canonical rows (goal: at most 3.5). Rows look like a shop's: a person sees
// six items. Prints one JSON line per variant; exit 1 above the goal.

#include <algorithm>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "lineward/base/check.h"
#include "lineward/decision/block.h"

namespace lineward::decision {
namespace {

constexpr int kRounds = 31;
constexpr double kRatioMax = 3.5;
constexpr uint64_t kRowsPerPerson = 6;

double CpuSeconds() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

double Median(std::vector<double> values) {
  std::nth_element(values.begin(), values.begin() + values.size() / 2, values.end());
  return values[values.size() / 2];
}

class ShopBlock {
 public:
  explicit ShopBlock(bool personal_ids) : builder_(&table_), sealer_(SealerOptions()) {
    context_.source = SealerOptions().source;
    context_.decision_time_ms = 1772366400200;
    context_.run.seat = "lineward.gate.gate-0.0";
    context_.run.software = "0.1.0";
    context_.run.control = {70'000, 12, 9'000'000, 2};
    context_.personal_ids = personal_ids;
    sealer_.SetTime(context_.decision_time_ms);
    for (uint64_t i = 0; i < kRowsMax; ++i) AddRow(i);
  }

  SealedBlock Build() {
    builder_.Open(context_);
    for (size_t i = 0; i < rows_.size(); ++i) {
      rows_[i].event_id = texts_[3 * i];
      rows_[i].item_id = texts_[3 * i + 1];
      rows_[i].subject = texts_[3 * i + 2];
      LW_CHECK(builder_.Append(rows_[i]).ok());
    }
    return builder_.Seal(sealer_);
  }

 private:
  static TenantSealer::Options SealerOptions() {
    return {.tenant_key = std::string(32, 'k'),
            .epoch = 1,
            .source = {.cluster = "k1", .topic = "promotions", .partition = 3}};
  }

  template <typename Fields>
  FragmentId Intern(const Fields& fields, void (*append)(const Fields&, std::string*)) {
    std::string bytes;
    append(fields, &bytes);
    return table_.Intern(bytes);
  }

  void AddRow(uint64_t i) {
    const std::string rule = fmt::format("recs@7/rule-{}", i % 42);
    VerdictFields verdict;
    verdict.outcome = i % 50 == 0 ? Outcome::kBlock : Outcome::kAllow;
    verdict.route = static_cast<Route>(verdict.outcome);
    verdict.binding = "home-feed";
    verdict.reasons = {{.code = 0, .outcome = verdict.outcome, .rule = rule}};
    verdict.rules = {rule};
    RowFacts row;
    row.offset = i;
    row.route = verdict.route;
    row.verdict = Intern(verdict, AppendVerdict);
    const std::string version = std::to_string(i % 16);
    row.model = Intern(ModelFields{.recommender = "recs-main",
                                   .model = "ranker",
                                   .version = version,
                                   .weights = crypto::Sha256Of(version),
                                   .closure = Bytes16{}},
                       AppendModel);
    const std::string surface = fmt::format("home_feed/{}", i % 8);
    PlaceFields place;
    place.tenant = "acme";
    place.surface = surface;
    place.schema = "json";
    row.place = Intern(place, AppendPlace);
    row.purpose = Intern(PurposeFields{.purpose = "dpv:ProvideProductRecommendations",
                                       .consent = kConsentGranted,
                                       .basis = kBasisConsent},
                         AppendPurpose);
    row.where = Intern(WhereFields{.jurisdiction = "DE", .processing_region = "IE"}, AppendWhere);
    row.marks =
        Intern(MarksFields{.flags = kDigestOk | kWeightsAssumed, .breaker = {}}, AppendMarks);
    row.event_time_us = 1772366400000000 + static_cast<int64_t>(i) * 977;
    row.position = 1 + i % kRowsPerPerson;
    row.trace_id = Bytes16{static_cast<uint8_t>(i / kRowsPerPerson), 1};
    row.subject_class = 1;
    rows_.push_back(row);
    texts_.push_back(fmt::format("018f3a1c-7b2e-7c4d-9a51-{:012x}", i * 0x9E3779B97F));
    texts_.push_back(fmt::format("{}", 118'712'345 + i * 7919));
    texts_.push_back(fmt::format("018f3a1c-7b2e-7c4d-8a51-{:012x}", i / kRowsPerPerson));
  }

  FragmentTable table_;
  BlockBuilder builder_;
  TenantSealer sealer_;
  BlockContext context_;
  std::vector<RowFacts> rows_;
  std::vector<std::string> texts_;
};

bool Measure(bool personal_ids) {
  ShopBlock block(personal_ids);
  const SealedBlock sealed = block.Build();
  const BlockView view = BlockView::Parse(sealed.bytes).value();
  std::vector<std::string> rows(view.rows());
  size_t bytes = 0;
  for (uint32_t i = 0; i < view.rows(); ++i) {
    view.AppendRow(i, &rows[i]);
    bytes += rows[i].size();
  }
  crypto::Sha256 hasher;
  std::vector<double> seal;
  std::vector<double> bare;
  std::vector<double> verify;
  size_t sink = 0;
  for (int round = 0; round < kRounds; ++round) {
    double start = CpuSeconds();
    sink += block.Build().bytes.size();
    seal.push_back(CpuSeconds() - start);
    start = CpuSeconds();
    for (const std::string& row : rows) sink += hasher.Update(row).Final()[0];
    bare.push_back(CpuSeconds() - start);
    start = CpuSeconds();
    sink += BlockView::Parse(sealed.bytes).value().Verify().ok() ? 1 : 0;
    verify.push_back(CpuSeconds() - start);
  }
  const double ratio = Median(seal) / Median(bare);
  const double per_row = 1e6 / kRowsMax;
  std::printf(
      "{\"bench\":\"seal\",\"personal_ids\":%s,\"row_bytes\":%zu,\"block_bytes\":%zu,"
      "\"seal_us_per_row\":%.3f,\"bare_sha256_us_per_row\":%.3f,\"verify_us_per_row\":%.3f,"
      "\"ratio\":%.2f,\"goal\":%.1f,\"sink\":%zu}\n",
      personal_ids ? "true" : "false", bytes / rows.size(), sealed.bytes.size(),
      Median(seal) * per_row, Median(bare) * per_row, Median(verify) * per_row, ratio, kRatioMax,
      sink % 10);
  return ratio <= kRatioMax;
}

}  // namespace
}  // namespace lineward::decision

int main() {
  const bool sealed_ids = lineward::decision::Measure(true);
  const bool public_ids = lineward::decision::Measure(false);
  return sealed_ids && public_ids ? 0 : 1;
}
