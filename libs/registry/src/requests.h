#pragma once

// What the facade hands to the writer's thread.

#include <absl/status/statusor.h>

#include <chrono>
#include <future>
#include <memory>
#include <vector>

#include "lineward/document/json.h"
#include "lineward/registry/items.h"
#include "lineward/registry/registry.h"

namespace lineward::registry {

enum class RequestKind : uint8_t { kRegister, kRegisterOne, kConsents, kPolicySet };

struct Request {
  RequestKind kind = RequestKind::kRegister;
  Caller caller;
  document::Json body;
  FactKind item_kind = FactKind::kDataset;  // kRegisterOne
  std::chrono::steady_clock::time_point queued;
  std::promise<absl::StatusOr<Answer>> answer;
};

}  // namespace lineward::registry
