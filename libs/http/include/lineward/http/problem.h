#pragma once

// The one place where an error becomes an HTTP answer (RFC 9457), and back in the client.

#include <absl/status/status.h>

#include <string>
#include <string_view>
#include <vector>

#include "lineward/http/message.h"

namespace lineward::http {

struct Violation {
  std::string field;
  std::string message;
};

// The HTTP status of an error: by its reason where that decides (413, 410, 429, ...), else by code.
int HttpStatusOf(const absl::Status& status);

// A problem document for `status`, with `Retry-After` where waiting helps.
Response ProblemResponse(const absl::Status& status, std::string_view request_id,
                         const std::vector<Violation>& violations = {});

// Adds a field and its message to `status`; ProblemResponse shows them.
absl::Status WithViolation(absl::Status status, std::string_view field, std::string_view message);

// The Status that a problem document tells of; `http_status` if the body is none.
absl::Status StatusOfProblem(int http_status, std::string_view body);

}  // namespace lineward::http
