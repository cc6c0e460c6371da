#include "ledger/src/segment_store.h"

#include <algorithm>
#include <utility>

#include "ledger/src/postings.h"
#include "lineward/audit/reasons.h"
#include "lineward/base/bytes.h"
#include "lineward/base/status.h"
#include "lineward/store/reasons.h"
#include "lineward/store/segment_writer.h"

namespace lineward::ledger {
namespace {

constexpr std::string_view kLogFamily = "log";
constexpr std::string_view kMetaFamily = "meta";
constexpr uint64_t kScanBlockBytes = 128 << 10;  // neighbours compress each other
constexpr uint64_t kIdentBlockBytes = 64 << 10;
constexpr uint64_t kPostBlockBytes = 32 << 10;
constexpr int kPostRestartInterval = 64;
// Over this many values in a segment a dimension is read by scanning instead.
constexpr size_t kFacetValuesMax = 4'096;
constexpr std::string_view kTooManyValues = "\xff\xff\xff\xff\xff\xff\xff\xff";
constexpr uint8_t kValueTexts = 0;               // dimension of the facet values' texts
constexpr size_t kCachedRecordBlocks = 500'000;  // about 60 MB
constexpr size_t kHighKeyBytes = 5;
constexpr size_t kFacetKeyBytes = 8;
constexpr size_t kSegmentKeyBytes = 4;

store::FamilyOptions OptionsOf(std::string_view family) {
  store::FamilyOptions options;
  if (family.starts_with("scan@")) options.block_bytes = kScanBlockBytes;
  if (family.starts_with("ident@")) {
    options.block_bytes = kIdentBlockBytes;
    options.compression = store::FamilyOptions::Compression::kNone;
  }
  if (family.starts_with("post@")) {
    options.block_bytes = kPostBlockBytes;
    options.restart_interval = kPostRestartInterval;
    options.filter = store::FamilyOptions::Filter::kPosting;
  }
  return options;
}

std::string BlockKey(BlockPlace place) {
  std::string key;
  base::AppendU32(&key, place.segment);
  base::AppendU16(&key, place.ordinal);
  return key;
}

std::string SegmentKey(uint32_t segment) {
  std::string key = "S";
  base::AppendU32(&key, segment);
  return key;
}

std::string SourceOffsetPrefix(const decision::SourceName& source) {
  return "Q" + decision::SourceKey(source);
}

std::string LogEntryPrefix(int32_t log) {
  std::string key = "P";
  base::AppendU32(&key, static_cast<uint32_t>(log));
  return key;
}

std::string LogKey(int32_t log, uint8_t level) {
  std::string key;
  base::AppendU32(&key, static_cast<uint32_t>(log));
  base::AppendU8(&key, level);
  return key;
}

std::string HighPrefix(uint64_t term) {
  std::string bytes;
  base::AppendU64(&bytes, term);
  return bytes.substr(8 - 1 - kHighKeyBytes);
}

std::string FacetPrefix(uint8_t dimension, std::string_view key) {
  std::string bytes;
  base::AppendU8(&bytes, dimension);
  return bytes + std::string(key);
}

// The first key behind all that begin with `prefix`.
std::string EndOf(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<uint8_t>(prefix.back()) + 1);
  return prefix;
}

uint32_t SegmentOf(std::string_view key) {
  return base::LoadU32(key.data() + key.size() - kSegmentKeyBytes);
}

absl::Status Damaged(std::string_view what) {
  return base::DataLoss(store::kStoreDamaged, "{}", what);
}

// The postings of the blocks of one bucket in one segment, as sorted keys.
class PostingBuilder {
 public:
  PostingBuilder(uint32_t segment, size_t blocks) : segment_(segment), blocks_(blocks) {}

  void Add(const HotBlock& block, uint16_t ordinal) {
    // A HighTerm has 48 bits: with the ordinal it fills one word, so sorting is of words.
    for (const uint64_t term : block.index.high) high_.push_back((term << 16) | ordinal);
    for (const FacetCount& facet : block.index.facets) {
      FacetPosting& posting = facets_[static_cast<uint8_t>(facet.dimension)][facet.value];
      for (size_t i = 0; i < facet.rows.size(); ++i) posting.rows[i] += facet.rows[i];
      if (posting.ordinals.empty() || posting.ordinals.back() != ordinal) {
        posting.ordinals.push_back(ordinal);
      }
    }
  }

