#include <fmt/format.h>

#include "lineward/base/strings.h"
#include "lineward/http/route.h"

namespace lineward::http {
namespace {

using document::Json;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

Json Parameter(std::string_view name, std::string_view in, bool is_required, bool is_repeated) {
  Json type;
  type.Set("type", "string");
  Json schema;
  if (is_repeated) {
    schema.Set("type", "array");
    schema.Set("items", std::move(type));
  } else {
    schema = std::move(type);
  }
  Json parameter;
  parameter.Set("name", name);
  parameter.Set("in", in);
  parameter.Set("required", is_required);
  parameter.Set("schema", std::move(schema));
  return parameter;
}

Json Reference(std::string_view schema) {
  Json reference;
  reference.Set("$ref", fmt::format("#/components/schemas/{}", schema));
  return reference;
}

Json Content(std::string_view media_type, Json schema) {
  Json media;
  media.Set("schema", std::move(schema));
  Json content;
  content.Set(media_type, std::move(media));
  return content;
}

// `Content-Encoding` of request bodies.
Json ContentEncoding() {
  Json values;
  values.Append("gzip");
  values.Append("identity");
  Json parameter = Parameter("Content-Encoding", "header", false, false);
  Json schema = *parameter.Find("schema");
  schema.Set("enum", std::move(values));
  parameter.Set("schema", std::move(schema));
  return parameter;
}

Json EtagHeader() {
  Json type;
  type.Set("type", "string");
  Json etag;
  etag.Set("description", "the revision, a strong entity tag");
  etag.Set("schema", std::move(type));
  Json headers;
  headers.Set("ETag", std::move(etag));
  return headers;
}

Json ProblemSchema() {
  Json properties;
  for (const std::string_view name :
       {"type", "title", "code", "reason", "domain", "detail", "request_id", "docs"}) {
    Json text;
    text.Set("type", "string");
    properties.Set(name, std::move(text));
  }
  for (const std::string_view name : {"status", "retry_after"}) {
    Json number;
    number.Set("type", "integer");
    properties.Set(name, std::move(number));
  }
  Json item_properties;
  for (const std::string_view name : {"field", "message"}) {
    Json text;
    text.Set("type", "string");
    item_properties.Set(name, std::move(text));
  }
  Json item;
  item.Set("type", "object");
  item.Set("properties", std::move(item_properties));
  Json violations;
  violations.Set("type", "array");
  violations.Set("items", std::move(item));
  properties.Set("violations", std::move(violations));
  Json required;
  for (const std::string_view name : {"type", "title", "status", "code", "reason", "detail"}) {
    required.Append(name);
  }
  Json schema;
  schema.Set("type", "object");
  schema.Set("description", "RFC 9457; `reason` is stable, see /docs/errors");
  schema.Set("properties", std::move(properties));
  schema.Set("required", std::move(required));
  return schema;
}

}  // namespace

Json OpenApi(std::span<const RouteSpec> routes, std::string_view version,
             std::string_view server_url) {
  Json info;
  info.Set("title", "Lineward");
  info.Set("version", version);
  Json paths = Json::EmptyObject();
  Json schemas;
  schemas.Set("Problem", ProblemSchema());
  for (const RouteSpec& route : routes) {
    if (route.listener != Listener::kPublic) continue;
    for (const std::string_view name : {route.request, route.answer}) {
      if (name.empty() || schemas.Find(name) != nullptr) continue;
      Json schema;
      schema.Set("type", "object");
      schemas.Set(name, std::move(schema));
    }
    Json parameters = Json::EmptyList();
    for (size_t at = route.path.find('{'); at != std::string_view::npos;
         at = route.path.find('{', at + 1)) {
      const size_t end = route.path.find('}', at);
      parameters.Append(Parameter(route.path.substr(at + 1, end - at - 1), "path", true, false));
    }
    for (std::string_view name : base::Split(route.query, ' ')) {
      if (name.empty()) continue;
      const bool is_repeated = name.ends_with('*');
      if (is_repeated) name.remove_suffix(1);
      parameters.Append(Parameter(name, "query", false, is_repeated));
    }
    if (route.has_etag) parameters.Append(Parameter("If-None-Match", "header", false, false));
    if (!route.request.empty()) parameters.Append(ContentEncoding());
    Json answer;
    answer.Set("description", "done");
    answer.Set("content", Content(route.is_streaming ? "application/jsonl" : route.media_type,
                                  Reference(route.answer)));
    if (route.has_etag) answer.Set("headers", EtagHeader());
    Json problem;
    problem.Set("description", "refused or failed");
    problem.Set("content", Content("application/problem+json", Reference("Problem")));
    Json responses;
    responses.Set("200", std::move(answer));
    if (route.has_etag) {
      Json same;
      same.Set("description", "the revision that `If-None-Match` names is the newest");
      responses.Set("304", std::move(same));
    }
    responses.Set("default", std::move(problem));
    Json operation;
    operation.Set("summary", route.summary);
    operation.Set("x-lineward-permission", NameOf(route.permission));
    operation.Set("parameters", std::move(parameters));
    if (!route.request.empty()) {
      Json body;
      body.Set("required", true);
      body.Set("content", Content("application/json", Reference(route.request)));
      operation.Set("requestBody", std::move(body));
    }
    operation.Set("responses", std::move(responses));
    if (route.permission == Permission::kNone) operation.Set("security", Json::EmptyList());
    Json path = paths.Find(route.path) != nullptr ? *paths.Find(route.path) : Json();
    path.Set(Lower(NameOf(route.method)), std::move(operation));
    paths.Set(route.path, std::move(path));
  }
  Json scheme;
  scheme.Set("type", "http");
  scheme.Set("scheme", "bearer");
  Json schemes;
  schemes.Set("token", std::move(scheme));
  Json components;
  components.Set("schemas", std::move(schemas));
  components.Set("securitySchemes", std::move(schemes));
  Json requirement;
  requirement.Set("token", Json::EmptyList());
  Json security;
  security.Append(std::move(requirement));
  Json api;
  api.Set("openapi", "3.1.0");
  api.Set("info", std::move(info));
  if (!server_url.empty()) {
    Json server;
    server.Set("url", server_url);
    Json servers;
    servers.Append(std::move(server));
    api.Set("servers", std::move(servers));
  }
  api.Set("security", std::move(security));
  api.Set("paths", std::move(paths));
  api.Set("components", std::move(components));
  return api;
}

}  // namespace lineward::http
