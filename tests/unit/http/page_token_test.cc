#include "lineward/http/page_token.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"

namespace lineward::http {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'772'366'400);
const PageBinding kBinding{"/v1/decisions", "filter=a", "ann"};

class PageTokensTest : public testing::Test {
 protected:
  std::string Reason(const PageBinding& binding, std::string_view token,
                     absl::Time now = kNow) const {
    return base::ReasonOf(tokens_.Open(binding, token, now).status());
  }
  PageTokens tokens_{"0123456789abcdef"};
};

TEST_F(PageTokensTest, GivesThePositionBack) {
  const std::string position("\0\xff place", 8);
  const std::string token = tokens_.Make(kBinding, position, kNow);
  const auto opened = tokens_.Open(kBinding, token, kNow + absl::Hours(24));
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ(*opened, position);
  EXPECT_EQ(token.find_first_of("+/="), std::string::npos);
}

TEST_F(PageTokensTest, RefusesAnotherRouteQueryActorOrKey) {
  const std::string token = tokens_.Make(kBinding, "p", kNow);
  EXPECT_EQ(Reason({"/v1/models", "filter=a", "ann"}, token), "PAGE_TOKEN_MISMATCH");
  EXPECT_EQ(Reason({"/v1/decisions", "filter=b", "ann"}, token), "PAGE_TOKEN_MISMATCH");
  EXPECT_EQ(Reason({"/v1/decisions", "filter=a", "bob"}, token), "PAGE_TOKEN_MISMATCH");
  EXPECT_EQ(Reason({"/v1/decisionsf", "ilter=a", "ann"}, token), "PAGE_TOKEN_MISMATCH");
  const PageTokens other("fedcba9876543210");
  EXPECT_FALSE(other.Open(kBinding, token, kNow).ok());
}

TEST_F(PageTokensTest, RefusesEveryChangedCharacter) {
  const std::string token = tokens_.Make(kBinding, "position", kNow);
  for (size_t i = 0; i < token.size(); ++i) {
    std::string changed = token;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_EQ(Reason(kBinding, changed), "PAGE_TOKEN_MISMATCH") << i;
  }
  EXPECT_EQ(Reason(kBinding, ""), "PAGE_TOKEN_MISMATCH");
}

TEST_F(PageTokensTest, ExpiresAfter24Hours) {
  const std::string token = tokens_.Make(kBinding, "p", kNow);
  EXPECT_EQ(Reason(kBinding, token, kNow + absl::Hours(24) + absl::Seconds(1)),
            "PAGE_TOKEN_EXPIRED");
}

}  // namespace
}  // namespace lineward::http
