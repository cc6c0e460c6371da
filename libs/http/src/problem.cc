#include "lineward/http/problem.h"

#include <absl/strings/cord.h>

#include <array>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/http/reasons.h"

namespace lineward::http {
namespace {

constexpr char kViolationsPayload[] = "lineward/violations";

struct StatusOfReason {
  std::string_view reason;
  int http;
};
// Reasons whose status the code alone does not tell.
constexpr std::array kByReason = {
    StatusOfReason{"DECISION_EXPIRED", 410}, StatusOfReason{"ESTIMATE_REFUSED", 422},
    StatusOfReason{"ETAG_MISMATCH", 412},    StatusOfReason{"ETAG_REQUIRED", 428},
    StatusOfReason{kBodyTooLarge, 413},      StatusOfReason{kEncodingUnsupported, 415},
    StatusOfReason{kHeadTooLarge, 431},      StatusOfReason{kHostUnknown, 421},
    StatusOfReason{kMethodNotAllowed, 405},  StatusOfReason{kNotAcceptable, 406},
    StatusOfReason{kRateLimited, 429},       StatusOfReason{kRequestTimeout, 408},
    StatusOfReason{kUriTooLong, 414},
};

struct CodeName {
  absl::StatusCode code;
  std::string_view name;
  int http;
};
constexpr std::array kCodes = {
    CodeName{absl::StatusCode::kInvalidArgument, "INVALID_ARGUMENT", 400},
    CodeName{absl::StatusCode::kOutOfRange, "OUT_OF_RANGE", 400},
    CodeName{absl::StatusCode::kNotFound, "NOT_FOUND", 404},
    CodeName{absl::StatusCode::kAlreadyExists, "ALREADY_EXISTS", 409},
    CodeName{absl::StatusCode::kFailedPrecondition, "FAILED_PRECONDITION", 409},
    CodeName{absl::StatusCode::kAborted, "ABORTED", 409},
    CodeName{absl::StatusCode::kResourceExhausted, "RESOURCE_EXHAUSTED", 503},
    CodeName{absl::StatusCode::kUnavailable, "UNAVAILABLE", 503},
    CodeName{absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED", 504},
    CodeName{absl::StatusCode::kUnauthenticated, "UNAUTHENTICATED", 401},
    CodeName{absl::StatusCode::kPermissionDenied, "PERMISSION_DENIED", 403},
    CodeName{absl::StatusCode::kDataLoss, "DATA_LOSS", 500},
    CodeName{absl::StatusCode::kUnknown, "UNKNOWN", 504},
    CodeName{absl::StatusCode::kUnimplemented, "UNIMPLEMENTED", 501},
};

const CodeName& RowOf(absl::StatusCode code) {
  for (const CodeName& row : kCodes) {
    if (row.code == code) return row;
  }
  return kCodes[12];
}

std::string TitleOf(std::string_view reason) {
  std::string title(reason);
  for (char& c : title) {
    if (c == '_') {
      c = ' ';
    } else if (c >= 'A' && c <= 'Z') {
      c = static_cast<char>(c - 'A' + 'a');
    }
  }
  return title;
}

}  // namespace

int HttpStatusOf(const absl::Status& status) {
  const std::string reason = base::ReasonOf(status);
  for (const StatusOfReason& row : kByReason) {
    if (row.reason == reason) return row.http;
  }
  return RowOf(status.code()).http;
}

absl::Status WithViolation(absl::Status status, std::string_view field, std::string_view message) {
  if (status.ok()) return status;
  document::Json list = document::Json::EmptyList();
  if (const auto old = status.GetPayload(kViolationsPayload); old.has_value()) {
    if (auto parsed = document::ParseJson(std::string(*old)); parsed.ok()) list = *parsed;
  }
  document::Json item;
  item.Set("field", field);
  item.Set("message", message);
  list.Append(std::move(item));
  status.SetPayload(kViolationsPayload, absl::Cord(base::ToAbsl(WriteJson(list))));
  return status;
}

Response ProblemResponse(const absl::Status& status, std::string_view request_id,
                         const std::vector<Violation>& violations) {
  const int http = HttpStatusOf(status);
  const CodeName& code = RowOf(status.code());
  std::string reason = base::ReasonOf(status);
  if (reason.empty()) reason = std::string(code.name);
  document::Json list = document::Json::EmptyList();
  if (const auto carried = status.GetPayload(kViolationsPayload); carried.has_value()) {
    if (auto parsed = document::ParseJson(std::string(*carried)); parsed.ok()) list = *parsed;
  }
  for (const Violation& violation : violations) {
    document::Json item;
    item.Set("field", violation.field);
    item.Set("message", violation.message);
    list.Append(std::move(item));
  }
  const int retry_after = http == 429 || http == 503 ? 1 : 0;
  document::Json problem;
  problem.Set("type", fmt::format("urn:lineward:error:{}", reason));
  problem.Set("title", TitleOf(reason));
  problem.Set("status", http);
  problem.Set("code", code.name);
  problem.Set("reason", reason);
  problem.Set("domain", "lineward");
  std::string detail(base::MessageOf(status));
  if (!base::IsUtf8(detail)) detail = "the message is not shown: it is no UTF-8";
  problem.Set("detail", std::move(detail));
  problem.Set("violations", std::move(list));
  problem.Set("request_id", request_id);
  problem.Set("docs", fmt::format("/docs/errors#{}", reason));
  problem.Set("retry_after", retry_after);
  Response response = JsonResponse(problem, http);
  response.content_type = "application/problem+json";
  if (retry_after > 0) response.headers.emplace_back("Retry-After", std::to_string(retry_after));
  if (http == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

absl::Status StatusOfProblem(int http_status, std::string_view body) {
  const auto problem = document::ParseJson(body);
  const document::Json* reason = problem.ok() ? problem->Find("reason") : nullptr;
  const document::Json* code = problem.ok() ? problem->Find("code") : nullptr;
  const document::Json* detail = problem.ok() ? problem->Find("detail") : nullptr;
  if (reason != nullptr && reason->is_text() && code != nullptr && code->is_text() &&
      detail != nullptr && detail->is_text()) {
    for (const CodeName& row : kCodes) {
      if (row.name == code->AsText()) {
        return base::MakeStatus(row.code, reason->AsText(), detail->AsText());
      }
    }
  }
  return base::Unavailable(kAnswerInvalid, "HTTP status {} without a problem document",
                           http_status);
}

}  // namespace lineward::http
