#include "policy/src/set_reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/small_set.h"

namespace lineward::policy {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string OfVocabulary(std::string_view body) {
  return FindingsIn({File("Taxonomy", kSmallTaxonomy), File("Vocabulary", body)});
}

std::string OfTaxonomy(std::string_view body) {
  return FindingsIn({File("Taxonomy", body), File("Vocabulary", "")});
}

std::string OfBinding(std::string_view keys) {
  return FindingsIn(SmallFiles(kPermitAll,
                               "- {id: home, purposes: [\"dpv:A\"], consent_max_age_ms: 0, "
                               "policies: [{policy: p@1}], " +
                                   std::string(keys) + "}\n"));
}

std::string OfEntry(std::string_view entries) {
  return FindingsIn(SmallFiles(
      kPermitAll, "- {id: home, purposes: [\"dpv:A\"], consent_max_age_ms: 0, policies: [" +
                      std::string(entries) + "]}\n"));
}

std::string OfEdge(std::string_view edges) {
  std::vector<SourceFile> files = SmallFiles();
  files.push_back(File("Compatibility", "edges:\n" + std::string(edges)));
  return FindingsIn(files);
}

TEST(Taxonomy, TakesItsOwnPrefixesAlone) {
  EXPECT_EQ(OfTaxonomy("version: 1\npurposes: [{id: \"x-acme:News\"}]\n"), "");
  for (const char* id : {"News", "acme:News", "x-:News", "dpv:", "dpv:a b", "x:News"}) {
    EXPECT_THAT(OfTaxonomy("version: 1\npurposes: [{id: \"" + std::string(id) + "\"}]\n"),
                HasSubstr("is no purpose id"))
        << id;
  }
}

TEST(Taxonomy, KnowsNoEdgeFromAVersionToCome) {
  EXPECT_EQ(OfTaxonomy("version: 2\npurposes: [{id: \"dpv:A\"}, {id: \"dpv:B\", under: [{id: "
                       "\"dpv:A\", since: 2}]}]\n"),
            "");
  EXPECT_THAT(OfTaxonomy("version: 2\npurposes: [{id: \"dpv:A\"}, {id: \"dpv:B\", under: [{id: "
                         "\"dpv:A\", since: 3}]}]\n"),
              HasSubstr("`since`: `3` is no whole number from 1 to 2"));
}

TEST(Vocabulary, NamesCategoriesByPathAndPlacesByKey) {
  const Source source =
      MustParse({File("Taxonomy", kSmallTaxonomy), File("Vocabulary", kSmallVocabulary)});
  std::vector<std::string> categories, places;
  for (const TreeNode& node : source.vocabulary.categories) categories.push_back(node.id);
  for (const TreeNode& node : source.vocabulary.places) places.push_back(node.id);
  EXPECT_THAT(categories, ElementsAre("a", "a.b", "c"));
  EXPECT_THAT(places, ElementsAre("EU", "DE", "FR", "US", "US-CA"));
}

TEST(Vocabulary, TakesAKeyTwiceInPathsButNotAPlaceTwice) {
  EXPECT_EQ(OfVocabulary("data_categories: {a: {x: {}}, b: {x: {}}}\n"), "");
  EXPECT_THAT(OfVocabulary("places: {EU: {DE: {}}, NATO: {DE: {}}}\n"),
              HasSubstr("LP103: `DE` stands twice"));
}

TEST(Vocabulary, Bounds16FieldsAnd256Names) {
  const auto fields = [](int count) {
    std::string text = "event_fields: {";
    for (int i = 0; i < count; ++i) text += "f" + std::to_string(i) + ": {type: int}, ";
    return text + "}\n";
  };
  EXPECT_EQ(OfVocabulary(fields(16)), "");
  EXPECT_THAT(OfVocabulary(fields(17)), HasSubstr("LP110: 17 event fields, at most 16 are taken"));
  const auto labels = [](int count) {
    std::string text = "labels: [";
    for (int i = 0; i < count; ++i) text += "l" + std::to_string(i) + ", ";
    return text + "]\n";
  };
  EXPECT_EQ(OfVocabulary(labels(256)), "");
  EXPECT_THAT(OfVocabulary(labels(257)), HasSubstr("LP110: 257 labels, at most 256 are taken"));
}

TEST(Vocabulary, OrdersLabelsAndRefusesOneTwice) {
  EXPECT_EQ(OfVocabulary("label_orders: {k: [low, high]}\n"), "");
  EXPECT_THAT(OfVocabulary("label_orders: {k: [low, low]}\n"),
              HasSubstr("LP103: `low` stands twice"));
  EXPECT_THAT(OfVocabulary("label_orders: [k]\n"), HasSubstr("`label_orders` must be a map"));
}

TEST(Vocabulary, NamesAnUnknownTypeOfField) {
  EXPECT_THAT(OfVocabulary("event_fields: {n: {type: integer}}\n"),
              HasSubstr("`type`: `integer` is none of `bool`, `int`, `double`, `string`, "
                        "`timestamp`"));
}

TEST(Compatibility, NeedsAnAssessmentAndAnEnd) {
  constexpr std::string_view kWhole =
      "- {id: e, from: \"dpv:B\", to: \"dpv:C\", assessment: x, effective: {until: "
      "2027-01-01T00:00:00Z}}\n";
  EXPECT_EQ(OfEdge(kWhole), "");
  EXPECT_THAT(OfEdge("- {id: e, from: \"dpv:B\", to: \"dpv:C\", effective: {until: "
                     "2027-01-01T00:00:00Z}}\n"),
              HasSubstr("LP112: a compatible use needs an `assessment`"));
  EXPECT_THAT(OfEdge("- {id: e, from: \"dpv:B\", to: \"dpv:C\", assessment: x}\n"),
              HasSubstr("LP112: a compatible use needs an end"));
  EXPECT_THAT(OfEdge(std::string(kWhole) + std::string(kWhole)),
              HasSubstr("LP103: compatible use `e` stands twice"));
  EXPECT_THAT(
      OfEdge("- {id: e, from: \"tcf:2\", to: \"dpv:X\", assessment: x, effective: {until: "
             "2027-01-01T00:00:00Z}}\n"),
      testing::AllOf(HasSubstr("alias `tcf:2` names a processing: it stands only in grants"),
                     HasSubstr("LP102: unknown purpose `dpv:X`")));
}

TEST(Binding, InShadowNeedsItsEnd) {
  EXPECT_EQ(OfBinding("mode: shadow, shadow_until: 2027-01-01T00:00:00Z"), "");
  EXPECT_THAT(OfBinding("mode: shadow"), HasSubstr("LP113: a binding in shadow needs"));
}

TEST(Binding, NamesWhatItDoesNotKnow) {
  EXPECT_THAT(OfBinding("discharges: [tll]"), HasSubstr("`tll` is no type of obligation"));
  EXPECT_THAT(OfBinding("legal: [{purpose: \"dpv:Gone\", require: consent}]"),
              HasSubstr("LP102: unknown purpose `dpv:Gone`"));
  EXPECT_THAT(OfBinding("legal: [{purpose: \"dpv:A\", require: nothing}]"),
              HasSubstr("`require`: `nothing` is none of"));
  EXPECT_THAT(OfBinding("select: {surfce: x}"), HasSubstr("(nearest: `surface`)"));
  EXPECT_THAT(OfEntry("{policy: p@2}"),
              HasSubstr("binding `home`: unknown policy `p@2` (nearest: `p@1`)"));
}

TEST(Binding, MustNotSelectTheSameAsAnother) {
  constexpr std::string_view kTwo =
      "- {id: home, purposes: [\"dpv:A\"], consent_max_age_ms: 0, policies: [{policy: p@1}]}\n"
      "- {id: feed, purposes: [\"dpv:A\"], consent_max_age_ms: 0, policies: [{policy: p@1}]}\n";
  EXPECT_THAT(FindingsIn(SmallFiles(kPermitAll, kTwo)),
              testing::AllOf(HasSubstr("LP103: binding `"), HasSubstr("` selects the same as `")));
}

TEST(Entry, OfACanaryNeedsItsSaltAndAShareWithinBounds) {
  EXPECT_THAT(OfEntry("{policy: p@1, mode: canary, share: 10001, salt: s}"),
              HasSubstr("LP113: `share`: `10001` is outside 0-10,000"));
  EXPECT_THAT(OfEntry("{policy: p@1, mode: canary, share: 1}"),
              HasSubstr("LP113: a canary entry needs a `salt`"));
  EXPECT_THAT(OfEntry("{policy: p@1, salt: s}"),
              HasSubstr("LP113: `salt` stands on canary entries only"));
  EXPECT_THAT(OfEntry("{policy: p@1, mode: canary, salt: s, replaces: p@1}"),
              HasSubstr("LP113: `replaces`: `p@1` is no other policy of this binding"));
}

TEST(Entry, StandsOncePerPolicy) {
  EXPECT_THAT(OfEntry("{policy: p@1}, {policy: p@1}"),
              HasSubstr("LP103: policy `p@1` stands twice"));
}

TEST(Regions, AreOfTheTreeOrCountries) {
  EXPECT_TRUE(IsKnownRegion({"EU", "US-CA"}, "US-CA"));
  EXPECT_TRUE(IsKnownRegion({"EU"}, "JP"));
  EXPECT_FALSE(IsKnownRegion({"EU"}, "US-CA"));
  EXPECT_FALSE(IsKnownRegion({"EU"}, "Atlantis"));
}

}  // namespace
}  // namespace lineward::policy
