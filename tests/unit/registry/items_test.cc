#include "lineward/registry/items.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/registry/world.h"

namespace lineward::registry {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Normal(std::string_view text) {
  std::vector<Violation> violations;
  const auto item = ParseItem(Parse(text), std::nullopt, "", TestPurposes(), &violations);
  if (!item.has_value()) return "refused: " + violations.at(0).field + " " + violations[0].message;
  return item->subject + " " + document::Canonical(item->body);
}

TEST(Items, AreWhatComesBackFromTheirFacts) {
  std::vector<Violation> violations;
  const auto item = ParseItem(
      Parse(R"({"kind":"DATASET","name":"clicks","synthetic":true,"declaration":{"grants":[
                {"purposes":["ads"],"processing":["TRAIN"],"basis":"CONTRACT"}]}})"),
      std::nullopt, "", TestPurposes(), &violations);
  ASSERT_TRUE(item.has_value());
  EXPECT_EQ(item->body, Parse(document::Canonical(item->body)));
}

TEST(Items, DatasetIsNormalised) {
  EXPECT_EQ(
      Normal(R"({"kind":"DATASET","namespace":"s3://lake","name":"clicks","owners":["b","a","b"],
                       "synthetic":true,"declaration":{"grants":[{"purposes":["ads"],
                       "processing":["SERVE","TRAIN"],"basis":"CONTRACT"}],
                       "retain_until":"2027-01-01T01:00:00+01:00"}})"),
      R"(datasets/s3%3A%2F%2Flake/clicks {"declaration":{"grants":[{"basis":"CONTRACT",)"
      R"("processing":["SERVE","TRAIN"],"purposes":["dpv:Advertising"]}],)"
      R"("retain_until":"2027-01-01T00:00:00Z"},"name":"clicks","namespace":"s3://lake",)"
      R"("owners":["a","b"],"synthetic":1})");
}

TEST(Items, AnAliasThatNarrowsBecomesAGrantOfItsOwn) {
  EXPECT_THAT(Normal(R"({"kind":"DATASET","name":"d","declaration":{"grants":[
                         {"purposes":["ads","tcf:5"],"basis":"CONSENT"}]}})"),
              HasSubstr(R"("grants":[{"basis":"CONSENT","processing":["PROFILE"],)"
                        R"("purposes":["dpv:Marketing"]},{"basis":"CONSENT",)"
                        R"("purposes":["dpv:Advertising"]}])"));
}

TEST(Items, VersionIsNamedByDigestElseByLabel) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  EXPECT_THAT(
      Normal(R"({"kind":"DATASET_VERSION","dataset":"default/clicks","label":"1","digest":")" +
             digest + "\"}"),
      HasSubstr("datasets/default/clicks/versions/sha256"));
  EXPECT_THAT(Normal(R"({"kind":"DATASET_VERSION","dataset":"default/clicks","label":"2026-11"})"),
              HasSubstr("datasets/default/clicks/versions/2026-11"));
  EXPECT_THAT(Normal(R"({"kind":"DATASET_VERSION","dataset":"default/clicks"})"),
              HasSubstr("refused: digest"));
}

TEST(Items, EveryViolationIsToldWithItsField) {
  std::vector<Violation> violations;
  const auto item =
      ParseItem(Parse(R"({"kind":"DATASET","naem":"clicks","type":"TABEL","declaration":{"grants":[
                {"purposes":["dpv:Marketting"],"basis":"CONSENT"},{"purposes":["ads"]}]}})"),
                std::nullopt, "items[2].", TestPurposes(), &violations);
  EXPECT_FALSE(item.has_value());
  std::vector<std::string> fields;
  for (const Violation& violation : violations) fields.push_back(violation.field);
  EXPECT_THAT(fields, ElementsAre("items[2].name", "items[2].type",
                                  "items[2].declaration.grants[0].purposes[0]",
                                  "items[2].declaration.grants[1].basis", "items[2].naem"));
  EXPECT_THAT(violations[1].message, HasSubstr("nearest: `TABLE`"));
  EXPECT_THAT(violations[2].message, HasSubstr("nearest: `dpv:Marketing`"));
}

TEST(Items, RefusesWhatIsNoItem) {
  EXPECT_THAT(Normal("[]"), HasSubstr("is an object"));
  EXPECT_THAT(Normal(R"({"kind":"DATASTE"})"), HasSubstr("nearest: `DATASET`"));
  EXPECT_THAT(Normal(R"({"kind":"MODEL","name":"a/b"})"), HasSubstr("holds one of"));
  EXPECT_THAT(Normal(R"({"kind":"MODEL_VERSION","model":"m","weights_digest":"md5:1"})"),
              HasSubstr("weights_digest"));
  EXPECT_THAT(Normal(R"({"kind":"MODEL_VERSION","model":"m","inputs":["a/b/c"]})"),
              HasSubstr("refused: inputs[0]"));
  EXPECT_THAT(Normal(R"({"kind":"DATASET","name":"d","valid_from":"2026-02-01T00:00:00Z",
                         "valid_to":"2026-01-01T00:00:00Z"})"),
              HasSubstr("refused: valid_to"));
}

TEST(Items, EdgeEndsDependOnItsKind) {
  EXPECT_THAT(Normal(R"({"kind":"EDGE","edge":"DERIVED","from":"default/a","to":"default/b"})"),
              HasSubstr("edges/DERIVED/datasets/default/a/datasets/default/b"));
  EXPECT_THAT(Normal(R"({"kind":"EDGE","edge":"PARENT","from":"base@1","to":"ranker@2"})"),
              HasSubstr("models/base/versions/1"));
  EXPECT_THAT(Normal(R"({"kind":"EDGE","edge":"TRAINED","from":"r1","to":"default/b"})"),
              HasSubstr("refused: to"));
}

TEST(Items, StatusHoldsAllViolationsAndTheReason) {
  const absl::Status status = StatusOf({{"a", "is missing"}, {"b", "is a text"}}, "INVALID_FIELD");
  EXPECT_EQ(base::ReasonOf(status), "INVALID_FIELD");
  EXPECT_EQ(base::MessageOf(status), "`a`: is missing; `b`: is a text");
  EXPECT_EQ(base::ReasonOf(StatusOf({{"a", "unknown purpose `x`"}}, "INVALID_FIELD")),
            "PURPOSE_UNKNOWN");
}

TEST(Items, DigestsAreLowerCaseHexOfTheRightLength) {
  EXPECT_TRUE(IsDigest("sha256:" + std::string(64, '0')));
  EXPECT_TRUE(IsDigest("sha512:" + std::string(128, 'f')));
  EXPECT_FALSE(IsDigest("sha256:" + std::string(63, '0')));
  EXPECT_FALSE(IsDigest("sha256:" + std::string(64, 'F')));
}

}  // namespace
}  // namespace lineward::registry
