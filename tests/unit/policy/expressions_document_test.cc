// docs/policy/expressions.md: its examples load under what is shipped, and it names every variable
// and function that an expression may use.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "policy/src/when.h"
#include "tests/support/shared_data.h"
#include "tests/unit/policy/builders.h"

namespace lineward::policy {
namespace {

using testing::HasSubstr;

std::string Document() {
  return support::ReadFile(std::string(LINEWARD_SOURCE_DIR) + "/docs/policy/expressions.md");
}

std::string Examples() {
  const std::string text = Document();
  const size_t begin = text.find("```yaml\n") + 8;
  return text.substr(begin, text.find("```\n", begin) - begin);
}

std::vector<SourceFile> Shipped(const std::string& rules) {
  const std::string vocabulary =
      support::ReadFile(std::string(LINEWARD_SOURCE_DIR) + "/config/policies/vocabulary.yaml");
  return WithTaxonomy(
      {{"vocabulary.yaml", vocabulary},
       File("Policy", "policy: examples@1\nrules:\n" + rules),
       File("Bindings",
            "bindings:\n- {id: b, purposes: [\"dpv:Purpose\"], consent_max_age_ms: 5000, policies: "
            "[{policy: examples@1}]}\n")});
}

TEST(ExpressionsDocument, HasExamplesThatLoad) {
  Findings findings;
  const Source source = MustParse(Shipped(Examples()));
  const auto set = Compile(source, &findings);
  ASSERT_TRUE(set.ok()) << AllFindings(findings);
  EXPECT_GE(set->rule_count(), 10u);
  for (const Rule& rule : source.policies[0].rules) EXPECT_NE(rule.expression, nullptr) << rule.id;
}

TEST(ExpressionsDocument, WouldBeSeenToHaveAWrongExample) {
  std::string rules = Examples();
  rules.replace(rules.find("\"licensed\""), 10, "\"licenced\"");
  Findings findings;
  EXPECT_FALSE(Parse(Shipped(rules), &findings).ok());
  EXPECT_THAT(AllFindings(findings), HasSubstr("LP102: rule `examples@1/paid-needs-licensed-data`: "
                                               "unknown label `licenced` (nearest: `licensed`)"));
}

TEST(ExpressionsDocument, NamesEveryVariableAndFunction) {
  const std::string text = Document();
  const cel::Env env = when::EnvOf(Vocabulary());
  for (const cel::Variable& variable : env.variables) {
    EXPECT_THAT(text, HasSubstr("`" + variable.name + "`"));
  }
  for (const cel::HostFunction& function : env.functions) {
    EXPECT_THAT(text, HasSubstr("| `" + function.name + "("));
  }
}

}  // namespace
}  // namespace lineward::policy
