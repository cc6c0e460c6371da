#pragma once

// The HTTP/1.1 client of the command line and between nodes: keep-alive, one deadline per call, a
// cap on the answer, no redirects. Not thread-safe.

#include <absl/status/statusor.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/http/message.h"

namespace lineward::http {

struct ClientOptions {
  std::string endpoint = "http://127.0.0.1:8080";
  std::string token = {};  // bearer; empty: none
  std::chrono::milliseconds timeout{10'000};
  size_t answer_bytes_max = 64 << 20;
};

struct Answer {
  int status = 0;
  std::vector<Header> headers;
  std::string body;
};

class Client {
 public:
  explicit Client(ClientOptions options);
  ~Client();

  // Of the calls from now on.
  void SetTimeout(std::chrono::milliseconds timeout);

  // Any status is an answer. UNAVAILABLE `ENDPOINT_UNREACHABLE`: no connection, or cut off;
  // `ANSWER_INVALID`: what came is no HTTP or too large; DEADLINE_EXCEEDED `ENDPOINT_UNREACHABLE`;
  // INVALID_ARGUMENT `ENDPOINT_UNREACHABLE`: the endpoint is no `http://host:port`.
  absl::StatusOr<Answer> Call(Method method, std::string_view target, std::string_view body = {},
                              const std::vector<Header>& headers = {});

  // Hands each piece of a 200 answer to `take` until it ends or `take` gives false; the deadline is
  // then per piece (`idle`). Any other status: its problem as Status. Otherwise as Call.
  absl::Status Stream(std::string_view target, std::chrono::milliseconds idle,
                      const std::function<bool(std::string_view)>& take);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lineward::http
