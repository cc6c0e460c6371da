#pragma once

// The route table: what the server answers, to whom, within which limits. OpenAPI, the permission
// matrix of the routes and the server itself are made from the one array `kRoutes`.

#include <absl/status/statusor.h>

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/http/auth.h"
#include "lineward/http/message.h"
#include "lineward/http/uri.h"

namespace lineward::http {

enum class Listener : uint8_t { kPublic, kAdmin };

struct RouteSpec {
  Listener listener = Listener::kPublic;
  Method method = Method::kGet;
  // `/v1/decisions/{decision}:explain`: literal or `{name}` segments, a verb at the end.
  std::string_view path = "";
  Permission permission = Permission::kNone;
  // Query parameters, separated by a space; `by*` may be repeated. Any other is 400.
  std::string_view query = "";
  std::string_view request = "";  // schema of the JSON body, "" = no body, "*" = any text
  std::string_view answer = "Object";
  std::string_view media_type = "application/json";  // of the answer; streams: application/jsonl
  bool has_etag = false;  // the answer has one, and `If-None-Match` gives 304
  size_t body_bytes_max = 0;
  int deadline_s = 30;  // of the handler; streams have none
  bool is_idempotent = true;
  bool is_streaming = false;
  bool counts_for_slo = true;
  std::string_view summary = "";
};

// All routes of both listeners.
std::span<const RouteSpec> Routes();

struct Match {
  const RouteSpec* route = nullptr;  // null: see `allowed`
  std::vector<Header> parameters;
  // Methods of the path, for 405, OPTIONS and Allow; empty: no such path.
  std::vector<Method> allowed;
};

// Matches targets against a table. Immutable after construction; any thread.
class Router {
 public:
  Router(std::span<const RouteSpec> routes, Listener listener);

  // INVALID_ARGUMENT `REQUEST_MALFORMED`: a broken escape in a segment.
  absl::StatusOr<Match> Find(Method method, const Target& target) const;

  // Every parameter declared, single unless declared repeated. INVALID_ARGUMENT `QUERY_INVALID`
  // with the nearest name.
  static absl::Status CheckQuery(const RouteSpec& route, const Target& target);

 private:
  struct Entry {
    const RouteSpec* spec = nullptr;
    std::vector<std::string_view> segments;
    std::string_view verb;
    size_t literals = 0;  // more literals win
  };
  std::vector<Entry> entries_;
};

// Handlers by route. The areas (`routes_*.cc`) add theirs at start; a route without a handler
// answers 503 `ROLE_NOT_HERE`.
class Handlers {
 public:
  // `method` and `path` must stand in `Routes()`, once.
  void Add(Method method, std::string_view path, Handler handler);
  const Handler* Find(const RouteSpec& route) const;

 private:
  std::map<const RouteSpec*, Handler> handlers_;
};

// The OpenAPI 3.1 document of the public routes. `server_url` may be empty.
document::Json OpenApi(std::span<const RouteSpec> routes, std::string_view version,
                       std::string_view server_url);

}  // namespace lineward::http
