#include "http/src/forward.h"

#include <algorithm>
#include <array>
#include <chrono>

#include "lineward/base/status.h"
#include "lineward/http/reasons.h"
#include "lineward/registry/reasons.h"
#include "lineward/registry/registry.h"

namespace lineward::http {
namespace {

using std::chrono::milliseconds;

constexpr size_t kIdleMax = 8;
// What the hop itself may cost of the caller's time.
constexpr milliseconds kMargin{200};
constexpr std::array<std::string_view, 4> kPassedOn = {"authorization", "traceparent", "tracestate",
                                                       "if-match"};
constexpr std::array<std::string_view, 4> kPassedBack = {"location", "lineward-replayed",
                                                         "retry-after", "etag"};

template <typename Names>
bool IsOneOf(std::string_view name, const Names& names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

absl::StatusOr<Response> Forwarder::Forward(const Request& request, const std::string& address) {
  if (!request.HeaderValue(kForwardedHeader).empty()) {
    return base::Unavailable(registry::kNoWriter,
                             "the writer is elsewhere, and this was passed on once already");
  }
  const auto left =
      std::chrono::duration_cast<milliseconds>(request.deadline - std::chrono::steady_clock::now());
  if (left <= kMargin) {
    return base::DeadlineExceeded(registry::kNoWriter, "no time is left to ask the writer");
  }
  std::vector<Header> headers = {{std::string(kForwardedHeader), "1"},
                                 {"x-request-id", request.request_id}};
  for (const auto& [name, value] : request.headers) {
    if (IsOneOf(name, kPassedOn)) headers.emplace_back(name, value);
  }
  std::unique_ptr<Client> client = Take(address);
  client->SetTimeout(left - kMargin);
  auto answer = client->Call(request.method, request.target, request.body, headers);
  if (absl::IsDeadlineExceeded(answer.status())) {
    return base::DeadlineExceeded(
        registry::kNoWriter,
        "the writer at {} gave no answer in {} ms: it may have been written, try again with the "
        "same body and request id",
        address, (left - kMargin).count());
  }
  if (!answer.ok()) {
    return base::Unavailable(registry::kNoWriter, "the writer: {}",
                             base::MessageOf(answer.status()));
  }
  GiveBack(address, std::move(client));
  Response response;
  response.status = answer->status;
  response.body = std::move(answer->body);
  for (auto& [name, value] : answer->headers) {
    if (name == "content-type") {
      response.content_type = value;
    } else if (IsOneOf(name, kPassedBack)) {
      response.headers.emplace_back(name, std::move(value));
    }
  }
  return response;
}

std::unique_ptr<Client> Forwarder::Take(const std::string& address) {
  {
    base::MutexLock lock(&mutex_);
    const auto found = std::find_if(idle_.begin(), idle_.end(), [&](const Connection& connection) {
      return connection.first == address;
    });
    if (found != idle_.end()) {
      std::unique_ptr<Client> client = std::move(found->second);
      idle_.erase(found);
      return client;
    }
  }
  ClientOptions options;
  options.endpoint = "http://" + address;
  return std::make_unique<Client>(std::move(options));
}

void Forwarder::GiveBack(const std::string& address, std::unique_ptr<Client> client) {
  base::MutexLock lock(&mutex_);
  // An old writer's connections go first.
  if (idle_.size() >= kIdleMax) idle_.erase(idle_.begin());
  idle_.emplace_back(address, std::move(client));
}

Handler OnWriter(std::function<registry::Registry*()> registry_of, WriterParts writer,
                 std::shared_ptr<Forwarder> forwarder, Handler handler) {
  return [registry_of = std::move(registry_of), writer = std::move(writer),
          forwarder = std::move(forwarder),
          handler = std::move(handler)](const Request& request) -> absl::StatusOr<Response> {
    const registry::Registry* const here = registry_of();
    if (here == nullptr) return base::Unavailable(kNotReady, "the registry is not up yet");
    if (here->IsWriter()) return handler(request);
    const std::string address = writer.address ? writer.address() : std::string();
    if (address.empty() || address == writer.own_address()) {
      return base::Unavailable(registry::kNoWriter, "no instance of the registry writes now");
    }
    return forwarder->Forward(request, address);
  };
}

}  // namespace lineward::http
