#pragma once

// Consent and objection of one person: the state of each purpose at two times, from the transitions
// that the registry keeps (policy design, section 5). Pure, no allocation, any thread.

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "lineward/policy/facts.h"
#include "lineward/policy/taxonomy.h"

namespace lineward::policy {

enum class ConsentChange : uint8_t {
  kGranted,
  kWithdrawn,
  kNever,
  kExpired,
  kObjected,
  kObjectionLifted,
};

// `GRANTED`, ...; in any case of ASCII.
std::string_view ConsentChangeName(ConsentChange change);
std::optional<ConsentChange> ConsentChangeOf(std::string_view name);

struct ConsentTransition {
  uint8_t purpose = 0;  // bit in the set's taxonomy
  ConsentChange change = ConsentChange::kGranted;
  int64_t effective_at_us = 0;  // the client's time
  int64_t received_at_us = 0;   // ours
  int64_t taxonomy_version = 1;
};

// Puts transitions into the order that `FoldConsent` needs: by receipt, at equal receipt the
// stricter last.
void SortTransitions(std::vector<ConsentTransition>* transitions);

// The states of all purposes with both times folded into one: the stricter on each track. Fills
// `granted`, `withdrawn`, `objected` of the result; the caller adds erasure, age and snapshot.
// `transitions` must be sorted.
ConsentFacts FoldConsent(const Taxonomy& taxonomy, std::span<const ConsentTransition> transitions,
                         int64_t event_time_us, int64_t decision_time_us) noexcept;

enum class ConsentState : uint8_t { kWithdrawn, kExpired, kNever, kGranted };

// The state of one purpose at one time, for `explain` and tools; and whether it is objected to.
ConsentState ConsentAt(const Taxonomy& taxonomy, std::span<const ConsentTransition> transitions,
                       uint8_t purpose, int64_t time_us) noexcept;
bool IsObjectedAt(const Taxonomy& taxonomy, std::span<const ConsentTransition> transitions,
                  uint8_t purpose, int64_t time_us) noexcept;

}  // namespace lineward::policy
