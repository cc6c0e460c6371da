#include "lineward/store/db.h"

#include <rocksdb/cache.h>
#include <rocksdb/convenience.h>
#include <rocksdb/file_checksum.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/rate_limiter.h>
#include <rocksdb/slice_transform.h>
#include <rocksdb/table.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <utility>

#include "lineward/base/check.h"
#include "lineward/base/fault.h"
#include "lineward/base/status.h"
#include "lineward/store/reasons.h"
#include "store/src/info_log.h"
#include "store/src/rocks.h"
#include "store/src/status.h"

namespace lineward::store {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPidFile = "pid";
constexpr std::string_view kStagingFolder = "staging";
// Full bytes of a prefix of Filter::kPosting: dimension and 5 or 8 bytes of the value's key.
constexpr size_t kShortPrefixBytes = 6;
constexpr size_t kLongPrefixBytes = 9;
constexpr unsigned char kLongPrefixFrom = 16;
constexpr double kBloomBitsPerKey = 10;
constexpr int kZstdLevel = 3;
constexpr uint64_t kFileBytesMax = 128 << 20;  // growing keys land at the bottom in few big files
constexpr int kLevel0Files = 8;
constexpr size_t kScanReadaheadBytes = 1 << 20;

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

class PostingPrefix final : public rocksdb::SliceTransform {
 public:
  const char* Name() const override { return "lineward.post.v1"; }
  rocksdb::Slice Transform(const rocksdb::Slice& key) const override {
    return {key.data(), PrefixBytes(key)};
  }
  bool InDomain(const rocksdb::Slice& key) const override {
    return !key.empty() && key.size() >= PrefixBytes(key);
  }

 private:
  static size_t PrefixBytes(const rocksdb::Slice& key) {
    return static_cast<unsigned char>(key[0]) < kLongPrefixFrom ? kShortPrefixBytes
                                                                : kLongPrefixBytes;
  }
};

std::string ReadPid(const std::string& path) {
  std::ifstream in(fs::path(path) / kPidFile);
  std::string pid;
  in >> pid;
  return pid.empty() ? "unknown" : pid;
}

absl::Status WritePid(const std::string& path) {
  const fs::path file = fs::path(path) / kPidFile;
  std::ofstream out(file, std::ios::trunc);
  out << ::getpid() << "\n";
  out.close();
  if (!out) return base::Unavailable(kStoreIoError, "cannot write `{}`", file.string());
  return absl::OkStatus();
}

// RocksDB makes a new store where CURRENT is missing, even beside the files of an old one.
absl::Status RefuseHeadlessStore(const std::string& path) {
  std::error_code error;
  if (fs::exists(fs::path(path) / "CURRENT", error)) return absl::OkStatus();
  for (fs::directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (it->path().extension() == ".sst" || name.starts_with("MANIFEST-")) {
      return base::DataLoss(kStoreDamaged, "store `{}`: `CURRENT` is missing beside `{}`", path,
                            name);
    }
  }
  return absl::OkStatus();
}

absl::Status MakeFolder(const DbOptions& options) {
  std::error_code error;
  fs::create_directories(options.path, error);
  if (error) {
    return base::Unavailable(kStoreIoError, "cannot make the folder `{}`: {}", options.path,
                             error.message());
  }
  return RefuseHeadlessStore(options.path);
}

absl::Status EmptyStaging(const std::string& staging) {
  std::error_code error;
  fs::remove_all(staging, error);
  if (!error) fs::create_directories(staging, error);
  if (error) {
    return base::Unavailable(kStoreIoError, "cannot empty `{}`: {}", staging, error.message());
  }
  return absl::OkStatus();
}

rocksdb::DBOptions MakeDbOptions(const DbOptions& options) {
  rocksdb::DBOptions db;
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.paranoid_checks = true;
  // Auto-resume can leave families out of step: the first failure ends the process instead.
  db.max_bgerror_resume_count = 0;
  db.file_checksum_gen_factory = rocksdb::GetFileChecksumGenCrc32cFactory();
  db.max_background_jobs = options.background_jobs;
  db.rate_limiter.reset(
      rocksdb::NewGenericRateLimiter(static_cast<int64_t>(options.background_bytes_per_second)));
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db.avoid_flush_during_shutdown = true;
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  return db;
}

}  // namespace

