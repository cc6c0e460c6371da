#include "lineward/policy/import_dpv.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "tests/unit/policy/builders.h"

namespace lineward::policy {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

constexpr std::string_view kHead = "\"term\",\"type\",\"label\",\"hasbroader\"\n";

std::string Class(std::string_view term, std::string_view parents) {
  return "\"" + std::string(term) + "\",\"class\",\"\",\"" + std::string(parents) + "\"\n";
}

std::string Csv(std::string_view rows) { return std::string(kHead) + std::string(rows); }

std::string FailureOf(std::string_view csv) {
  Findings findings;
  const auto imported = ImportDpv(csv, "p.csv", &findings);
  return imported.ok() ? "" : std::string(base::MessageOf(imported.status()));
}

absl::StatusOr<Taxonomy> Built(const TaxonomySource& source) {
  Findings findings;
  return Taxonomy::Build(source, "p.csv", &findings);
}

TEST(ImportDpv, ReadsClassesWithTheirParents) {
  Findings findings;
  const auto imported =
      ImportDpv(Csv(Class("Purpose", "") + Class("A", "https://w3id.org/dpv#Purpose") +
                    Class("B", "https://w3id.org/dpv#Purpose;https://w3id.org/dpv#A") +
                    "\"hasPurpose\",\"property\",\"\",\"\"\n"),
                "p.csv", &findings);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_THAT(findings.list, IsEmpty());
  EXPECT_EQ(TaxonomyText(*imported),
            "apiVersion: lineward/v1\nkind: Taxonomy\nversion: 1\npurposes:\n"
            "- {id: \"dpv:Purpose\"}\n- {id: \"dpv:A\", under: [\"dpv:Purpose\"]}\n"
            "- {id: \"dpv:B\", under: [\"dpv:Purpose\", \"dpv:A\"]}\n");
}

TEST(ImportDpv, ReadsQuotesCommasLineBreaksAndBareFields) {
  Findings findings;
  const auto imported = ImportDpv(
      "term,type,label,hasbroader\r\nPurpose,class,\"a, \"\"b\"\"\nc\",\r\n"
      "A,class,,https://w3id.org/dpv#Purpose",
      "p.csv", &findings);
  ASSERT_TRUE(imported.ok()) << imported.status();
  ASSERT_EQ(imported->purposes.size(), 2u);
  EXPECT_EQ(imported->purposes[1].id, "dpv:A");
  EXPECT_EQ(imported->purposes[1].origin.place.line, 4u);
}

TEST(ImportDpv, MendsAParentOutsideTheFileAndASecondRoot) {
  Findings findings;
  const auto imported =
      ImportDpv(Csv(Class("Purpose", "") + Class("Rights", "https://w3id.org/dpv#LegalObligation") +
                    Class("Sector", "")),
                "p.csv", &findings);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(AllFindings(findings),
            "p.csv:3:1: warning LP104: `dpv:Rights` names `dpv:LegalObligation`, not in the file: "
            "dropped; it stands under `dpv:Purpose`\n"
            "p.csv:4:1: warning LP104: `dpv:Sector` is a second root; it stands under "
            "`dpv:Purpose`\n");
  const auto built = Built(*imported);
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_EQ(built->size(), 3u);
  EXPECT_EQ(built->edge_count(), 2u);
}

TEST(ImportDpv, RefusesWhatIsNoSuchFile) {
  EXPECT_EQ(FailureOf(""), "p.csv: line 1: the file is empty");
  EXPECT_EQ(FailureOf("term,type\n"), "p.csv: line 1: no column `hasbroader`");
  EXPECT_EQ(FailureOf(Csv(Class("A", ""))), "p.csv: no class `Purpose` among 1");
  EXPECT_EQ(FailureOf(Csv("x,class\n")), "p.csv: line 2: 2 fields, the head has 4");
  EXPECT_EQ(FailureOf(Csv(Class("Purpose", "") + "\"A,class")),
            "p.csv: line 3: a quoted field is not closed");
  EXPECT_EQ(FailureOf(Csv(Class("Purpose", "") + Class("Purpose", ""))),
            "p.csv: line 3: `dpv:Purpose` twice");
}

// The counts are those that https://w3id.org/dpv tells of the file, counted by another program.
TEST(ImportDpv, TakesTheWholeVocabulary) {
  LW_SHARED_DATA_OR_SKIP(path, "dpv/purposes.csv");
  Findings findings;
  const auto imported = ImportDpv(support::ReadFile(path), "purposes.csv", &findings);
  ASSERT_TRUE(imported.ok()) << imported.status();
  EXPECT_EQ(imported->purposes.size(), 123u);
  const auto two = std::count_if(imported->purposes.begin(), imported->purposes.end(),
                                 [](const PurposeTerm& term) { return term.under.size() == 2; });
  EXPECT_EQ(two, 11);
  const auto dropped = std::count_if(
      findings.list.begin(), findings.list.end(),
      [](const Finding& finding) { return finding.message.find("dropped") != std::string::npos; });
  EXPECT_EQ(dropped, 1);
  EXPECT_THAT(AllFindings(findings), HasSubstr("`dpv:LegalObligation`"));
  const auto built = Built(*imported);
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_EQ(built->size(), 123u);
}

TEST(ImportDpv, ControlACycleIsRefused) {
  LW_SHARED_DATA_OR_SKIP(path, "dpv/purposes.csv");
  Findings findings;
  auto imported = ImportDpv(support::ReadFile(path), "purposes.csv", &findings);
  ASSERT_TRUE(imported.ok()) << imported.status();
  for (PurposeTerm& term : imported->purposes) {
    if (term.id == "dpv:Marketing") term.under = {{.id = "dpv:DirectMarketing"}};
  }
  EXPECT_FALSE(Built(*imported).ok());
}

}  // namespace
}  // namespace lineward::policy
