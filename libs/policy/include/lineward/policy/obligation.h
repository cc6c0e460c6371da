#pragma once

// Obligations (policy design, section 6): what must be done with a promotion that goes out. Values;
// interned ones live as long as their `PolicySet`.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/base/bit_set.h"

namespace lineward::policy {

enum class ObligationType : uint8_t {
  kLog,
  kNotify,
  kRedact,
  kDegradeNonPersonalised,
  kNoTrain,
  kLabel,
  kDelay,
  kTtl,
};
inline constexpr size_t kObligationTypes = 8;

// `log`, ..., `ttl`.
std::string_view ObligationTypeName(ObligationType type);
std::optional<ObligationType> ObligationTypeOf(std::string_view name);

struct Obligation {
  ObligationType type = ObligationType::kLog;
  bool is_full = false;             // log: level full, else brief
  int64_t seconds = 0;              // delay, ttl
  std::string channel;              // notify
  std::string key, value;           // label
  std::vector<std::string> fields;  // redact, sorted, each once

  friend bool operator==(const Obligation&, const Obligation&) = default;
};

// One of a policy set, with its bytes made once. Fields to redact are bits of the set. Made by the
// set, or by `PolicySet::Intern` for a breaker.
struct InternedObligation {
  Obligation obligation;
  std::string json;
  base::BitSet256 fields;    // redact
  int32_t label_order = -1;  // label: index of the order of its key, and its rank there; -1: none
  int32_t label_rank = -1;
};

// RFC 8785 bytes as in header `lineward-obligations` and row field 17:
// `{"seconds":60,"type":"ttl"}`.
std::string ToJson(const Obligation& obligation);

// The bytes of a whole list, which must be sorted already: `[...]`.
std::string ToJson(const std::vector<Obligation>& obligations);

}  // namespace lineward::policy