  // Texts of facet values come first, then the high-cardinality terms, then the facets. `is_known`
  // says whether the bucket holds the text of (dimension, key) already.
  template <typename Emit, typename IsKnown>
  absl::Status Write(const Emit& emit, const IsKnown& is_known) {
    std::map<std::string, std::string> texts;
    std::map<std::string, std::string> facets;
    std::string suffix;
    base::AppendU32(&suffix, segment_);
    for (const auto& [dimension, values] : facets_) {
      if (values.size() > kFacetValuesMax) {
        facets[FacetPrefix(dimension, kTooManyValues) + suffix] = "scan";
        continue;
      }
      for (const auto& [value, posting] : values) {
        const std::string prefix = FacetPrefix(dimension, FacetKey(value));
        facets[prefix + suffix] = EncodeFacet(posting, blocks_);
        if (!is_known(prefix)) texts[FacetPrefix(kValueTexts, prefix) + suffix] = value;
      }
    }
    for (const auto& [key, value] : texts) LW_RETURN_IF_ERROR(emit(key, value));
    LW_RETURN_IF_ERROR(WriteHigh(emit, suffix));
    for (const auto& [key, value] : facets) LW_RETURN_IF_ERROR(emit(key, value));
    return absl::OkStatus();
  }

 private:
  template <typename Emit>
  absl::Status WriteHigh(const Emit& emit, const std::string& suffix) {
    std::sort(high_.begin(), high_.end());
    std::vector<uint16_t> ordinals;
    for (size_t i = 0; i < high_.size();) {
      const uint64_t term = high_[i] >> 16;
      ordinals.clear();
      for (; i < high_.size() && high_[i] >> 16 == term; ++i) {
        ordinals.push_back(static_cast<uint16_t>(high_[i]));
      }
      LW_RETURN_IF_ERROR(emit(HighPrefix(term) + suffix, EncodeOrdinals(ordinals)));
    }
    return absl::OkStatus();
  }

  uint32_t segment_;
  size_t blocks_;
  std::vector<uint64_t> high_;
  std::map<uint8_t, std::map<std::string, FacetPosting>> facets_;
};

std::string EncodeScan(const HotBlock& block) {
  std::string value;
  base::AppendU16(&value, static_cast<uint16_t>(block.header_text.size()));
  value += block.header_text;
  value += block.raw_scan;
  return value;
}

std::string EncodeIdent(const HotBlock& block) {
  std::string value;
  base::AppendU8(&value, block.ident_codec);
  base::AppendU32(&value, block.ident_raw_length);
  value += block.ident;
  return value;
}

// The keys of `meta` that one segment adds, sorted.
std::map<std::string, std::string> MetaKeys(const SegmentRecord& record) {
  std::map<std::string, std::string> keys;
  std::string suffix;
  base::AppendU32(&suffix, record.number);
  for (size_t i = 0; i < record.blocks.size(); ++i) {
    const BlockRecord& block = record.blocks[i];
    std::string ordinal;
    base::AppendU16(&ordinal, static_cast<uint16_t>(i));
    keys["N" + decision::SourceKey(*block.source) + suffix] = fmt::format(
        "{} {} {}", block.source->cluster, block.source->topic, block.source->partition);
    // A block of repeats alone has no offset that is found in it first.
    if (block.live_from < block.next) {
      std::string offset;
      base::AppendU64(&offset, block.live_from);
      keys[SourceOffsetPrefix(*block.source) + offset + suffix] = ordinal;
    }
    const bool is_run_start = i == 0 || record.blocks[i - 1].log != block.log ||
                              record.blocks[i - 1].entry + 1 != block.entry;
    if (is_run_start) {
      size_t end = i + 1;
      while (end < record.blocks.size() && record.blocks[end].log == block.log &&
             record.blocks[end].entry == block.entry + (end - i)) {
        ++end;
      }
      std::string entry;
      base::AppendU64(&entry, block.entry);
      std::string value = ordinal;
      base::AppendU16(&value, static_cast<uint16_t>(end - i));
      keys[LogEntryPrefix(block.log) + entry + suffix] = value;
    }
  }
  keys[SegmentKey(record.number)] = EncodeSegmentRecord(record);
  return keys;
}

}  // namespace

