#include "lineward/control/consent.h"

#include <algorithm>

#include "lineward/base/bytes.h"
#include "lineward/base/check.h"

namespace lineward::control {
namespace {

using policy::ConsentChange;

bool IsObjectionTrack(ConsentChange change) {
  return change == ConsentChange::kObjected || change == ConsentChange::kObjectionLifted;
}

bool IsUndoing(ConsentChange change) {
  return change != ConsentChange::kGranted && change != ConsentChange::kObjectionLifted;
}

// Of the transitions beyond the limit the oldest goes, but never the last undoing one of a track:
// without it an old grant would be in force again.
size_t Dispensable(const std::vector<ConsentTransition>& transitions) {
  for (size_t i = 0; i < transitions.size(); ++i) {
    const ConsentChange change = transitions[i].change;
    if (!IsUndoing(change)) return i;
    const bool is_last =
        std::none_of(transitions.begin() + static_cast<ptrdiff_t>(i) + 1, transitions.end(),
                     [&](const ConsentTransition& later) {
                       return IsUndoing(later.change) &&
                              IsObjectionTrack(later.change) == IsObjectionTrack(change);
                     });
    if (!is_last) return i;
  }
  return 0;
}

// Blob of one subject: flags, then per transition purpose, change, times, taxonomy version.
constexpr uint8_t kErasedBit = 1;
constexpr uint8_t kReachBit = 2;

}  // namespace

std::string ConsentKey(std::string_view subject) {
  std::string key(kConsentKeyPrefix);
  key.append(subject);
  return key;
}

std::optional<std::string_view> SubjectOfKey(std::string_view key) {
  if (!key.starts_with(kConsentKeyPrefix)) return std::nullopt;
  key.remove_prefix(kConsentKeyPrefix.size());
  if (key.empty() || key.size() > kSubjectBytesMax) return std::nullopt;
  return key;
}

bool FoldConsent(const ConsentItem& item, int64_t received_at_us, ConsentRecord* record) {
  auto purpose =
      std::lower_bound(record->purposes.begin(), record->purposes.end(), item.purpose,
                       [](const PurposeConsent& a, const std::string& b) { return a.purpose < b; });
  if (purpose == record->purposes.end() || purpose->purpose != item.purpose) {
    purpose = record->purposes.insert(purpose, {.purpose = item.purpose, .transitions = {}});
  }
  std::vector<ConsentTransition>& transitions = purpose->transitions;
  const bool is_known =
      std::any_of(transitions.begin(), transitions.end(), [&](const ConsentTransition& known) {
        return known.change == item.change && known.effective_at_us == item.effective_at_us &&
               known.taxonomy_version == item.taxonomy_version;
      });
  if (is_known) return false;
  const ConsentTransition transition{.change = item.change,
                                     .effective_at_us = item.effective_at_us,
                                     .received_at_us = received_at_us,
                                     .taxonomy_version = item.taxonomy_version};
  const auto after = std::upper_bound(
      transitions.begin(), transitions.end(), received_at_us,
      [](int64_t time, const ConsentTransition& known) { return time < known.received_at_us; });
  transitions.insert(after, transition);
  if (transitions.size() <= kTransitionsMax) return true;

  // Before the transition that followed it, nobody can say any more what the dropped one meant.
  const auto next =
      transitions.erase(transitions.begin() + static_cast<ptrdiff_t>(Dispensable(transitions)));
  const int64_t reach = std::max(next->effective_at_us, next->received_at_us);
  record->reaches_back_to_us = std::max(record->reaches_back_to_us.value_or(reach), reach);
  return true;
}

void ConsentTable::Put(std::string_view subject, const ConsentRecord& record) {
  std::string blob;
  base::AppendU8(&blob, static_cast<uint8_t>((record.is_erased ? kErasedBit : 0) |
                                             (record.reaches_back_to_us ? kReachBit : 0)));
  if (record.reaches_back_to_us) base::AppendSv(&blob, *record.reaches_back_to_us);
  for (const PurposeConsent& purpose : record.purposes) {
    auto id = ids_.find(purpose.purpose);
    if (id == ids_.end()) {
      id = ids_.emplace(purpose.purpose, static_cast<uint32_t>(purposes_.size())).first;
      purposes_.push_back(purpose.purpose);
    }
    for (const ConsentTransition& transition : purpose.transitions) {
      base::AppendUv(&blob, id->second);
      base::AppendU8(&blob, static_cast<uint8_t>(transition.change));
      base::AppendSv(&blob, transition.received_at_us);
      base::AppendSv(&blob, transition.effective_at_us - transition.received_at_us);
      base::AppendSv(&blob, transition.taxonomy_version);
    }
  }
  blob.shrink_to_fit();
  const auto found = blobs_.find(subject);
  if (found != blobs_.end()) {
    found->second = std::move(blob);
    return;
  }
  blobs_.emplace(std::string(subject), std::move(blob));
}

void ConsentTable::Erase(std::string_view subject) {
  const auto found = blobs_.find(subject);
  if (found != blobs_.end()) blobs_.erase(found);
}

bool ConsentTable::Find(std::string_view subject, Entry* entry) const {
  entry->transitions.clear();
  entry->reaches_back_to_us.reset();
  entry->is_erased = false;
  const auto found = blobs_.find(subject);
  if (found == blobs_.end()) return false;
  base::ByteReader reader(found->second);
  const uint8_t flags = reader.U8().value_or(0);
  entry->is_erased = (flags & kErasedBit) != 0;
  if (flags & kReachBit) entry->reaches_back_to_us = reader.Sv();
  while (reader.Left() > 0) {
    const auto purpose = reader.Uv();
    const auto change = reader.U8();
    const auto received = reader.Sv();
    const auto ahead = reader.Sv();
    const auto version = reader.Sv();
    LW_CHECK(purpose && change && received && ahead && version, "the consent table is damaged");
    entry->transitions.push_back({.purpose = static_cast<uint32_t>(*purpose),
                                  .transition = {.change = static_cast<ConsentChange>(*change),
                                                 .effective_at_us = *received + *ahead,
                                                 .received_at_us = *received,
                                                 .taxonomy_version = *version}});
  }
  return true;
}

}  // namespace lineward::control
