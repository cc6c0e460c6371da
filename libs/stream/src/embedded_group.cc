#include "stream/src/embedded_group.h"

#include <algorithm>
#include <set>

#include "lineward/base/status.h"
#include "lineward/stream/reasons.h"

namespace lineward::stream {

uint64_t EmbeddedGroup::Join(const GroupOptions& options, Instant now) {
  const auto [found, is_new] = members_.try_emplace(options.instance_id);
  Member& member = found->second;
  const bool keeps_partitions =
      !is_new && member.options.topics == options.topics &&
      (member.state == State::kStable || member.state == State::kAssigned);
  member.options = options;
  member.holder = ++last_holder_;
  member.is_closed = false;
  member.seen = now;
  if (keeps_partitions) {
    member.state = State::kAssigned;
    return member.holder;
  }
  member.state = State::kWaiting;
  member.partitions.clear();
  BeginRebalance();
  return member.holder;
}

void EmbeddedGroup::Close(const std::string& seat, uint64_t holder, Instant now) {
  const auto found = members_.find(seat);
  if (found == members_.end() || found->second.holder != holder) return;
  Member& member = found->second;
  member.is_closed = true;
  member.seen = now;
  switch (member.state) {
    case State::kToRevoke:
    case State::kRevoking:
      member.state = State::kWaiting;
      member.partitions.clear();
      return;
    case State::kExpired:
    case State::kToLose:
    case State::kLost:
      members_.erase(found);
      return;
    case State::kWaiting:
    case State::kAssigned:
    case State::kStable:
      return;
  }
}

EmbeddedGroup::News EmbeddedGroup::Poll(const std::string& seat, uint64_t holder, Instant now,
                                        const CountPartitions& count) {
  Expire(now);
  const auto found = members_.find(seat);
  if (found == members_.end() || found->second.holder != holder) {
    return {.status = base::PermissionDenied(
                kSeatTaken, "group `{}`: instance `{}` was taken by another consumer", id_, seat)};
  }
  Member& member = found->second;
  member.seen = now;
  if (CountsChanged(count)) BeginRebalance();
  CompleteRebalance(count);
  switch (member.state) {
    case State::kAssigned:
      member.state = State::kStable;
      return {.rebalance = Rebalance::kAssigned, .partitions = member.partitions};
    case State::kToRevoke:
      member.state = State::kRevoking;
      return {.rebalance = Rebalance::kRevoked, .partitions = member.partitions};
    case State::kExpired:
      member.state = State::kToLose;
      return {.status = base::FailedPrecondition(
                  kMembershipLost, "group `{}`: instance `{}` did not poll for over {} ms", id_,
                  seat, absl::ToInt64Milliseconds(member.options.max_poll_interval))};
    case State::kToLose:
      member.state = State::kLost;
      return {.rebalance = Rebalance::kLost, .partitions = member.partitions};
    case State::kWaiting:
    case State::kStable:
    case State::kRevoking:
    case State::kLost:
      return {};
  }
  return {};
}

void EmbeddedGroup::Unassign(const std::string& seat, uint64_t holder, Instant now) {
  const auto found = members_.find(seat);
  if (found == members_.end() || found->second.holder != holder) return;
  Member& member = found->second;
  member.seen = now;
  if (member.state == State::kRevoking) {
    member.state = State::kWaiting;
    member.partitions.clear();
  }
  if (member.state == State::kLost) {
    member.state = State::kWaiting;
    member.partitions.clear();
    BeginRebalance();
  }
}

bool EmbeddedGroup::IsMember(uint64_t holder, uint64_t generation) const {
  if (generation != generation_) return false;
  return std::any_of(members_.begin(), members_.end(), [holder](const auto& entry) {
    const State state = entry.second.state;
    return entry.second.holder == holder && state != State::kExpired && state != State::kToLose &&
           state != State::kLost;
  });
}

bool EmbeddedGroup::HoldsSeat(const std::string& seat, uint64_t holder) const {
  const auto found = members_.find(seat);
  return found != members_.end() && found->second.holder == holder;
}

void EmbeddedGroup::Expire(Instant now) {
  bool has_changed = false;
  for (auto entry = members_.begin(); entry != members_.end();) {
    Member& member = entry->second;
    const absl::Duration silence = absl::FromChrono(now - member.seen);
    if (member.is_closed && silence > member.options.session_timeout) {
      entry = members_.erase(entry);
      has_changed = true;
      continue;
    }
    const bool is_gone = member.state == State::kExpired || member.state == State::kToLose ||
                         member.state == State::kLost;
    if (!member.is_closed && !is_gone && silence > member.options.max_poll_interval) {
      member.state = State::kExpired;
      has_changed = true;
    }
    ++entry;
  }
  if (has_changed) BeginRebalance();
}

void EmbeddedGroup::BeginRebalance() {
  for (auto& [seat, member] : members_) {
    if (member.state == State::kAssigned || (member.is_closed && member.state == State::kStable)) {
      member.state = State::kWaiting;
      member.partitions.clear();
    }
    if (member.state == State::kStable) member.state = State::kToRevoke;
  }
}

void EmbeddedGroup::CompleteRebalance(const CountPartitions& count) {
  bool is_any_waiting = false;
  for (const auto& [seat, member] : members_) {
    if (member.state == State::kToRevoke || member.state == State::kRevoking) return;
    if (member.state == State::kWaiting) is_any_waiting = true;
  }
  if (!is_any_waiting) return;
  ++generation_;
  counts_.clear();
  for (auto& [seat, member] : members_) {
    if (member.state != State::kWaiting) continue;
    for (const std::string& topic : member.options.topics) counts_[topic] = count(topic);
  }
  for (const auto& [topic, partitions] : counts_) AssignRanges(topic, partitions);
  for (auto& [seat, member] : members_) {
    if (member.state == State::kWaiting) member.state = State::kAssigned;
  }
}

void EmbeddedGroup::AssignRanges(const std::string& topic, int32_t partitions) {
  std::vector<Member*> takers;
  for (auto& [seat, member] : members_) {
    const auto& topics = member.options.topics;
    const bool subscribes = std::find(topics.begin(), topics.end(), topic) != topics.end();
    if (subscribes && member.state == State::kWaiting) takers.push_back(&member);
  }
  const auto taker_count = static_cast<int32_t>(takers.size());
  int32_t next = 0;
  for (int32_t i = 0; i < taker_count; ++i) {
    const int32_t share = partitions / taker_count + (i < partitions % taker_count ? 1 : 0);
    for (int32_t n = 0; n < share; ++n) takers[i]->partitions.push_back({topic, next++});
  }
}

bool EmbeddedGroup::CountsChanged(const CountPartitions& count) const {
  return std::any_of(counts_.begin(), counts_.end(),
                     [&count](const auto& entry) { return count(entry.first) != entry.second; });
}

}  // namespace lineward::stream
