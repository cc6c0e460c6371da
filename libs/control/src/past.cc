#include "lineward/control/past.h"

#include <cstdint>
#include <limits>

#include "control/src/state.h"
#include "lineward/base/compress.h"
#include "lineward/base/status.h"

namespace lineward::control {

absl::StatusOr<std::shared_ptr<const ControlSnapshot>> SnapshotOf(
    const std::vector<std::pair<std::string, std::string>>& registry, const SeqMark& mark,
    std::string_view set_id, const std::vector<std::string>& chunks) {
  ControlState state(false);
  for (const auto& [key, value] : registry) state.ApplyRegistry(key, value, 0);
  RegistryRecord last;
  last.seq_mark = mark;
  state.ApplyRegistry(kSeqKey, EncodeRegistryRecord(last), 0);

  PolicyHead head;
  head.set_id = set_id;
  head.epoch = 1;
  head.chunks = static_cast<uint32_t>(chunks.size());
  // It was in force: what bounds its coming into force was looked at then.
  head.created_us = std::numeric_limits<int64_t>::max() / 2;
  std::string frame;
  for (uint32_t i = 0; i < head.chunks; ++i) {
    frame += chunks[i];
    state.ApplyPolicies(ChunkKey(set_id, i), chunks[i], 0);
  }
  LW_ASSIGN_OR_RETURN(head.raw_bytes, base::ZstdRawSize(frame));
  state.ApplyPolicies(kHeadKey, EncodePolicyHead(head), 0);
  for (const Note& note : state.TakeNotes()) LW_RETURN_IF_ERROR(note.status);
  return state.Build(mark.recorded_at_us);
}

}  // namespace lineward::control
