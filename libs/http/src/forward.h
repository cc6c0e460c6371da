#pragma once

// Passes writes of a registry that follows on to the one that writes, in one hop (registry design,
// section 7).

#include <absl/status/statusor.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/base/mutex.h"
#include "lineward/http/client.h"
#include "lineward/http/message.h"
#include "lineward/http/routes.h"

namespace lineward::http {

// On a request that was passed on already: who gets it and does not write, refuses it.
inline constexpr std::string_view kForwardedHeader = "lineward-forwarded";

// Keeps some connections to the writer open. Any thread; each call waits for its answer.
class Forwarder {
 public:
  // The writer's answer, whatever it says, to `request` as it came. `address` is `host:port`.
  // UNAVAILABLE (NO_WRITER): it was passed on before, or nobody answers there; DEADLINE_EXCEEDED
  // (NO_WRITER): no answer by the request's deadline, so it may have been written.
  absl::StatusOr<Response> Forward(const Request& request, const std::string& address);

 private:
  using Connection = std::pair<std::string, std::unique_ptr<Client>>;  // address, client
  std::unique_ptr<Client> Take(const std::string& address);
  void GiveBack(const std::string& address, std::unique_ptr<Client> client);

  base::Mutex mutex_;
  std::vector<Connection> idle_ LW_GUARDED_BY(mutex_);
};

// `handler` where the registry writes; elsewhere the writer's answer. UNAVAILABLE (NOT_READY) while
// the registry is not up; UNAVAILABLE (NO_WRITER) if no other writer is known.
Handler OnWriter(std::function<registry::Registry*()> registry_of, WriterParts writer,
                 std::shared_ptr<Forwarder> forwarder, Handler handler);

}  // namespace lineward::http
