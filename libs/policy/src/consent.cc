#include "lineward/policy/consent.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace lineward::policy {
namespace {

constexpr std::array<std::string_view, 6> kNames = {"GRANTED", "WITHDRAWN", "NEVER",
                                                    "EXPIRED", "OBJECTED",  "OBJECTION_LIFTED"};

bool IsLoosening(ConsentChange change) {
  return change == ConsentChange::kGranted || change == ConsentChange::kObjectionLifted;
}

// Later = stricter, on either track.
int Strictness(ConsentChange change) {
  switch (change) {
    case ConsentChange::kGranted:
    case ConsentChange::kObjectionLifted:
      return 0;
    case ConsentChange::kNever:
      return 1;
    case ConsentChange::kExpired:
      return 2;
    case ConsentChange::kWithdrawn:
    case ConsentChange::kObjected:
      return 3;
  }
  return 3;
}

// The states of all purposes at one time. A purpose in none of the sets is NEVER, not objected.
struct States {
  base::BitSet256 granted;
  base::BitSet256 withdrawn;
  base::BitSet256 expired;
  base::BitSet256 objected;
};

// Loosening changes are in force from the later of both times, undoing ones from the earlier: no
// clock can strengthen a grant or weaken a withdrawal.
bool InForce(const ConsentTransition& change, int64_t time_us) {
  const auto [first, last] = std::minmax(change.effective_at_us, change.received_at_us);
  return (IsLoosening(change.change) ? last : first) <= time_us;
}

States StatesAt(const Taxonomy& taxonomy, std::span<const ConsentTransition> transitions,
                int64_t time_us) noexcept {
  States states;
  for (const ConsentTransition& transition : transitions) {
    if (transition.purpose >= taxonomy.size() || !InForce(transition, time_us)) continue;
    const base::BitSet256 reach =
        IsLoosening(transition.change)
            ? taxonomy.DownIn(transition.purpose, transition.taxonomy_version)
            : taxonomy.Down(transition.purpose) | taxonomy.Up(transition.purpose);
    switch (transition.change) {
      case ConsentChange::kObjected:
        states.objected |= reach;
        continue;
      case ConsentChange::kObjectionLifted:
        states.objected -= reach;
        continue;
      case ConsentChange::kGranted:
      case ConsentChange::kWithdrawn:
      case ConsentChange::kNever:
      case ConsentChange::kExpired:
        break;
    }
    states.granted -= reach;
    states.withdrawn -= reach;
    states.expired -= reach;
    if (transition.change == ConsentChange::kGranted) states.granted |= reach;
    if (transition.change == ConsentChange::kWithdrawn) states.withdrawn |= reach;
    if (transition.change == ConsentChange::kExpired) states.expired |= reach;
  }
  return states;
}

}  // namespace

std::string_view ConsentChangeName(ConsentChange change) {
  return kNames[static_cast<size_t>(change)];
}

std::optional<ConsentChange> ConsentChangeOf(std::string_view name) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
  for (size_t i = 0; i < kNames.size(); ++i) {
    if (std::equal(name.begin(), name.end(), kNames[i].begin(), kNames[i].end(),
                   [&](char a, char b) { return upper(a) == b; })) {
      return static_cast<ConsentChange>(i);
    }
  }
  return std::nullopt;
}

void SortTransitions(std::vector<ConsentTransition>* transitions) {
  std::stable_sort(transitions->begin(), transitions->end(),
                   [](const ConsentTransition& a, const ConsentTransition& b) {
                     return std::pair(a.received_at_us, Strictness(a.change)) <
                            std::pair(b.received_at_us, Strictness(b.change));
                   });
}

ConsentFacts FoldConsent(const Taxonomy& taxonomy, std::span<const ConsentTransition> transitions,
                         int64_t event_time_us, int64_t decision_time_us) noexcept {
  const States then = StatesAt(taxonomy, transitions, event_time_us);
  const States now = StatesAt(taxonomy, transitions, decision_time_us);
  ConsentFacts facts;
  facts.granted = then.granted & now.granted;
  facts.withdrawn = then.withdrawn | now.withdrawn;
  facts.objected = then.objected | now.objected;
  return facts;
}

ConsentState ConsentAt(const Taxonomy& taxonomy, std::span<const ConsentTransition> transitions,
                       uint8_t purpose, int64_t time_us) noexcept {
  const States states = StatesAt(taxonomy, transitions, time_us);
  if (states.granted.Has(purpose)) return ConsentState::kGranted;
  if (states.withdrawn.Has(purpose)) return ConsentState::kWithdrawn;
  return states.expired.Has(purpose) ? ConsentState::kExpired : ConsentState::kNever;
}

bool IsObjectedAt(const Taxonomy& taxonomy, std::span<const ConsentTransition> transitions,
                  uint8_t purpose, int64_t time_us) noexcept {
  return StatesAt(taxonomy, transitions, time_us).objected.Has(purpose);
}

}  // namespace lineward::policy