SegmentSummary Summarise(const SegmentRecord& record) {
  SegmentSummary summary;
  summary.number = record.number;
  summary.blocks = static_cast<uint32_t>(record.blocks.size());
  std::set<int32_t> days;
  std::set<int32_t> logs;
  for (const BlockRecord& block : record.blocks) {
    const bool is_first = days.empty();
    summary.rows += block.rows;
    summary.time_ms_min =
        is_first ? block.decision_time_ms : std::min(summary.time_ms_min, block.decision_time_ms);
    summary.time_ms_max =
        is_first ? block.decision_time_ms : std::max(summary.time_ms_max, block.decision_time_ms);
    days.insert(block.bucket_day);
    logs.insert(block.log);
  }
  summary.bucket_days.assign(days.begin(), days.end());
  summary.logs.assign(logs.begin(), logs.end());
  return summary;
}

absl::StatusOr<std::unique_ptr<SegmentStore>> SegmentStore::Open(Options options) {
  store::DbOptions db_options;
  db_options.path = options.path;
  db_options.mode = store::DbOptions::Mode::kIngestOnly;
  db_options.family_options = OptionsOf;
  db_options.block_cache_bytes = options.block_cache_bytes;
  LW_ASSIGN_OR_RETURN(auto db, store::Db::Open(std::move(db_options)));
  std::unique_ptr<SegmentStore> store(new SegmentStore(std::move(options), std::move(db)));
  LW_ASSIGN_OR_RETURN(store->log_, store->db_->FindOrCreate(kLogFamily));
  LW_ASSIGN_OR_RETURN(store->meta_, store->db_->FindOrCreate(kMetaFamily));
  return store;
}

SegmentStore::SegmentStore(Options options, std::unique_ptr<store::Db> db)
    : options_(std::move(options)), db_(std::move(db)) {}

absl::Status SegmentStore::PrepareBucket(int32_t bucket_day) {
  for (const char* family : {"scan", "ident", "post"}) {
    const std::string name = fmt::format("{}@{}.{}", family, options_.retention_days, bucket_day);
    LW_RETURN_IF_ERROR(db_->FindOrCreate(name).status());
  }
  return absl::OkStatus();
}

std::optional<SegmentStore::BucketFamilies> SegmentStore::FindBucket(int32_t bucket_day) const {
  const std::string suffix = fmt::format("@{}.{}", options_.retention_days, bucket_day);
  BucketFamilies families{db_->Find("scan" + suffix), db_->Find("ident" + suffix),
                          db_->Find("post" + suffix)};
  if (!families.scan || !families.ident || !families.post) return std::nullopt;
  return families;
}

absl::StatusOr<SegmentStore::BucketFamilies> SegmentStore::Bucket(int32_t bucket_day) const {
  const auto families = FindBucket(bucket_day);
  if (!families) return Damaged(fmt::format("the families of bucket {} are missing", bucket_day));
  return *families;
}

absl::Status SegmentStore::Store(const SealJob& job) {
  const uint32_t number = job.record.number;
  const size_t blocks = job.record.blocks.size();
  store::SegmentWriter writer(db_.get(), fmt::format("segment-{}", number));
  std::map<int32_t, PostingBuilder> postings;
  for (size_t i = 0; i < blocks; ++i) {
    const HotBlock& block = *job.segment->slots[i];
    const int32_t day = block.record.bucket_day;
    if (!FindBucket(day)) LW_RETURN_IF_ERROR(PrepareBucket(day));
    LW_ASSIGN_OR_RETURN(const BucketFamilies families, Bucket(day));
    const std::string key = BlockKey({number, static_cast<uint16_t>(i)});
    LW_RETURN_IF_ERROR(writer.Add(families.scan, key, EncodeScan(block)));
    LW_RETURN_IF_ERROR(writer.Add(families.ident, key, EncodeIdent(block)));
    postings.try_emplace(day, number, blocks).first->second.Add(block, static_cast<uint16_t>(i));
  }
  std::vector<std::string> new_values;
  for (auto& [day, builder] : postings) {
    LW_ASSIGN_OR_RETURN(const BucketFamilies families, Bucket(day));
    const auto emit = [&](std::string_view key, std::string_view value) {
      return writer.Add(families.post, key, value);
    };
    const auto is_known = [&, bucket = day](const std::string& prefix) {
      std::string name = fmt::format("{} {}", bucket, prefix);
      if (known_values_.contains(name)) return true;
      new_values.push_back(std::move(name));
      return false;
    };
    LW_RETURN_IF_ERROR(builder.Write(emit, is_known));
  }
  for (const auto& [key, value] : MetaKeys(job.record)) {
    LW_RETURN_IF_ERROR(writer.Add(meta_, key, value));
  }
  std::map<std::string, std::string_view> runs;
  for (const LogRun& run : job.runs) {
    std::string key = LogKey(run.log, run.level);
    base::AppendU64(&key, run.first);
    runs.emplace(std::move(key), run.bytes);
  }
  for (const auto& [key, value] : runs) LW_RETURN_IF_ERROR(writer.Add(log_, key, value));
  LW_ASSIGN_OR_RETURN(auto files, writer.Finish());
  LW_RETURN_IF_ERROR(db_->Ingest(std::move(files)));
  known_values_.insert(new_values.begin(), new_values.end());
  return absl::OkStatus();
}

