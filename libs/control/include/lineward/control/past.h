#pragma once

// Snapshots of earlier moments, for those who explain what was decided then.

#include <absl/status/statusor.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/control/records.h"
#include "lineward/control/snapshot.h"

namespace lineward::control {

// The snapshot that a follower had when `registry` (keys and values of `lineward.registry`, without
// `seq`) stood there up to `mark`, and the set `set_id`, made of `chunks`, was in force. Equal to
// it in every answer but those about offsets, epoch and writer. The first refusal of a record or of
// the set otherwise. Any thread.
absl::StatusOr<std::shared_ptr<const ControlSnapshot>> SnapshotOf(
    const std::vector<std::pair<std::string, std::string>>& registry, const SeqMark& mark,
    std::string_view set_id, const std::vector<std::string>& chunks);

}  // namespace lineward::control
