// The admin listener, and what every process tells about itself.

#include <fmt/format.h>

#include <cstdlib>

#include "http/src/errors_page.h"
#include "http/src/gzip.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/crypto/sha256.h"
#include "lineward/http/reasons.h"
#include "lineward/http/routes.h"

namespace lineward::http {
namespace {

using document::Json;

constexpr size_t kTagDigits = 16;
constexpr size_t kCompressedFrom = 1'024;  // a smaller page fits a packet as it is

Response TextResponse(std::string text, int status = 200) {
  Response response;
  response.status = status;
  response.content_type = "text/plain; charset=utf-8";
  response.body = std::move(text);
  return response;
}

// A document without a revision of its own is tagged by its bytes.
Response Tagged(Response response) {
  response.headers.emplace_back(
      "ETag", fmt::format("\"{}\"", crypto::Sha256Hex(response.body).substr(0, kTagDigits)));
  return response;
}

Response HealthResponse(const telemetry::HealthReport& report, const Request& request) {
  if (!request.HasQuery("verbose")) {
    return TextResponse(report.is_ok ? "ok\n" : "not ok\n", report.is_ok ? 200 : 503);
  }
  Json checks = Json::EmptyList();
  for (const telemetry::HealthCheck& check : report.checks) {
    Json line;
    line.Set("name", check.name);
    line.Set("ok", check.is_ok);
    if (!check.is_ok) line.Set("cause", check.cause);
    checks.Append(std::move(line));
  }
  Json answer;
  answer.Set("ok", report.is_ok);
  answer.Set("checks", std::move(checks));
  return JsonResponse(answer, report.is_ok ? 200 : 503);
}

// OpenMetrics if it is offered with a quality not below that of the text format.
bool WantsOpenMetrics(std::string_view accept) {
  double open = -1;
  double text = -1;
  for (std::string_view range : base::Split(accept, ',')) {
    while (range.starts_with(' ')) range.remove_prefix(1);
    double quality = 1;
    if (const size_t q = range.find("q="); q != std::string_view::npos) {
      quality = std::strtod(std::string(range.substr(q + 2)).c_str(), nullptr);
    }
    if (range.starts_with("application/openmetrics-text") &&
        range.find("version=1.0.0") != std::string_view::npos) {
      open = quality;
    } else if (range.starts_with("text/plain")) {
      text = quality;
    }
  }
  return open > 0 && open >= text;
}

}  // namespace

void AddAdminRoutes(const AdminParts& parts, Handlers* handlers) {
  handlers->Add(
      Method::kGet, "/metrics", [parts](const Request& request) -> absl::StatusOr<Response> {
        if (parts.process_metrics != nullptr) parts.process_metrics->Update();
        Response response;
        if (WantsOpenMetrics(request.HeaderValue("accept"))) {
          response.content_type = "application/openmetrics-text; version=1.0.0; charset=utf-8";
          response.body = parts.metrics->OpenMetricsExposition();
        } else {
          response.content_type = "text/plain; version=0.0.4; charset=utf-8";
          response.body = parts.metrics->TextExposition();
        }
        if (response.body.size() > kCompressedFrom &&
            AcceptsGzip(request.HeaderValue("accept-encoding"))) {
          response.body = Gzip(response.body);
          response.headers.emplace_back("Content-Encoding", "gzip");
        }
        return response;
      });
  handlers->Add(Method::kGet, "/livez",
                [parts](const Request& request) -> absl::StatusOr<Response> {
                  return HealthResponse(parts.health->Live(), request);
                });
  handlers->Add(Method::kGet, "/startupz",
                [parts](const Request& request) -> absl::StatusOr<Response> {
                  return HealthResponse(parts.health->Started(), request);
                });
  handlers->Add(Method::kGet, "/readyz",
                [parts](const Request& request) -> absl::StatusOr<Response> {
                  return HealthResponse(parts.health->Ready(), request);
                });
  handlers->Add(Method::kGet, "/readyz/{role}",
                [parts](const Request& request) -> absl::StatusOr<Response> {
                  return HealthResponse(parts.health->Ready(request.Parameter("role")), request);
                });
  handlers->Add(Method::kGet, "/configz", [parts](const Request&) -> absl::StatusOr<Response> {
    return TextResponse(parts.effective_options());
  });
  handlers->Add(Method::kPut, "/loglevel",
                [parts](const Request& request) -> absl::StatusOr<Response> {
                  const std::string_view name = request.Query("level");
                  const auto level = telemetry::ParseLogLevel(name);
                  if (!level.has_value()) {
                    return base::InvalidArgument(
                        kQueryInvalid, "`level`: `{}` is none of debug, info, warn, error", name);
                  }
                  parts.log->SetLevel(*level);
                  Json answer;
                  answer.Set("level", name);
                  return JsonResponse(answer);
                });
}

void AddProcessRoutes(const ProcessParts& parts, Handlers* handlers) {
  handlers->Add(Method::kGet, "/v1/version", [parts](const Request&) -> absl::StatusOr<Response> {
    Json answer;
    answer.Set("version", parts.version);
    return JsonResponse(answer);
  });
  handlers->Add(Method::kGet, "/openapi.json", [parts](const Request&) -> absl::StatusOr<Response> {
    return Tagged(JsonResponse(OpenApi(Routes(), parts.version, parts.public_url)));
  });
  handlers->Add(Method::kGet, "/docs/errors", [](const Request&) -> absl::StatusOr<Response> {
    Response response;
    response.content_type = "text/html; charset=utf-8";
    response.body = HtmlOf(ErrorsDocument());
    response.headers.emplace_back("Content-Security-Policy", "default-src 'none'");
    return Tagged(std::move(response));
  });
  handlers->Add(Method::kGet, "/v1/whoami", [](const Request& request) -> absl::StatusOr<Response> {
    Json grants = Json::EmptyList();
    for (const Grant& grant : request.actor.grants) {
      Json namespaces = Json::EmptyList();
      for (const std::string& glob : grant.namespaces) namespaces.Append(glob);
      Json topics = Json::EmptyList();
      for (const std::string& glob : grant.topics) topics.Append(glob);
      Json line;
      line.Set("role", NameOf(grant.role));
      line.Set("namespaces", std::move(namespaces));
      line.Set("topics", std::move(topics));
      grants.Append(std::move(line));
    }
    Json permissions = Json::EmptyList();
    for (size_t i = 2; i < kPermissionCount; ++i) {
      const auto permission = static_cast<Permission>(i);
      if (request.actor.Has(permission)) permissions.Append(NameOf(permission));
    }
    Json answer;
    answer.Set("name", request.actor.name);
    answer.Set("grants", std::move(grants));
    answer.Set("permissions", std::move(permissions));
    return JsonResponse(answer);
  });
  handlers->Add(Method::kGet, "/v1/pipeline", [parts](const Request&) -> absl::StatusOr<Response> {
    Json roles = Json::EmptyList();
    for (const telemetry::HealthCheck& check : parts.health->Ready().checks) {
      Json line;
      line.Set("name", check.name);
      line.Set("ready", check.is_ok);
      if (!check.is_ok) line.Set("cause", check.cause);
      roles.Append(std::move(line));
    }
    Json answer;
    answer.Set("roles", std::move(roles));
    if (parts.pipeline != nullptr) {
      const Json more = parts.pipeline();
      for (const auto& [key, value] : more.members()) answer.Set(key, value);
    }
    return JsonResponse(answer);
  });
}

}  // namespace lineward::http
