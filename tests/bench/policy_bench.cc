// Time of one decision (`Evaluate` alone) at 64 to 4,096 rules, without and with a condition of
// four terms that is reached by every event, beside one SHA-256 of a row of 300 bytes. Variants run
// in turn, so that all see the same machine. Prints one JSON line per variant: median and 99th
// percentile over batches of 50 decisions, in nanoseconds a decision, and the ratio of medians.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "lineward/base/check.h"
#include "lineward/crypto/sha256.h"
#include "lineward/policy/policy_set.h"

namespace lineward::policy {
namespace {

constexpr int64_t kNow = 1'772'366'400'000'000;
constexpr int kBatch = 50;
constexpr int kBatches = 4'000;  // of each variant: 200,000 decisions
constexpr size_t kRowBytes = 300;

constexpr std::string_view kHead = "apiVersion: lineward/v1\nkind: ";
constexpr std::string_view kTaxonomy =
    "Taxonomy\nversion: 1\npurposes: [{id: \"dpv:A\"}, {id: \"dpv:B\", under: [\"dpv:A\"]}, {id: "
    "\"dpv:C\", under: [\"dpv:A\"]}, {id: \"dpv:D\", under: [\"dpv:B\"]}]\n";
constexpr std::string_view kVocabulary =
    "Vocabulary\ndata_categories: {a: {b: {}}, c: {}}\nplaces: {EU: {DE: {}, FR: {}}, US: {}}\n"
    "labels: [l1, l2]\nevent_fields: {rank: {type: int, optional: true}}\n";
constexpr std::string_view kCondition =
    "model.synthetic_share > 0.3 || (has(event.rank) && event.rank <= 3 && decision_time - "
    "model.trained_at > duration(\"720h\"))";

// `count` rules: one permit, forbids by keys that few events have, and one with the condition.
std::vector<SourceFile> Files(size_t count, bool has_condition) {
  static constexpr std::string_view kKeys[] = {
      "purpose_under: [\"dpv:C\"], label: [l1]",
      "data_category_under: [c], place_under: [US]",
      "surface: [s9]",
      "subject_class: [minor], label: [l2]",
      "purpose_under: [\"dpv:B\"], model: [m9]",
      "field: {rank: {gt: 900}}, data_category_under: [a]"};
  std::string rules = "- {id: ok, effect: permit, match: {purpose_under: [\"dpv:A\"]}}\n";
  for (size_t i = 1; i < count; ++i) {
    rules += fmt::format("- {{id: r{}, effect: forbid, match: {{{}}}}}\n", i,
                         kKeys[i % std::size(kKeys)]);
  }
  if (has_condition) {
    rules = fmt::format("- {{id: when, effect: forbid, when: '{}'}}\n", kCondition) + rules;
    rules.resize(rules.rfind("- {id: r"));
  }
  const auto file = [](std::string_view name, const std::string& body) {
    return SourceFile{std::string(name), std::string(kHead) + body};
  };
  return {file("t.yaml", std::string(kTaxonomy)), file("v.yaml", std::string(kVocabulary)),
          file("p.yaml", "Policy\npolicy: p@1\nrules:\n" + rules),
          file("b.yaml",
               "Bindings\nbindings:\n- {id: b, purposes: [\"dpv:A\"], consent_max_age_ms: 0, "
               "policies: [{policy: p@1}]}\n")};
}

// One set with promotions that differ in what rules read.
class Variant {
 public:
  Variant(size_t count, bool has_condition)
      : name_(fmt::format("{} rules{}", count, has_condition ? " and a condition" : "")) {
    Findings findings;
    const auto source = Parse(Files(count, has_condition), &findings);
    LW_CHECK(source.ok(), "{}", source.status().ToString());
    auto set = Compile(*source, &findings);
    LW_CHECK(set.ok(), "{}", set.status().ToString());
    LW_CHECK(set->rule_count() == count, "{}", set->rule_count());
    set_ = std::make_unique<PolicySet>(*std::move(set));
    model_.name = "ranker";
    model_.version = "1";
    model_.lineage.status = LineageStatus::kKnown;
    model_.lineage.allowed = base::BitSet256::First(4);
    model_.has_synthetic_share = true;
    model_.synthetic_share = 0.1;
    model_.trained_at_us = kNow - 1;
    for (int i = 0; i < kBatch; ++i) facts_.push_back(FactsOf(i));
  }

