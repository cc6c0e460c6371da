#include "lineward/http/message.h"

#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/http/reasons.h"

namespace lineward::http {

std::string_view NameOf(Method method) {
  switch (method) {
    case Method::kGet:
      return "GET";
    case Method::kPost:
      return "POST";
    case Method::kPut:
      return "PUT";
    case Method::kPatch:
      return "PATCH";
    case Method::kDelete:
      return "DELETE";
  }
  LW_CHECK(false, "method {}", static_cast<int>(method));
}

const std::string& Request::Parameter(std::string_view name) const {
  for (const auto& [key, value] : parameters) {
    if (key == name) return value;
  }
  LW_CHECK(false, "the route has no parameter `{}`", name);
}

std::string_view Request::Query(std::string_view name, std::string_view fallback) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return fallback;
}

bool Request::HasQuery(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return true;
  }
  return false;
}

std::vector<std::string_view> Request::Queries(std::string_view name) const {
  std::vector<std::string_view> values;
  for (const auto& [key, value] : query) {
    if (key == name) values.push_back(value);
  }
  return values;
}

std::string_view Request::HeaderValue(std::string_view name) const {
  for (const auto& [key, value] : headers) {
    if (key == name) return value;
  }
  return {};
}

absl::StatusOr<int64_t> Request::QueryInt(std::string_view name, int64_t fallback, int64_t min,
                                          int64_t max) const {
  if (!HasQuery(name)) return fallback;
  const std::string_view text = Query(name);
  const auto value = base::ParseInt64(text);
  if (!value.has_value() || *value < min || *value > max) {
    return base::InvalidArgument(kQueryInvalid, "`{}`: `{}` is no integer from {} to {}", name,
                                 text, min, max);
  }
  return *value;
}

absl::StatusOr<bool> Request::QueryBool(std::string_view name, bool fallback) const {
  if (!HasQuery(name)) return fallback;
  const std::string_view text = Query(name);
  if (text == "true") return true;
  if (text == "false") return false;
  return base::InvalidArgument(kQueryInvalid, "`{}`: `{}` is neither `true` nor `false`", name,
                               text);
}

absl::StatusOr<absl::Time> Request::QueryTime(std::string_view name, absl::Time fallback) const {
  if (!HasQuery(name)) return fallback;
  const std::string_view text = Query(name);
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, base::ToAbsl(text), &time, &error)) {
    return base::InvalidArgument(kQueryInvalid,
                                 "`{}`: `{}` is no RFC 3339 time (such as `2026-11-01T00:00:00Z`)",
                                 name, text);
  }
  return time;
}

void AppendJson(std::string* out, const document::Json& value) {
  if (value.is_list()) {
    out->push_back('[');
    bool is_first = true;
    for (const document::Json& item : value.items()) {
      if (!is_first) out->push_back(',');
      is_first = false;
      AppendJson(out, item);
    }
    out->push_back(']');
    return;
  }
  if (value.is_object()) {
    out->push_back('{');
    bool is_first = true;
    for (const auto& [key, member] : value.members()) {
      if (!is_first) out->push_back(',');
      is_first = false;
      document::AppendJsonText(out, key);
      out->push_back(':');
      AppendJson(out, member);
    }
    out->push_back('}');
    return;
  }
  out->append(document::Canonical(value));
}

std::string WriteJson(const document::Json& value) {
  std::string out;
  AppendJson(&out, value);
  return out;
}

Response JsonResponse(const document::Json& value, int status) {
  Response response;
  response.status = status;
  response.body = WriteJson(value);
  response.body.push_back('\n');
  return response;
}

absl::StatusOr<document::Json> JsonBody(const Request& request) {
  LW_ASSIGN_OR_RETURN(document::Json body, document::ParseJson(request.body));
  if (!body.is_object()) {
    return base::InvalidArgument("JSON_INVALID", "the body is no JSON object");
  }
  return body;
}

std::string TimeText(absl::Time time) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", time, absl::UTCTimeZone());
}

}  // namespace lineward::http