uint64_t SegmentStore::Bytes() const {
  uint64_t bytes = 0;
  for (const auto& size : db_->Sizes()) bytes += size.file_bytes;
  return bytes;
}

absl::StatusOr<SegmentStore::Opening> SegmentStore::ReadAll() const {
  Opening opening;
  absl::Status bad;
  store::ReadRange range;
  range.first = "S";
  range.end = "T";
  range.fill_cache = false;
  LW_RETURN_IF_ERROR(db_->Scan(meta_, range, [&](std::string_view key, std::string_view value) {
    auto record = DecodeSegmentRecord(value);
    if (!record.ok() || key != SegmentKey(record->number)) {
      bad = record.ok() ? Damaged("a segment record under a foreign key") : record.status();
      return false;
    }
    opening.segments.push_back(std::make_shared<SegmentSummary>(Summarise(*record)));
    opening.newest = std::make_shared<SegmentRecord>(std::move(*record));
    return true;
  }));
  LW_RETURN_IF_ERROR(bad);
  return opening;
}

absl::StatusOr<std::shared_ptr<const SegmentRecord>> SegmentStore::Record(uint32_t segment) const {
  {
    base::MutexLock lock(&mutex_);
    const auto it = records_.find(segment);
    if (it != records_.end()) return it->second;
  }
  LW_ASSIGN_OR_RETURN(const auto value, db_->Get(meta_, SegmentKey(segment)));
  if (!value) return Damaged(fmt::format("the record of segment {} is missing", segment));
  LW_ASSIGN_OR_RETURN(SegmentRecord decoded, DecodeSegmentRecord(*value));
  auto record = std::make_shared<const SegmentRecord>(std::move(decoded));
  base::MutexLock lock(&mutex_);
  if (!records_.emplace(segment, record).second) return record;
  record_order_.push_back(segment);
  record_blocks_ += record->blocks.size();
  while (record_blocks_ > kCachedRecordBlocks && record_order_.size() > 1) {
    const auto oldest = records_.find(record_order_.front());
    record_blocks_ -= oldest->second->blocks.size();
    records_.erase(oldest);
    record_order_.erase(record_order_.begin());
  }
  return record;
}

absl::StatusOr<decision::BlockView> SegmentStore::ReadBlock(const BlockRecord& record,
                                                            BlockPlace place,
                                                            bool with_ident) const {
  LW_ASSIGN_OR_RETURN(const BucketFamilies families, Bucket(record.bucket_day));
  const std::string key = BlockKey(place);
  const auto missing = [&](std::string_view what) {
    return Damaged(fmt::format("segment {} block {}: {}", place.segment, place.ordinal, what));
  };
  LW_ASSIGN_OR_RETURN(const auto scan, db_->Get(families.scan, key));
  if (!scan) return missing("its scan section is missing");
  base::ByteReader reader(*scan);
  const auto header_bytes = reader.U16();
  const auto header = header_bytes ? reader.Raw(*header_bytes) : std::nullopt;
  if (!header) return missing("its header is cut");
  const auto as_damage =
      [&](absl::StatusOr<decision::BlockView> view) -> absl::StatusOr<decision::BlockView> {
    if (view.ok()) return view;
    return missing(base::MessageOf(view.status()));
  };
  if (!with_ident) {
    return as_damage(decision::BlockView::FromStored(*header, reader.Rest(), nullptr));
  }
  LW_ASSIGN_OR_RETURN(const auto ident, db_->Get(families.ident, key));
  if (!ident) return missing("its ident section is missing");
  base::ByteReader ident_reader(*ident);
  const auto codec = ident_reader.U8();
  const auto raw_length = ident_reader.U32();
  if (!codec || !raw_length) return missing("its ident section is cut");
  const decision::BlockView::StoredSection section{*codec, *raw_length, ident_reader.Rest()};
  return as_damage(decision::BlockView::FromStored(*header, reader.Rest(), &section));
}

