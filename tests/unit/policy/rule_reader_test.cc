#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/small_set.h"

namespace lineward::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string OfRule(std::string_view keys) {
  return FindingsIn(SmallFiles("- {id: it, effect: forbid, " + std::string(keys) + "}\n"));
}
std::string OfMatch(std::string_view keys) { return OfRule("match: {" + std::string(keys) + "}"); }
std::string OfObligation(std::string_view keys) {
  return OfRule("obligations: [{" + std::string(keys) + "}]");
}

Rule Read(std::string_view rule) {
  const Source source = MustParse(SmallFiles("- {id: it, " + std::string(rule) + "}\n"));
  return source.policies[0].rules[0];
}

TEST(Rule, HasItsDefaults) {
  const Rule rule = Read("effect: forbid");
  EXPECT_EQ(rule.full_id, "p@1/it");
  EXPECT_TRUE(rule.is_block);
  EXPECT_FALSE(rule.is_hard);
  EXPECT_FALSE(rule.is_overridable);
  EXPECT_EQ(rule.mode, RuleMode::kEnforce);
  EXPECT_EQ(rule.ground, Ground::kPurpose);
  EXPECT_FALSE(rule.match.has_value());
  EXPECT_TRUE(rule.effective.Has(INT64_MIN + 1));
}

TEST(Rule, ResolvesPurposesAndSortsItsLists) {
  const Rule rule = Read(
      "effect: permit, match: {purpose_under: [\"tcf:1\", \"dpv:B\", \"dpv:Old\"], label: [l2, "
      "l1], field: {n: {lt: 4, gte: 0}, d: {gt: 1e5}}}");
  EXPECT_THAT(rule.match->purpose_under, ElementsAre("dpv:B", "dpv:D"));
  EXPECT_THAT(rule.match->label, ElementsAre("l1", "l2"));
  ASSERT_EQ(rule.match->fields.size(), 3u);
  EXPECT_EQ(rule.match->fields[0].field, "d");
  EXPECT_THAT(rule.match->fields[0].values, ElementsAre("1e+05"));
  EXPECT_EQ(rule.match->fields[1].op, FieldCondition::Operator::kLt);
  EXPECT_EQ(rule.match->fields[2].op, FieldCondition::Operator::kGte);
}

TEST(Rule, IsNotHardAndOverridable) {
  EXPECT_EQ(OfRule("hard: true"), "");
  EXPECT_THAT(OfRule("hard: true, overridable: true"),
              HasSubstr("LP111: rule `p@1/it`: a rule is `hard` or `overridable`, not both"));
}

TEST(Rule, OfAPermitHasNoSeverity) {
  for (const char* key : {"severity: block", "hard: false", "overridable: true"}) {
    EXPECT_THAT(FindingsIn(SmallFiles("- {id: ok, effect: permit, " + std::string(key) + "}\n")),
                HasSubstr("stands on forbids only"))
        << key;
  }
}

TEST(Rule, StandsOnce) {
  EXPECT_EQ(FindingsIn(SmallFiles("- {id: a, effect: permit}\n- {id: a, effect: forbid}\n")),
            "Policy.yaml:6:3: LP103: rule `p@1/a` stands twice, first in line 5\n");
}

TEST(Rule, BoundsItsExpression) {
  EXPECT_THAT(OfRule("when: '" + std::string(4097, 'x') + "'"),
              HasSubstr("LP107: rule `p@1/it`: `when` has 4097 bytes, at most 4096 are taken"));
}

TEST(Match, IsNeverEmpty) {
  EXPECT_THAT(OfMatch(""), HasSubstr("`match` is empty: leave it out to match always"));
  EXPECT_THAT(OfMatch("label: []"), HasSubstr("`label` is empty"));
  EXPECT_THAT(OfMatch("field: {}"), HasSubstr("`field` is empty"));
  EXPECT_THAT(OfMatch("label: "), HasSubstr("key `label` has no value"));
}

TEST(Match, NamesWhatItDoesNotKnowWithTheNearest) {
  EXPECT_THAT(OfMatch("label: [l3]"),
              HasSubstr("LP102: rule `p@1/it`: unknown label `l3` (nearest: "));
  EXPECT_THAT(OfMatch("data_category_under: [b]"), HasSubstr("unknown data category `b`"));
  EXPECT_THAT(OfMatch("place_under: [US-NY]"), HasSubstr("unknown place `US-NY`"));
  EXPECT_EQ(OfMatch("place_under: [JP]"), "");
  EXPECT_THAT(OfMatch("subject_class: [adlut]"), HasSubstr("(nearest: `adult`)"));
  EXPECT_THAT(OfMatch("processing: [LEARN]"), HasSubstr("`LEARN` is none of `TRAIN`"));
  EXPECT_THAT(OfMatch("purpose_under: [\"tcf:2\"]"), HasSubstr("it stands only in grants"));
  EXPECT_THAT(OfMatch("labels: [l1]"), HasSubstr("`match` has no key `labels` (nearest: `label`)"));
}

