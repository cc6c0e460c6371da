// What the OpenAPI document says of the route table.

#include <gtest/gtest.h>

#include <algorithm>

#include "lineward/http/route.h"

namespace lineward::http {
namespace {

using document::Json;

constexpr RouteSpec kRoutes[] = {
    {.method = Method::kGet,
     .path = "/v1/models/{model}",
     .permission = Permission::kRegistryRead,
     .query = "min_seq by*",
     .answer = "Model",
     .has_etag = true,
     .summary = "One model"},
    {.method = Method::kPost,
     .path = "/v1/models/{model}",
     .permission = Permission::kRegistryWrite,
     .request = "Model",
     .summary = "Writes it"},
    {.method = Method::kGet,
     .path = "/docs/errors",
     .permission = Permission::kNone,
     .media_type = "text/html",
     .summary = "Errors"},
    {.listener = Listener::kAdmin, .path = "/livez", .summary = "not public"},
};

// Follows members of objects.
Json At(const Json& json, std::initializer_list<std::string_view> names) {
  const Json* at = &json;
  for (const std::string_view name : names) {
    at = at->Find(name);
    EXPECT_NE(at, nullptr) << name;
    if (at == nullptr) return {};
  }
  return *at;
}

std::vector<std::string> ParametersOf(const Json& operation) {
  std::vector<std::string> names;
  const Json parameters = At(operation, {"parameters"});
  for (const Json& parameter : parameters.items()) {
    names.push_back(At(parameter, {"in"}).AsText() + " " + At(parameter, {"name"}).AsText());
  }
  return names;
}

TEST(OpenApi, TellsParametersTagsAndThe304OfAReader) {
  const Json api = OpenApi(kRoutes, "1", "");
  const Json get = At(api, {"paths", "/v1/models/{model}", "get"});
  EXPECT_EQ(ParametersOf(get), (std::vector<std::string>{"path model", "query min_seq", "query by",
                                                         "header If-None-Match"}));
  At(get, {"responses", "200", "headers", "ETag"});
  At(get, {"responses", "304"});
  EXPECT_EQ(At(get, {"x-lineward-permission"}).AsText(), "registry.read");
}

TEST(OpenApi, TellsThatABodyMayBeGzip) {
  const Json api = OpenApi(kRoutes, "1", "");
  const Json post = At(api, {"paths", "/v1/models/{model}", "post"});
  EXPECT_EQ(ParametersOf(post),
            (std::vector<std::string>{"path model", "header Content-Encoding"}));
  EXPECT_EQ(At(post, {"responses"}).Find("304"), nullptr);
}

TEST(OpenApi, TellsTheMediaTypeOfAnAnswer) {
  const Json api = OpenApi(kRoutes, "1", "");
  At(api, {"paths", "/docs/errors", "get", "responses", "200", "content", "text/html"});
}

TEST(OpenApi, HoldsThePublicRoutesAndNoOther) {
  const Json api = OpenApi(kRoutes, "1", "");
  EXPECT_EQ(At(api, {"paths"}).Find("/livez"), nullptr);
  const Json whole = OpenApi(Routes(), "1", "");
  for (const RouteSpec& route : Routes()) {
    if (route.listener != Listener::kPublic) continue;
    EXPECT_NE(At(whole, {"paths"}).Find(route.path), nullptr) << route.path;
  }
}

}  // namespace
}  // namespace lineward::http