absl::StatusOr<std::optional<BlockPlace>> SegmentStore::FindOffset(
    const decision::SourceName& source, uint64_t offset) const {
  const std::string prefix = SourceOffsetPrefix(source);
  std::string seek = prefix;
  base::AppendU64(&seek, offset);
  seek += "\xff\xff\xff\xff";
  store::Iterator it = db_->Iterate(meta_);
  LW_ASSIGN_OR_RETURN(const bool is_found, it.SeekBack(seek));
  if (!is_found || !it.key().starts_with(prefix)) return std::optional<BlockPlace>();
  if (it.value().size() != 2) return Damaged("an offset entry of odd length");
  return std::optional<BlockPlace>({SegmentOf(it.key()), base::LoadU16(it.value().data())});
}

absl::StatusOr<std::optional<BlockPlace>> SegmentStore::FindEntry(int32_t log,
                                                                  uint64_t entry) const {
  const std::string prefix = LogEntryPrefix(log);
  std::string seek = prefix;
  base::AppendU64(&seek, entry);
  seek += "\xff\xff\xff\xff";
  store::Iterator it = db_->Iterate(meta_);
  LW_ASSIGN_OR_RETURN(const bool is_found, it.SeekBack(seek));
  if (!is_found || !it.key().starts_with(prefix)) return std::optional<BlockPlace>();
  if (it.value().size() != 4) return Damaged("a log entry of odd length");
  const uint64_t first = base::LoadU64(it.key().data() + prefix.size());
  const uint16_t ordinal = base::LoadU16(it.value().data());
  const uint16_t count = base::LoadU16(it.value().data() + 2);
  if (entry - first >= count) return std::optional<BlockPlace>();
  return std::optional<BlockPlace>(
      {SegmentOf(it.key()), static_cast<uint16_t>(ordinal + (entry - first))});
}

absl::StatusOr<std::map<uint32_t, std::string>> SegmentStore::HighPostings(int32_t bucket_day,
                                                                           uint64_t term) const {
  LW_ASSIGN_OR_RETURN(const BucketFamilies families, Bucket(bucket_day));
  std::map<uint32_t, std::string> found;
  store::ReadRange range;
  range.first = HighPrefix(term);
  range.end = EndOf(range.first);
  range.is_one_prefix = true;
  LW_RETURN_IF_ERROR(
      db_->Scan(families.post, range, [&](std::string_view key, std::string_view value) {
        found.emplace(SegmentOf(key), value);
        return true;
      }));
  return found;
}

absl::StatusOr<SegmentStore::FacetPostings> SegmentStore::FacetValuePostings(
    int32_t bucket_day, Dimension dimension, std::string_view value) const {
  LW_ASSIGN_OR_RETURN(const BucketFamilies families, Bucket(bucket_day));
  FacetPostings found;
  for (const bool is_overflow : {false, true}) {
    store::ReadRange range;
    range.first = FacetPrefix(static_cast<uint8_t>(dimension),
                              is_overflow ? std::string(kTooManyValues) : FacetKey(value));
    range.end = EndOf(range.first);
    range.is_one_prefix = true;
    LW_RETURN_IF_ERROR(
        db_->Scan(families.post, range, [&](std::string_view key, std::string_view bytes) {
          if (is_overflow) {
            found.scan.insert(SegmentOf(key));
          } else {
            found.by_segment.emplace(SegmentOf(key), bytes);
          }
          return true;
        }));
  }
  return found;
}

