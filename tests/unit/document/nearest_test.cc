#include "lineward/document/nearest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lineward::document {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const std::vector<std::string> kNames = {"Marketing", "Personalisation", "market", "Marketings"};

TEST(Nearest, CountsInsertionsDeletionsAndReplacements) {
  EXPECT_EQ(EditDistance("kitten", "sitting"), 3u);
  EXPECT_EQ(EditDistance("", "abc"), 3u);
  EXPECT_EQ(EditDistance("same", "same"), 0u);
}

TEST(Nearest, TellsWhatIsTooFarAsOneAboveTheLimit) {
  EXPECT_EQ(EditDistance("abcdefgh", "zyxwvuts"), 4u);
  EXPECT_EQ(EditDistance("a", "abcdefgh"), 4u);
}

TEST(Nearest, NamesTheNearestFirst) {
  EXPECT_THAT(Nearest("Marketting", kNames), ElementsAre("Marketing", "Marketings"));
}

TEST(Nearest, NamesNothingBeyondThreeEdits) {
  EXPECT_THAT(Nearest("Marketing1234", std::vector<std::string>{"Marketing"}), IsEmpty());
  EXPECT_THAT(Nearest("Marketing123", std::vector<std::string>{"Marketing"}),
              ElementsAre("Marketing"));
}

TEST(Nearest, NamesAtMostThree) {
  EXPECT_THAT(Nearest("aaaa", std::vector<std::string>{"aaad", "aaac", "aaab", "aaae"}),
              ElementsAre("aaab", "aaac", "aaad"));
}

TEST(Nearest, OffersNoNameThatSharesNothingWithAShortWord) {
  EXPECT_THAT(Nearest("xy", std::vector<std::string>{"ab", "xz"}), ElementsAre("xz"));
}

TEST(Nearest, EndsAMessageWithItsHint) {
  EXPECT_EQ(NearestHint("Marketting", kNames), " (nearest: `Marketing`, `Marketings`)");
  EXPECT_EQ(NearestHint("zzzzzzzzzz", kNames), "");
}

}  // namespace
}  // namespace lineward::document