Core::~Core() {
  if (db == nullptr) return;
  // Before the lock is released: afterwards the file may be the next owner's.
  std::error_code ignored;
  fs::remove(fs::path(path) / kPidFile, ignored);
  db.reset();
}

Family::State::~State() {
  if (handle != nullptr) core->db->DestroyColumnFamilyHandle(handle).PermitUncheckedError();
}

const std::string& Family::name() const { return state_->name; }

WriteBatch::WriteBatch() : impl_(std::make_unique<Impl>()) {}
WriteBatch::~WriteBatch() = default;
WriteBatch::WriteBatch(WriteBatch&&) noexcept = default;
WriteBatch& WriteBatch::operator=(WriteBatch&&) noexcept = default;

void WriteBatch::Put(const Family& family, std::string_view key, std::string_view value) {
  const auto status = impl_->batch.Put(family.state_->handle, ToSlice(key), ToSlice(value));
  LW_CHECK(status.ok(), "{}", status.ToString());
}

void WriteBatch::Delete(const Family& family, std::string_view key) {
  const auto status = impl_->batch.Delete(family.state_->handle, ToSlice(key));
  LW_CHECK(status.ok(), "{}", status.ToString());
}

void WriteBatch::DeleteRange(const Family& family, std::string_view first, std::string_view end) {
  const auto status = impl_->batch.DeleteRange(family.state_->handle, ToSlice(first), ToSlice(end));
  LW_CHECK(status.ok(), "{}", status.ToString());
}

void WriteBatch::Clear() { impl_->batch.Clear(); }
bool WriteBatch::empty() const { return impl_->batch.Count() == 0; }
uint64_t WriteBatch::bytes() const { return impl_->batch.GetDataSize(); }

struct Iterator::Impl {
  absl::StatusOr<bool> Where() {
    if (cursor->Valid()) return true;
    if (const auto status = cursor->status(); !status.ok()) {
      return ToStatus(status, "reading `" + family.name() + "`");
    }
    return false;
  }

  Family family;
  ReadRange range;
  rocksdb::Slice first;
  rocksdb::Slice end;
  std::unique_ptr<rocksdb::Iterator> cursor;
};

Iterator::Iterator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Iterator::~Iterator() = default;
Iterator::Iterator(Iterator&&) noexcept = default;
Iterator& Iterator::operator=(Iterator&&) noexcept = default;

absl::StatusOr<bool> Iterator::SeekToFirst() {
  impl_->cursor->SeekToFirst();
  return impl_->Where();
}
absl::StatusOr<bool> Iterator::SeekToLast() {
  impl_->cursor->SeekToLast();
  return impl_->Where();
}
absl::StatusOr<bool> Iterator::Seek(std::string_view key) {
  impl_->cursor->Seek(ToSlice(key));
  return impl_->Where();
}
absl::StatusOr<bool> Iterator::SeekBack(std::string_view key) {
  impl_->cursor->SeekForPrev(ToSlice(key));
  return impl_->Where();
}
absl::StatusOr<bool> Iterator::Next() {
  impl_->cursor->Next();
  return impl_->Where();
}
absl::StatusOr<bool> Iterator::Prev() {
  impl_->cursor->Prev();
  return impl_->Where();
}
std::string_view Iterator::key() const { return ToView(impl_->cursor->key()); }
std::string_view Iterator::value() const { return ToView(impl_->cursor->value()); }

absl::Status Db::Impl::Note(absl::Status status) {
  if (status.ok()) return status;
  base::MutexLock lock(&mutex);
  if (health.ok()) health = status;
  return status;
}

absl::Status Db::Impl::Health() const {
  base::MutexLock lock(&mutex);
  return health;
}