absl::StatusOr<std::optional<std::vector<StoredFacet>>> SegmentStore::FacetSums(
    int32_t bucket_day, Dimension dimension, const std::set<uint32_t>& wanted) const {
  LW_ASSIGN_OR_RETURN(const BucketFamilies families, Bucket(bucket_day));
  const auto number = static_cast<uint8_t>(dimension);
  std::map<std::string, StoredFacet, std::less<>> by_key;
  bool is_overflowing = false;
  absl::Status bad;
  store::ReadRange range;
  range.first = FacetPrefix(number, "");
  range.end = EndOf(range.first);
  LW_RETURN_IF_ERROR(
      db_->Scan(families.post, range, [&](std::string_view key, std::string_view bytes) {
        if (!wanted.contains(SegmentOf(key))) return true;
        const std::string_view value_key = key.substr(1, kFacetKeyBytes);
        is_overflowing = value_key == kTooManyValues;
        if (is_overflowing) return false;
        const auto rows = DecodeFacetRows(bytes);
        bad = rows.status();
        if (!bad.ok()) return false;
        StoredFacet& facet = by_key[std::string(value_key)];
        for (size_t i = 0; i < rows->size(); ++i) facet.rows[i] += (*rows)[i];
        return true;
      }));
  LW_RETURN_IF_ERROR(bad);
  if (is_overflowing) return std::optional<std::vector<StoredFacet>>();
  std::set<std::string, std::less<>> named;
  range.first = FacetPrefix(kValueTexts, FacetPrefix(number, ""));
  range.end = EndOf(range.first);
  LW_RETURN_IF_ERROR(
      db_->Scan(families.post, range, [&](std::string_view key, std::string_view text) {
        const auto it = by_key.find(key.substr(2, kFacetKeyBytes));
        if (it == by_key.end()) return true;
        it->second.value = text;
        named.insert(it->first);
        return true;
      }));
  if (named.size() != by_key.size()) {
    return Damaged(
        fmt::format("bucket {}: values of dimension {} without a text", bucket_day, number));
  }
  std::vector<StoredFacet> facets;
  for (auto& [key, facet] : by_key) facets.push_back(std::move(facet));
  return std::optional<std::vector<StoredFacet>>(std::move(facets));
}

absl::StatusOr<std::vector<crypto::Digest>> SegmentStore::ReadHashes(int32_t log, uint8_t level,
                                                                     uint64_t first,
                                                                     uint64_t count) const {
  const std::string prefix = LogKey(log, level);
  std::string seek = prefix;
  base::AppendU64(&seek, first);
  store::Iterator it = db_->Iterate(log_);
  std::vector<crypto::Digest> hashes;
  LW_ASSIGN_OR_RETURN(bool is_at, it.SeekBack(seek));
  while (is_at && hashes.size() < count && it.key().starts_with(prefix)) {
    const uint64_t run_first = base::LoadU64(it.key().data() + prefix.size());
    const uint64_t run_count = it.value().size() / crypto::kDigestBytes;
    const uint64_t wanted = first + hashes.size();
    if (wanted < run_first || wanted >= run_first + run_count) break;
    for (uint64_t i = wanted - run_first; i < run_count && hashes.size() < count; ++i) {
      hashes.push_back(
          *crypto::DigestFrom(it.value().substr(i * crypto::kDigestBytes, crypto::kDigestBytes)));
    }
    LW_ASSIGN_OR_RETURN(is_at, it.Next());
  }
  if (hashes.size() != count) {
    return base::DataLoss(audit::kLogHashesMissing, "log {} level {}: {} of {} hashes from {} on",
                          log, level, hashes.size(), count, first);
  }
  return hashes;
}

absl::StatusOr<std::optional<std::string>> SegmentStore::ReadEntry(int32_t log,
                                                                   uint64_t index) const {
  const std::string prefix = LogKey(log, audit::kEntriesLevel);
  std::string seek = prefix;
  base::AppendU64(&seek, index);
  store::Iterator it = db_->Iterate(log_);
  LW_ASSIGN_OR_RETURN(const bool is_found, it.SeekBack(seek));
  if (!is_found || !it.key().starts_with(prefix)) return std::optional<std::string>();
  uint64_t at = base::LoadU64(it.key().data() + prefix.size());
  base::ByteReader reader(it.value());
  while (!reader.empty()) {
    const auto bytes = reader.U16();
    const auto entry = bytes ? reader.Raw(*bytes) : std::nullopt;
    if (!entry) return Damaged("a run of log entries is cut");
    if (at++ == index) return std::optional<std::string>(*entry);
  }
  return std::optional<std::string>();
}

}  // namespace lineward::ledger
