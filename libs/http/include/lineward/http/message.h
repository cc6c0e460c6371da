#pragma once

// Requests and answers as handlers see them. Plain values; a handler runs on one worker thread.

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/document/json.h"
#include "lineward/http/auth.h"

namespace lineward::http {

enum class Method : uint8_t { kGet, kPost, kPut, kPatch, kDelete };
std::string_view NameOf(Method method);

using Header = std::pair<std::string, std::string>;  // name in lower case, value trimmed

struct Request {
  Method method = Method::kGet;
  std::string target;                                      // as sent
  std::vector<Header> parameters;                          // of the template, decoded
  std::vector<std::pair<std::string, std::string>> query;  // decoded, checked against the route
  std::vector<Header> headers;
  std::string body;
  std::string request_id;
  std::string remote;  // address of the peer without its port
  Actor actor;
  std::chrono::steady_clock::time_point deadline;

  // The template parameter `name`; it must be one of the route's.
  const std::string& Parameter(std::string_view name) const;
  // The only or first value of the query parameter `name`; `fallback` if it is absent.
  std::string_view Query(std::string_view name, std::string_view fallback = {}) const;
  bool HasQuery(std::string_view name) const;
  // All values of a repeated parameter.
  std::vector<std::string_view> Queries(std::string_view name) const;
  // The value of the header `name` (lower case), or empty.
  std::string_view HeaderValue(std::string_view name) const;
  // The decimal value of a query parameter within [min, max]; `fallback` if it is absent.
  // INVALID_ARGUMENT `QUERY_INVALID`.
  absl::StatusOr<int64_t> QueryInt(std::string_view name, int64_t fallback, int64_t min,
                                   int64_t max) const;
  // `true` or `false`. INVALID_ARGUMENT `QUERY_INVALID`.
  absl::StatusOr<bool> QueryBool(std::string_view name, bool fallback) const;
  // An RFC 3339 time. INVALID_ARGUMENT `QUERY_INVALID`.
  absl::StatusOr<absl::Time> QueryTime(std::string_view name, absl::Time fallback) const;
};

// A long answer, pulled piece by piece: a worker makes the next piece only when the socket has
// taken the last one.
class ChunkSource {
 public:
  struct Chunk {
    std::string bytes = {};             // at most 64 KiB
    bool is_end = false;                // nothing follows `bytes`
    std::chrono::milliseconds wait{0};  // ask again after this time (nothing to tell yet)
  };
  virtual ~ChunkSource() = default;
  // Called by one worker at a time. `is_stopping`: the server drains; finish with this piece.
  virtual Chunk Next(bool is_stopping) = 0;
};

struct Response {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<Header> headers;          // further ones
  std::unique_ptr<ChunkSource> stream;  // instead of `body`
};

// A Status becomes a problem document (problem.h).
using Handler = std::function<absl::StatusOr<Response>(const Request&)>;

// `value` in one line, members in the order in which they were set.
std::string WriteJson(const document::Json& value);
void AppendJson(std::string* out, const document::Json& value);

// 200 (or `status`) with `value` as body.
Response JsonResponse(const document::Json& value, int status = 200);

// The body as a JSON object. INVALID_ARGUMENT `JSON_INVALID`.
absl::StatusOr<document::Json> JsonBody(const Request& request);

// RFC 3339, UTC, with as many fractional digits as needed.
std::string TimeText(absl::Time time);

}  // namespace lineward::http
