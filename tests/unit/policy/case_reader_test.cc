#include "policy/src/case_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/small_set.h"

namespace lineward::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class CaseReading : public testing::Test {
 protected:
  // What the case says by names, if it is sound.
  const NamedFacts& Read(std::string_view yaml) {
    document::YamlDocument document = document::ParseYaml(yaml, {kFileBytesMax, 32});
    EXPECT_TRUE(document.root.has_value()) << yaml;
    node_ = *std::move(document.root);
    findings_ = {};
    Reader in(&findings_, "t.yaml", 0, false);
    facts_ = std::make_unique<CaseFacts>();
    is_sound_ = ReadCase(&in, node_, set_, nullptr, facts_.get());
    EXPECT_EQ(is_sound_, !findings_.has_errors());
    return facts_->named;
  }
  std::string Told(std::string_view yaml) {
    Read(yaml);
    return AllFindings(findings_);
  }

  PolicySet set_ = MustCompile(SmallFiles());
  document::YamlNode node_;
  Findings findings_;
  std::unique_ptr<CaseFacts> facts_;
  bool is_sound_ = false;
};

TEST_F(CaseReading, TakesTheEventTimeForTheDecisionUnlessGiven) {
  EXPECT_EQ(Read("event: {time: 1970-01-01T00:00:01Z}\n").decision_time_us, 1'000'000);
  const NamedFacts& both =
      Read("event: {time: 1970-01-01T00:00:01Z}\ndecision_time: 1970-01-01T00:00:02Z\n");
  EXPECT_EQ(both.event_time_us, 1'000'000);
  EXPECT_EQ(both.decision_time_us, 2'000'000);
}

TEST_F(CaseReading, LetsEffGrantAndBasisStandForWhatIsBelow) {
  const NamedFacts& facts = Read(
      "model: {eff: [\"dpv:B\"], basis: {contract: [\"dpv:B\"]}}\n"
      "consent: {granted: [\"dpv:B\"], age_ms: 40}\n");
  EXPECT_THAT(facts.model->lineage.allowed, ElementsAre("dpv:B", "dpv:D"));
  EXPECT_THAT(facts.model->lineage.basis[static_cast<size_t>(Basis::kContract)],
              ElementsAre("dpv:B", "dpv:D"));
  EXPECT_THAT(facts.consent->granted, ElementsAre("dpv:B", "dpv:D"));
  EXPECT_EQ(facts.consent->age_ms, 40);
}

TEST_F(CaseReading, LetsAWithdrawalReachUpAndDownAndEffExactItselfAlone) {
  const NamedFacts& facts = Read(
      "model: {eff_exact: [\"dpv:B\"]}\nconsent: {withdrawn: [\"dpv:B\"], objected: "
      "[\"dpv:D\"]}\n");
  EXPECT_THAT(facts.model->lineage.allowed, ElementsAre("dpv:B"));
  EXPECT_THAT(facts.consent->withdrawn, ElementsAre("dpv:A", "dpv:B", "dpv:D"));
  EXPECT_THAT(facts.consent->objected, ElementsAre("dpv:A", "dpv:B", "dpv:D"));
}

TEST_F(CaseReading, TakesUnknownForModelAndConsent) {
  const NamedFacts& facts = Read("model: unknown\nconsent: unknown\n");
  EXPECT_FALSE(facts.model.has_value());
  EXPECT_FALSE(facts.consent.has_value());
}

TEST_F(CaseReading, TellsAnonymousFromAClassOfNobodyKnown) {
  EXPECT_FALSE(Read("subject: {class: anonymous}\n").has_subject);
  EXPECT_EQ(Read("subject: {class: anonymous}\n").subject_class, std::nullopt);
  EXPECT_FALSE(Read("subject: {class: minor, anonymous: true}\n").has_subject);
  EXPECT_EQ(Read("subject: {class: minor, anonymous: true}\n").subject_class, "minor");
  EXPECT_TRUE(Read("subject: {class: unknown}\n").has_subject);
}

TEST_F(CaseReading, GathersADatasetsLineageFromGrantsAndProhibitions) {
  const NamedFacts& facts = Read(
      "model: {inputs: [d]}\ndatasets: {d: {grants: [{purposes: [\"dpv:A\"], basis: contract}], "
      "prohibits: [{purposes: [\"dpv:D\"]}], labels: [l1]}}\n");
  EXPECT_THAT(facts.model->lineage.allowed, ElementsAre("dpv:C"))
      << "D, and B and A above it, fall";
  EXPECT_THAT(facts.model->lineage.labels, ElementsAre("l1"));
}

TEST_F(CaseReading, SaysWhatIsWrongWithAnOutcomeAKeyOrAName) {
  EXPECT_THAT(Told("breaker: {outcome: STOP}\n"), HasSubstr("`STOP` is no outcome"));
  EXPECT_THAT(Told("breaker: {outcome: BLOCK, obligations: [{type: redact, fields: [f]}]}\n"),
              HasSubstr("`redact` names a field that no file of the set names"));
  EXPECT_THAT(Told("model: {eff: [\"dpv:Gone\"]}\n"),
              HasSubstr("LP102: unknown purpose `dpv:Gone`"));
  EXPECT_THAT(Told("subject: {clas: adult}\n"),
              HasSubstr("`subject` has no key `clas` (nearest: `class`"));
}

}  // namespace
}  // namespace lineward::policy
