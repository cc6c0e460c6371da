#include <map>

#include "ledger/src/segment.h"
#include "lineward/base/status.h"
#include "lineward/ledger/v1/segment.pb.h"
#include "lineward/store/reasons.h"

namespace lineward::ledger {
namespace {

absl::Status Damaged(std::string_view what) {
  return base::DataLoss(store::kStoreDamaged, "segment record: {}", what);
}

// Sources by first appearance.
class SourceIndex {
 public:
  explicit SourceIndex(v1::SegmentRecord* out) : out_(out) {}

  uint32_t Of(const decision::SourceName& source) {
    const auto [it, is_new] = index_.emplace(source, static_cast<uint32_t>(index_.size()));
    if (is_new) {
      v1::Source* added = out_->add_sources();
      added->set_cluster(source.cluster);
      added->set_topic(source.topic);
      added->set_partition(source.partition);
    }
    return it->second;
  }

 private:
  v1::SegmentRecord* out_;
  std::map<decision::SourceName, uint32_t> index_;
};

}  // namespace

std::string EncodeSegmentRecord(const SegmentRecord& record) {
  v1::SegmentRecord out;
  out.set_number(record.number);
  SourceIndex sources(&out);
  for (const BlockRecord& block : record.blocks) {
    v1::SegmentBlock* added = out.add_blocks();
    added->set_source(sources.Of(*block.source));
    added->set_log(static_cast<uint32_t>(block.log));
    added->set_entry(block.entry);
    added->set_first(block.first);
    added->set_next(block.next);
    added->set_live_from(block.live_from);
    added->set_rows(block.rows);
    added->set_decision_time_ms(block.decision_time_ms);
    added->set_bucket_day(block.bucket_day);
  }
  for (const PartitionMark& mark : record.partitions) {
    v1::PartitionState* added = out.add_partitions();
    added->set_partition(static_cast<uint32_t>(mark.partition));
    added->set_next_offset(mark.next_offset);
    added->set_log_size(mark.log_size);
    for (const crypto::Digest& hash : mark.edge) {
      added->mutable_edge()->append(crypto::AsBytes(hash));
    }
  }
  for (const SourceMark& mark : record.sources) {
    v1::SourceState* added = out.add_source_states();
    added->set_source(sources.Of(*mark.source));
    added->set_partition(static_cast<uint32_t>(mark.partition));
    added->set_start(mark.start);
    added->set_next(mark.next);
  }
  return out.SerializeAsString();
}

absl::StatusOr<SegmentRecord> DecodeSegmentRecord(std::string_view bytes) {
  v1::SegmentRecord in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return Damaged("not decodable");
  }
  std::vector<std::shared_ptr<const decision::SourceName>> sources;
  for (const v1::Source& source : in.sources()) {
    sources.push_back(std::make_shared<decision::SourceName>(
        decision::SourceName{source.cluster(), source.topic(), source.partition()}));
  }
  SegmentRecord record;
  record.number = in.number();
  for (const v1::SegmentBlock& block : in.blocks()) {
    if (block.source() >= sources.size()) return Damaged("a block of no source");
    record.blocks.push_back({sources[block.source()], static_cast<int32_t>(block.log()),
                             block.entry(), block.first(), block.next(), block.live_from(),
                             block.rows(), block.decision_time_ms(), block.bucket_day()});
  }
  if (record.blocks.size() > kSegmentBlocksMax) return Damaged("too many blocks");
  for (const v1::PartitionState& state : in.partitions()) {
    PartitionMark mark{
        static_cast<int32_t>(state.partition()), state.next_offset(), state.log_size(), {}};
    const std::string& edge = state.edge();
    if (edge.size() % crypto::kDigestBytes != 0) return Damaged("an edge of odd length");
    for (size_t at = 0; at < edge.size(); at += crypto::kDigestBytes) {
      const std::string_view hash(edge.data() + at, crypto::kDigestBytes);
      mark.edge.push_back(*crypto::DigestFrom(hash));
    }
    record.partitions.push_back(std::move(mark));
  }
  for (const v1::SourceState& state : in.source_states()) {
    if (state.source() >= sources.size()) return Damaged("a state of no source");
    record.sources.push_back({sources[state.source()], static_cast<int32_t>(state.partition()),
                              state.start(), state.next()});
  }
  return record;
}

}  // namespace lineward::ledger