  const std::string& name() const { return name_; }
  std::vector<double>& samples() { return samples_; }

  void Sample(Scratch* scratch) {
    Verdict verdict;
    const auto begin = std::chrono::steady_clock::now();
    for (const Facts& facts : facts_) {
      set_->Evaluate(facts, scratch, &verdict);
      allowed_ += verdict.outcome == Outcome::kAllow ? 1 : 0;
    }
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    samples_.push_back(took.count() / kBatch);
  }
  size_t allowed() const { return allowed_; }

 private:
  Facts FactsOf(int i) const {
    static constexpr std::string_view kPurposes[] = {"dpv:B", "dpv:C", "dpv:D"};
    static constexpr std::string_view kPlaces[] = {"DE", "FR", "JP"};
    Facts facts;
    facts.decision_time_us = facts.event_time_us = kNow;
    facts.surface = set_->Surface("s1");
    facts.purpose = set_->Purpose(kPurposes[i % 3]);
    facts.has_subject = true;
    facts.subject_class = i % 7 == 0 ? SubjectClass::kMinor : SubjectClass::kAdult;
    facts.subject_place = set_->Place(kPlaces[i % 2]);
    facts.processing_place = set_->Place(kPlaces[i % 3]);
    facts.fields[0] = *set_->ParseField(0, std::to_string(1 + i % 5));
    facts.fields_present = 1;
    facts.model = &model_;
    return facts;
  }

  const std::string name_;
  std::unique_ptr<PolicySet> set_;
  ModelFacts model_;
  std::vector<Facts> facts_;
  std::vector<double> samples_;
  size_t allowed_ = 0;
};

double At(std::vector<double>* samples, double share) {
  const auto at =
      samples->begin() + static_cast<ptrdiff_t>(share * static_cast<double>(samples->size()));
  std::nth_element(samples->begin(), at, samples->end());
  return *at;
}

void Run() {
  std::vector<std::unique_ptr<Variant>> variants;
  for (size_t count : {64, 256, 1024, 4096}) {
    for (bool has_condition : {false, true}) {
      variants.push_back(std::make_unique<Variant>(count, has_condition));
    }
  }
  const std::string row(kRowBytes, 'r');
  std::vector<double> hashes;
  Scratch scratch;
  uint8_t sum = 0;
  for (int i = 0; i < kBatches; ++i) {
    for (const auto& variant : variants) variant->Sample(&scratch);
    const auto begin = std::chrono::steady_clock::now();
    for (int j = 0; j < kBatch; ++j) sum ^= crypto::Sha256Of(row)[0];
    const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
    hashes.push_back(took.count() / kBatch);
  }
  const double hash = At(&hashes, 0.5);
  fmt::print(
      "{{\"name\":\"SHA-256 of {} bytes\",\"median_ns\":{:.1f},\"p99_ns\":{:.1f},\"sum\":{}}}\n",
      kRowBytes, hash, At(&hashes, 0.99), sum);
  for (const auto& variant : variants) {
    LW_CHECK(variant->allowed() > 0, "{}: nothing was allowed", variant->name());
    const double median = At(&variant->samples(), 0.5);
    fmt::print("{{\"name\":\"{}\",\"median_ns\":{:.1f},\"p99_ns\":{:.1f},\"ratio\":{:.2f}}}\n",
               variant->name(), median, At(&variant->samples(), 0.99), median / hash);
  }
}

}  // namespace
}  // namespace lineward::policy

int main() { lineward::policy::Run(); }