rocksdb::ColumnFamilyOptions Db::Impl::FamilyOptionsFor(std::string_view name) const {
  const FamilyOptions wanted =
      options.family_options ? options.family_options(name) : FamilyOptions{};
  rocksdb::BlockBasedTableOptions table;
  table.block_cache = cache;
  table.block_size = wanted.block_bytes;
  table.block_restart_interval = wanted.restart_interval;
  table.checksum = rocksdb::kXXH3;
  table.format_version = 5;
  rocksdb::ColumnFamilyOptions family;
  if (wanted.filter != FamilyOptions::Filter::kNone) {
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(kBloomBitsPerKey));
    table.index_type = rocksdb::BlockBasedTableOptions::kTwoLevelIndexSearch;
    table.partition_filters = true;
    table.cache_index_and_filter_blocks = true;
    table.whole_key_filtering = wanted.filter == FamilyOptions::Filter::kWholeKey;
  }
  if (wanted.filter == FamilyOptions::Filter::kPosting) {
    family.prefix_extractor = std::make_shared<PostingPrefix>();
  }
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  const bool is_zstd = wanted.compression == FamilyOptions::Compression::kZstd;
  family.compression = is_zstd ? rocksdb::kZSTD : rocksdb::kNoCompression;
  family.compression_opts.level = kZstdLevel;
  family.level_compaction_dynamic_level_bytes = true;
  family.level0_file_num_compaction_trigger = kLevel0Files;
  family.target_file_size_base = kFileBytesMax;
  family.write_buffer_size = wanted.write_buffer_bytes;
  return family;
}

rocksdb::Options Db::Impl::OptionsFor(std::string_view name) const {
  return {db_options, FamilyOptionsFor(name)};
}

absl::StatusOr<std::unique_ptr<Db>> Db::Open(DbOptions options) {
  auto impl = std::make_shared<Impl>();
  impl->staging_path = (fs::path(options.path) / kStagingFolder).string();
  impl->db_options = MakeDbOptions(options);
  impl->cache = rocksdb::NewLRUCache(options.block_cache_bytes);
  impl->options = std::move(options);
  const std::string& path = impl->options.path;
  const std::string what = "store `" + path + "`";
  LW_RETURN_IF_ERROR(MakeFolder(impl->options));
  impl->db_options.info_log = std::make_shared<InfoLog>(path);

  std::vector<std::string> names;
  std::error_code error;
  if (fs::exists(fs::path(path) / "CURRENT", error)) {
    LW_RETURN_IF_ERROR(
        ToStatus(rocksdb::DB::ListColumnFamilies(impl->db_options, path, &names), what));
  } else {
    names.push_back(rocksdb::kDefaultColumnFamilyName);
  }
  if (names.size() > static_cast<size_t>(impl->options.families_max) + 1) {
    return base::ResourceExhausted(kStoreFull, "{}: {} families, at most {} are opened", what,
                                   names.size() - 1, impl->options.families_max);
  }
  std::vector<rocksdb::ColumnFamilyDescriptor> descriptors;
  for (const std::string& name : names) {
    descriptors.emplace_back(name, impl->FamilyOptionsFor(name));
  }
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status opened =
      rocksdb::DB::Open(impl->db_options, path, descriptors, &handles, &db);
  if (!opened.ok()) {
    if (opened.IsIOError() && opened.ToString().find("/LOCK:") != std::string::npos) {
      return base::FailedPrecondition(kStoreLocked, "{} is in use by the process {}", what,
                                      ReadPid(path));
    }
    return ToStatus(opened, what);
  }
  impl->core = std::make_shared<Core>();
  impl->core->path = path;
  impl->core->db.reset(db);
  {
    base::MutexLock lock(&impl->mutex);
    for (size_t i = 0; i < names.size(); ++i) {
      auto state = std::make_shared<Family::State>();
      state->name = names[i];
      state->core = impl->core;
      state->handle = handles[i];
      if (names[i] != rocksdb::kDefaultColumnFamilyName) {
        impl->families.emplace(names[i], Family(std::move(state)));
      }
    }
  }
  LW_RETURN_IF_ERROR(WritePid(path));
  LW_RETURN_IF_ERROR(EmptyStaging(impl->staging_path));
  return std::unique_ptr<Db>(new Db(std::move(impl)));
}

