#include "config/src/codec.h"

#include <gtest/gtest.h>

namespace lineward::config {
namespace {

TEST(Codec, BoolsAreTrueAndFalseOnly) {
  EXPECT_TRUE(Codec<bool>::Parse("true").value());
  for (const char* text : {"yes", "NO", "1", "True", ""})
    EXPECT_FALSE(Codec<bool>::Parse(text).ok());
}

TEST(Codec, ListsAreSeparatedByCommasInText) {
  EXPECT_EQ(Codec<std::vector<std::string>>::Parse("a,b").value(),
            (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(Codec<std::vector<std::string>>::Parse(JoinList({"a,b"})).value(),
            (std::vector<std::string>{"a,b"}));
  EXPECT_TRUE(Codec<std::vector<std::string>>::Parse("").value().empty());
}

TEST(Codec, BoundsReadAsWords) {
  EXPECT_EQ(BoundsText({.sentence = "x", .min = "10ms", .max = "1s"}), "10ms to 1s");
  EXPECT_EQ(BoundsText({.sentence = "x", .choices = {"a", "b"}}), "a, b");
}

}  // namespace
}  // namespace lineward::config
