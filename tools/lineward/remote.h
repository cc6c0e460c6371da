#pragma once

// The server as the commands see it: JSON in, JSON out, problems as Status; retries while it is
// away. One thread.

#include <absl/status/statusor.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/document/json.h"
#include "lineward/http/client.h"
#include "tools/lineward/cli.h"

namespace lineward::cli {

// The version of this binary.
std::string_view Version();

// Fills in what flags left open: environment, then the profile file. INVALID_ARGUMENT.
absl::Status ApplyDefaults(Invocation* call);

class Remote {
 public:
  // `is_admin`: the admin listener. Reads the token file; a failure is told by the first call.
  explicit Remote(const Invocation& call, bool is_admin = false);
  ~Remote();

  // The body of a 2xx answer. Otherwise the problem as Status, or UNAVAILABLE, DEADLINE_EXCEEDED.
  absl::StatusOr<document::Json> Get(std::string_view target);
  // `is_idempotent`: it may be sent again if nobody can tell whether it arrived.
  absl::StatusOr<document::Json> Post(std::string_view target, const document::Json& body,
                                      bool is_idempotent = true);
  absl::StatusOr<document::Json> PostBytes(std::string_view target, std::string_view body,
                                           bool is_idempotent = true);
  absl::StatusOr<http::Answer> Raw(http::Method method, std::string_view target,
                                   std::string_view body, bool is_idempotent);
  // Lines of a stream until `take` gives false.
  absl::Status Lines(std::string_view target, std::chrono::milliseconds idle,
                     const std::function<bool(std::string_view line)>& take);

 private:
  absl::Status setup_;
  int retries_ = 3;
  std::unique_ptr<http::Client> client_;
};

// `?a=b&c=d` of the pairs with a value, encoded.
std::string Query(const std::vector<std::pair<std::string, std::string>>& parameters);

// A fresh id of 20 hexadecimal digits for writes.
std::string NewRequestId();

// What the problem document behind `status` said; empty if there was none.
std::string ProblemOf(const absl::Status& status);
std::vector<std::string> ViolationsOf(const absl::Status& status);
std::string RequestIdOf(const absl::Status& status);

// The whole of a file; `-` is stdin. NOT_FOUND, INVALID_ARGUMENT (over 64 MiB).
absl::StatusOr<std::string> ReadInput(const std::string& path);

}  // namespace lineward::cli
