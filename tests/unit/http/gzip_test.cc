#include "http/src/gzip.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/http/reasons.h"

namespace lineward::http {
namespace {

// `printf 'hello hello hello\n' | gzip -n`.
const std::string kHello =
    *base::FromHex("1f8b0800000000000003cb48cdc9c957c840905c003b7c8adf12000000");

TEST(Gzip, TakesWhatAnotherProgramMade) { EXPECT_EQ(*Gunzip(kHello, 18), "hello hello hello\n"); }

TEST(Gzip, TakesWhatItMadeAndSeveralMembers) {
  const std::string text(100'000, 'x');
  EXPECT_LT(Gzip(text).size(), 1'000u);
  EXPECT_EQ(*Gunzip(Gzip(text), 100'000), text);
  EXPECT_EQ(*Gunzip(Gzip("a") + Gzip("") + Gzip("b"), 2), "ab");
}

TEST(Gzip, ABodyOverTheLimitIsRefusedBeforeItIsMade) {
  const std::string bomb = Gzip(std::string(50 << 20, '\0'));
  EXPECT_LT(bomb.size(), 64u << 10);
  EXPECT_EQ(base::ReasonOf(Gunzip(bomb, 64 << 10).status()), kBodyTooLarge);
  EXPECT_TRUE(Gunzip(bomb, 50 << 20).ok());
  EXPECT_EQ(base::ReasonOf(Gunzip(bomb, (50 << 20) - 1).status()), kBodyTooLarge);
}

TEST(Gzip, RefusesWhatIsNoneIsCutOffOrChanged) {
  const std::string whole = Gzip("hello hello hello");
  ASSERT_TRUE(Gunzip(whole, 100).ok());
  std::string changed = whole;
  changed[whole.size() - 6] ^= 1;  // of the checksum
  for (const std::string& bytes : {std::string("{}"), std::string(),
                                   whole.substr(0, whole.size() - 1), whole + "x", changed}) {
    EXPECT_EQ(base::ReasonOf(Gunzip(bytes, 100).status()), kRequestMalformed);
  }
}

TEST(AcceptsGzip, ReadsCodingsAndQualities) {
  for (const char* text : {"gzip", "deflate, gzip;q=0.5", "*", "br , gzip"}) {
    EXPECT_TRUE(AcceptsGzip(text)) << text;
  }
  for (const char* text : {"", "identity", "gzip;q=0", "gzipped"}) {
    EXPECT_FALSE(AcceptsGzip(text)) << text;
  }
}

}  // namespace
}  // namespace lineward::http
