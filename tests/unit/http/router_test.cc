#include <gtest/gtest.h>

#include <set>

#include "lineward/base/status.h"
#include "lineward/http/route.h"

namespace lineward::http {
namespace {

const RouteSpec kTable[] = {
    {.method = Method::kGet, .path = "/v1/things", .query = "page_size by*"},
    {.method = Method::kGet, .path = "/v1/things:count"},
    {.method = Method::kGet, .path = "/v1/things/{thing}"},
    {.method = Method::kPost, .path = "/v1/things/{thing}:mark"},
    {.method = Method::kGet, .path = "/v1/things/special"},
    {.listener = Listener::kAdmin, .method = Method::kGet, .path = "/livez"},
};

class RouterTest : public testing::Test {
 protected:
  Match Find(Method method, std::string_view text) {
    auto target = ParseTarget(text);
    EXPECT_TRUE(target.ok());
    auto match = router_.Find(method, *target);
    EXPECT_TRUE(match.ok()) << match.status();
    return match.ok() ? *match : Match{};
  }
  std::string Path(Method method, std::string_view text) {
    const Match match = Find(method, text);
    return match.route == nullptr ? "" : std::string(match.route->path);
  }
  static std::string QueryReason(std::string_view text) {
    return base::ReasonOf(Router::CheckQuery(kTable[0], *ParseTarget(text)));
  }
  Router router_{kTable, Listener::kPublic};
};

TEST_F(RouterTest, MatchesByMethodPathAndVerb) {
  EXPECT_EQ(Path(Method::kGet, "/v1/things"), "/v1/things");
  EXPECT_EQ(Path(Method::kGet, "/v1/things:count"), "/v1/things:count");
  EXPECT_EQ(Path(Method::kPost, "/v1/things/a:mark"), "/v1/things/{thing}:mark");
  EXPECT_EQ(Path(Method::kGet, "/v1/things:counts"), "");
  EXPECT_EQ(Path(Method::kGet, "/v1/things/a/b"), "");
  EXPECT_EQ(Path(Method::kGet, "/v1/things/"), "");
  EXPECT_EQ(Path(Method::kGet, "/livez"), "");
}

TEST_F(RouterTest, DecodesParametersAfterTheSplit) {
  const Match match = Find(Method::kGet, "/v1/things/a%2Fb%3Amark");
  ASSERT_EQ(match.parameters.size(), 1u);
  EXPECT_EQ(match.parameters[0], Header("thing", "a/b:mark"));
}

TEST_F(RouterTest, PrefersLiterals) {
  EXPECT_EQ(Path(Method::kGet, "/v1/things/special"), "/v1/things/special");
}

TEST_F(RouterTest, NamesTheAllowedMethods) {
  const Match match = Find(Method::kPut, "/v1/things/a:mark");
  EXPECT_EQ(match.route, nullptr);
  EXPECT_EQ(match.allowed, std::vector<Method>{Method::kPost});
  EXPECT_TRUE(Find(Method::kGet, "/v1/nothing").allowed.empty());
}

TEST_F(RouterTest, RefusesABrokenEscape) {
  EXPECT_EQ(base::ReasonOf(router_.Find(Method::kGet, *ParseTarget("/v1/things/%zz")).status()),
            "REQUEST_MALFORMED");
  EXPECT_FALSE(router_.Find(Method::kGet, *ParseTarget("/v1/things/%ff")).ok());
}

TEST_F(RouterTest, TakesDeclaredQueryParametersOnly) {
  EXPECT_EQ(QueryReason("/v1/things?page_size=1&by=a&by=b"), "");
  EXPECT_EQ(QueryReason("/v1/things?page_size=1&page_size=1"), "QUERY_INVALID");
  const absl::Status status = Router::CheckQuery(kTable[0], *ParseTarget("/v1/things?page_sise=1"));
  EXPECT_EQ(base::MessageOf(status), "unknown query parameter `page_sise` (nearest: `page_size`)");
}

TEST(Routes, AreUniqueAndComplete) {
  std::set<std::pair<int, std::string>> seen;
  for (const RouteSpec& route : Routes()) {
    EXPECT_TRUE(seen.emplace(static_cast<int>(route.method), route.path).second) << route.path;
    EXPECT_FALSE(route.summary.empty()) << route.path;
    EXPECT_EQ(route.path.front(), '/') << route.path;
    EXPECT_EQ(route.request.empty(), route.body_bytes_max == 0) << route.path;
  }
}

TEST(Routes, OnlyThePublicFactsNeedNoIdentity) {
  const std::set<std::string_view> open = {"/v1/version", "/openapi.json", "/docs/errors",
                                           "/metrics",    "/livez",        "/startupz",
                                           "/readyz",     "/readyz/{role}"};
  for (const RouteSpec& route : Routes()) {
    EXPECT_EQ(route.permission == Permission::kNone, open.contains(route.path)) << route.path;
  }
}

TEST(OpenApi, HasEveryPublicRouteWithItsPermission) {
  const document::Json api = OpenApi(Routes(), "1.2.3", "");
  const document::Json* paths = api.Find("paths");
  ASSERT_NE(paths, nullptr);
  size_t operations = 0;
  for (const auto& [path, methods] : paths->members()) operations += methods.members().size();
  size_t expected = 0;
  for (const RouteSpec& route : Routes()) {
    if (route.listener == Listener::kPublic) ++expected;
  }
  EXPECT_EQ(operations, expected);
  const document::Json* get = paths->Find("/v1/decisions/{decision}")->Find("get");
  ASSERT_NE(get, nullptr);
  EXPECT_EQ(get->Find("x-lineward-permission")->AsText(), "decision.read");
  EXPECT_EQ(get->Find("parameters")->items()[0].Find("name")->AsText(), "decision");
}

}  // namespace
}  // namespace lineward::http