TEST(MatchField, TakesTheOperatorsOfItsType) {
  for (const char* good : {"b: {eq: true}", "n: {gte: 0, lt: 4}", "n: {in: [1, 2]}", "d: {gt: 0.5}",
                           "s: {eq: x}", "t: {lt: 2026-03-01T12:00:00Z}"}) {
    EXPECT_EQ(OfMatch("field: {" + std::string(good) + "}"), "") << good;
  }
  for (const char* bad : {"d: {eq: 0.5}", "d: {in: [0.5]}", "b: {lt: true}", "s: {gte: x}"}) {
    EXPECT_THAT(OfMatch("field: {" + std::string(bad) + "}"), HasSubstr("its type takes no"))
        << bad;
  }
}

TEST(MatchField, RefusesValuesOfAnotherType) {
  for (const char* bad :
       {"b: {eq: yes}", "n: {eq: 1.0}", "n: {eq: x}", "d: {gt: nan}", "t: {lt: yesterday}"}) {
    EXPECT_THAT(OfMatch("field: {" + std::string(bad) + "}"), HasSubstr("does not fit its type"))
        << bad;
  }
  EXPECT_THAT(OfMatch("field: {n: {in: []}}"), HasSubstr("`in` is empty"));
  EXPECT_THAT(OfMatch("field: {n: {}}"), HasSubstr("field `n` has no condition"));
  EXPECT_THAT(OfMatch("field: {nn: {eq: 1}}"),
              HasSubstr("LP102: rule `p@1/it`: unknown event field `nn`"));
}

TEST(ObligationText, NeedsItsParametersAndNoOthers) {
  EXPECT_EQ(OfObligation("type: ttl, seconds: 2147483647"), "");
  EXPECT_THAT(OfObligation("type: ttl"), HasSubstr("key `seconds` is missing"));
  EXPECT_THAT(OfObligation("type: ttl, seconds: 2147483648"),
              HasSubstr("no whole number from 0 to 2147483647"));
  EXPECT_THAT(OfObligation("type: no_train, seconds: 1"),
              HasSubstr("obligation `no_train` has no key `seconds`"));
  EXPECT_THAT(OfObligation("type: log, level: all"), HasSubstr("`level`: `all` is none of"));
  EXPECT_THAT(OfObligation("type: redact, fields: []"), HasSubstr("`redact` names no field"));
  EXPECT_THAT(OfObligation("type: lable, key: k, value: v"), HasSubstr("(nearest: `label`)"));
  EXPECT_THAT(OfObligation("seconds: 1"), HasSubstr("key `type` is missing"));
}

TEST(ObligationText, MustNotContradictItself) {
  constexpr std::string_view kTwo =
      "obligations: [{type: label, key: KEY, value: low}, {type: label, key: KEY, value: high}]";
  const auto with = [&](const std::string& key) {
    std::string text(kTwo);
    for (size_t at; (at = text.find("KEY")) != std::string::npos;) text.replace(at, 3, key);
    return OfRule(text);
  };
  EXPECT_EQ(with("k"), "") << "its order says which is the stricter";
  EXPECT_THAT(with("j"), HasSubstr("LP114: rule `p@1/it`: label `j` is both `high` and `low`"));
}

TEST(ObligationText, Takes8AndRefusesOneMore) {
  const auto list = [](int count) {
    std::string text = "obligations: [";
    for (int i = 0; i < count; ++i) text += "{type: ttl, seconds: " + std::to_string(i) + "}, ";
    return OfRule(text + "]");
  };
  EXPECT_EQ(list(8), "");
  EXPECT_THAT(list(9), HasSubstr("LP110: rule `p@1/it`: 9 obligations, at most 8 are taken"));
}

TEST(Explanation, NamesFieldsOfTheEventButNobody) {
  EXPECT_EQ(OfRule("explanation: '{{event.surface}} for {{event.purpose}} at {{event.n}}'"), "");
  for (const char* name : {"event.item", "subject.id", "subject"}) {
    EXPECT_THAT(OfRule("explanation: '{{" + std::string(name) + "}}'"),
                HasSubstr("LP115: rule `p@1/it`: an explanation names no subject and no item"))
        << name;
  }
  EXPECT_THAT(OfRule("explanation: '{{event.nn}}'"), HasSubstr("names the unknown `event.nn`"));
  EXPECT_THAT(OfRule("explanation: '{{event.n'"), HasSubstr("`{{` but no `}}`"));
}

}  // namespace
}  // namespace lineward::policy
