#pragma once

// What the demo's shop is made of: datasets, models, people and promotions, the same for ever but
// for the time of the events. Pure; any thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/document/json.h"

namespace lineward::cli {

inline constexpr size_t kDemoPeople = 200;
inline constexpr size_t kDemoPromotions = 2'000;
inline constexpr uint64_t kDemoSeed = 42;

// The shipped policy set (config/policies), as it was when the binary was built.
struct DemoFile {
  std::string_view name;
  std::string_view content;
};
std::vector<DemoFile> DemoPolicies();

// Why a promotion is in the shop; each has one outcome and reason.
enum class DemoKind : uint8_t {
  kAllowed,       // ALLOW
  kWrongData,     // BLOCK, PURPOSE_NOT_ALLOWED: its model learned from support chats
  kNoConsent,     // BLOCK, CONSENT_WITHDRAWN or CONSENT_MISSING: the person's choice
  kMinor,         // BLOCK, RULE_FORBID: behaviour of minors ranks nothing
  kWrongPurpose,  // BLOCK, PURPOSE_NOT_FOR_SURFACE
  kUnknownModel,  // QUARANTINE, MODEL_UNKNOWN
  kUnknownPlace,  // QUARANTINE, PLACE_UNKNOWN: where it is processed is not said
  kMalformed,     // QUARANTINE, MALFORMED: no item
};

struct DemoPromotion {
  DemoKind kind = DemoKind::kAllowed;
  std::string key;       // the person, so that their promotions stay in order
  document::Json event;  // as `lineward.event.v1.Promotion`
};

// Body of POST /v1/registry:register: 3 datasets, 2 models in 3 versions, 1 run.
document::Json DemoRegistrations();

// Body of POST /v1/consents:record: what `kDemoPeople` people said at `said_at` (RFC 3339).
document::Json DemoConsents(std::string_view said_at);

// `kDemoPromotions` promotions over three surfaces, chosen at `event_time` (RFC 3339).
std::vector<DemoPromotion> DemoPromotions(std::string_view event_time);

}  // namespace lineward::cli