Db::Db(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Db::~Db() = default;

absl::Status Db::Health() const { return impl_->Health(); }
const std::string& Db::path() const { return impl_->options.path; }
const std::string& Db::staging_path() const { return impl_->staging_path; }

std::vector<std::string> Db::FamilyNames() const {
  base::MutexLock lock(&impl_->mutex);
  std::vector<std::string> names;
  for (const auto& [name, family] : impl_->families) names.push_back(name);
  return names;
}

Family Db::Find(std::string_view name) const {
  base::MutexLock lock(&impl_->mutex);
  const auto it = impl_->families.find(name);
  return it == impl_->families.end() ? Family() : it->second;
}

absl::StatusOr<Family> Db::FindOrCreate(std::string_view name) {
  base::MutexLock change(&impl_->change_mutex);
  if (Family found = Find(name)) return found;
  LW_RETURN_IF_ERROR(Health());
  LW_RETURN_IF_ERROR(base::FaultPoint("store.family.before"));
  auto state = std::make_shared<Family::State>();
  state->name = std::string(name);
  state->core = impl_->core;
  LW_RETURN_IF_ERROR(
      impl_->Note(ToStatus(impl_->core->db->CreateColumnFamily(impl_->FamilyOptionsFor(name),
                                                               state->name, &state->handle),
                           fmt::format("making the family `{}`", name))));
  LW_RETURN_IF_ERROR(base::FaultPoint("store.family.after"));
  Family family(std::move(state));
  base::MutexLock lock(&impl_->mutex);
  impl_->families.emplace(name, family);
  return family;
}

absl::Status Db::Drop(std::string_view name) {
  base::MutexLock change(&impl_->change_mutex);
  const Family family = Find(name);
  if (!family) return base::FailedPrecondition(kStoreMisused, "no family `{}`", name);
  LW_RETURN_IF_ERROR(Health());
  LW_RETURN_IF_ERROR(impl_->Note(ToStatus(impl_->core->db->DropColumnFamily(family.state_->handle),
                                          fmt::format("dropping the family `{}`", name))));
  base::MutexLock lock(&impl_->mutex);
  impl_->families.erase(family.name());
  return absl::OkStatus();
}

absl::StatusOr<std::optional<std::string>> Db::Get(const Family& family,
                                                   std::string_view key) const {
  std::string value;
  const rocksdb::Status status =
      impl_->core->db->Get(rocksdb::ReadOptions(), family.state_->handle, ToSlice(key), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return ToStatus(status, "reading `" + family.name() + "`");
  return std::optional<std::string>(std::move(value));
}

absl::StatusOr<std::vector<std::optional<std::string>>> Db::MultiGet(
    const Family& family, std::span<const std::string> keys) const {
  const std::vector<rocksdb::ColumnFamilyHandle*> handles(keys.size(), family.state_->handle);
  const std::vector<rocksdb::Slice> slices(keys.begin(), keys.end());
  std::vector<std::string> values;
  const auto statuses = impl_->core->db->MultiGet(rocksdb::ReadOptions(), handles, slices, &values);
  std::vector<std::optional<std::string>> found(keys.size());
  for (size_t i = 0; i < keys.size(); ++i) {
    if (statuses[i].IsNotFound()) continue;
    if (!statuses[i].ok()) return ToStatus(statuses[i], "reading `" + family.name() + "`");
    found[i] = std::move(values[i]);
  }
  return found;
}

Iterator Db::Iterate(const Family& family, ReadRange range) const {
  auto impl = std::make_unique<Iterator::Impl>();
  impl->family = family;
  impl->range = std::move(range);
  rocksdb::ReadOptions options;
  options.total_order_seek = !impl->range.is_one_prefix;
  options.prefix_same_as_start = impl->range.is_one_prefix;
  options.fill_cache = impl->range.fill_cache;
  if (!impl->range.fill_cache) options.readahead_size = kScanReadaheadBytes;
  if (!impl->range.first.empty()) {
    impl->first = impl->range.first;
    options.iterate_lower_bound = &impl->first;
  }
  if (!impl->range.end.empty()) {
    impl->end = impl->range.end;
    options.iterate_upper_bound = &impl->end;
  }
  impl->cursor.reset(impl_->core->db->NewIterator(options, family.state_->handle));
  return Iterator(std::move(impl));
}

absl::Status Db::Scan(const Family& family, ReadRange range,
                      const std::function<bool(std::string_view, std::string_view)>& visit) const {
  const std::string first = range.first;
  Iterator it = Iterate(family, std::move(range));
  auto at = first.empty() ? it.SeekToFirst() : it.Seek(first);
  for (; at.ok() && *at; at = it.Next()) {
    if (!visit(it.key(), it.value())) break;
  }
  return at.status();
}

absl::Status Db::Write(const WriteBatch& batch, bool sync) {
  if (impl_->options.mode == DbOptions::Mode::kIngestOnly) {
    return base::FailedPrecondition(kStoreMisused, "store `{}` takes whole files only", path());
  }
  LW_RETURN_IF_ERROR(Health());
  rocksdb::WriteOptions options;
  options.sync = sync;
  LW_RETURN_IF_ERROR(impl_->Note(base::FaultPoint("store.write")));
  return impl_->Note(ToStatus(impl_->core->db->Write(options, &batch.impl_->batch),
                              "writing to `" + path() + "`"));
}

absl::Status Db::SyncWal() {
  LW_RETURN_IF_ERROR(Health());
  return impl_->Note(ToStatus(impl_->core->db->SyncWAL(), "syncing `" + path() + "`"));
}

absl::Status Db::Ingest(std::vector<StagedFile> files) {
  LW_RETURN_IF_ERROR(Health());
  if (files.empty()) return absl::OkStatus();
  std::vector<rocksdb::IngestExternalFileArg> args;
  for (const StagedFile& file : files) {
    rocksdb::IngestExternalFileArg& arg = args.emplace_back();
    arg.column_family = file.family.state_->handle;
    arg.external_files = {file.path};
    arg.options.move_files = true;
    arg.options.failed_move_fall_back_to_copy = false;
    arg.options.snapshot_consistency = false;
    arg.options.write_global_seqno = false;
    arg.options.verify_file_checksum = true;
    arg.files_checksums = {file.checksum};
    arg.files_checksum_func_names = {file.checksum_name};
  }
  LW_RETURN_IF_ERROR(impl_->Note(base::FaultPoint("store.ingest.before")));
  LW_RETURN_IF_ERROR(impl_->Note(
      ToStatus(impl_->core->db->IngestExternalFiles(args), "taking files into `" + path() + "`")));
  return impl_->Note(base::FaultPoint("store.ingest.after"));
}

absl::Status Db::Compact(const Family& family) {
  rocksdb::CompactRangeOptions options;
  options.exclusive_manual_compaction = false;
  options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForceOptimized;
  return impl_->Note(
      ToStatus(impl_->core->db->CompactRange(options, family.state_->handle, nullptr, nullptr),
               "compacting `" + family.name() + "`"));
}

std::vector<FamilySize> Db::Sizes() const {
  std::vector<FamilySize> sizes;
  for (const std::string& name : FamilyNames()) {
    const Family family = Find(name);
    if (!family) continue;
    rocksdb::ColumnFamilyMetaData meta;
    impl_->core->db->GetColumnFamilyMetaData(family.state_->handle, &meta);
    FamilySize& size = sizes.emplace_back();
    size.name = name;
    size.files = meta.file_count;
    size.file_bytes = meta.size;
    impl_->core->db->GetIntProperty(
        family.state_->handle, rocksdb::DB::Properties::kCurSizeAllMemTables, &size.memtable_bytes);
  }
  return sizes;
}

std::vector<LiveFile> Db::LiveFiles() const {
  std::vector<rocksdb::LiveFileMetaData> meta;
  impl_->core->db->GetLiveFilesMetaData(&meta);
  std::vector<LiveFile> files;
  for (const auto& file : meta) {
    files.push_back({file.column_family_name, file.db_path + file.name, file.size, file.level});
  }
  std::sort(files.begin(), files.end(),
            [](const LiveFile& a, const LiveFile& b) { return a.path < b.path; });
  return files;
}

absl::Status Db::VerifyChecksums() const {
  return ToStatus(impl_->core->db->VerifyChecksum(rocksdb::ReadOptions()),
                  "verifying `" + path() + "`");
}

absl::StatusOr<uint64_t> FreeBytes(const std::string& path) {
  struct statvfs stats = {};
  if (::statvfs(path.c_str(), &stats) != 0) {
    return base::Unavailable(kStoreIoError, "free space of `{}`: {}", path, std::strerror(errno));
  }
  return static_cast<uint64_t>(stats.f_bavail) * stats.f_frsize;
}

}  // namespace lineward::store
