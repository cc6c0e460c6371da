#include "lineward/control/names.h"

#include <gtest/gtest.h>

namespace lineward::control {
namespace {

TEST(Names, EncodeEachPartOnce) {
  EXPECT_EQ(DatasetName("s3://lake", "clicks"), "datasets/s3%3A%2F%2Flake/clicks");
  EXPECT_EQ(DatasetVersionName("datasets/default/a", "sha256:9f"),
            "datasets/default/a/versions/sha256%3A9f");
  EXPECT_EQ(ModelVersionName("über", 3), "models/%C3%BCber/versions/3");
  EXPECT_EQ(AliasName("ranker", "live"), "models/ranker/aliases/live");
  EXPECT_EQ(RunName("7f31"), "runs/7f31");
  EXPECT_EQ(JobName("a b", "c"), "jobs/a%20b/c");
  EXPECT_EQ(ModelName("~x._-"), "models/~x._-");
}

TEST(Names, DecodeTakesBackWhatEncodeGaveAndRefusesBrokenEscapes) {
  EXPECT_EQ(DecodeSegment(EncodeSegment("a/%:\n")), "a/%:\n");
  EXPECT_EQ(DecodeSegment("%2f"), "/");
  EXPECT_EQ(DecodeSegment("a%2Fb%252F+"), "a/b%2F+");
  for (const char* text : {"%", "%2", "%zz", "a%0", "a%2", "%00"}) {
    EXPECT_EQ(DecodeSegment(text), std::nullopt) << text;
  }
  std::string all;
  for (int c = 1; c < 256; ++c) all.push_back(static_cast<char>(c));
  EXPECT_EQ(DecodeSegment(EncodeSegment(all)), all);
}

TEST(Names, AReferenceNamesTheSeriesOrAVersion) {
  EXPECT_EQ(ParseDatasetReference("default/clicks"), "datasets/default/clicks");
  EXPECT_EQ(ParseDatasetReference("s3%3A%2F%2Flake/clicks@2026-11"),
            "datasets/s3%3A%2F%2Flake/clicks/versions/2026-11");
}

TEST(Names, TheColonOfADigestMayStandBare) {
  EXPECT_EQ(ParseDatasetReference("default/clicks@sha256:9f"),
            ParseDatasetReference("default/clicks@sha256%3A9f"));
}

TEST(Names, WhatIsNoReferenceHasNoResource) {
  for (const char* text : {"", "clicks", "/clicks", "default/", "a/b/c", "a/b@", "a%2/b"}) {
    EXPECT_EQ(ParseDatasetReference(text), std::nullopt) << text;
  }
}

TEST(Names, PeopleReadTheShortForm) {
  EXPECT_EQ(DisplayName("models/ranker/versions/2"), "ranker@2");
  EXPECT_EQ(DisplayName("datasets/default/clicks"), "default/clicks");
  EXPECT_EQ(DisplayName("datasets/default/clicks/versions/sha256%3A9f"),
            "default/clicks@sha256:9f");
  EXPECT_EQ(DisplayName("runs/7f31"), "run 7f31");
  EXPECT_EQ(DisplayName("models/ranker/aliases/live"), "models/ranker/aliases/live");
}

}  // namespace
}  // namespace lineward::control
