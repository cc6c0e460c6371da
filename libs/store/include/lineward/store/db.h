#pragma once

// `Db`: one RocksDB instance in one folder, seen as families of sorted keys. All of RocksDB is
// hidden here; no other lib includes it. It knows nothing of decisions.
//
// Crash-only: after the first failed write, ingest or family change each later one returns that
// same status (`Health`); the owner logs it and exits, a restart reopens. Damaged bytes are an
// error of the call that meets them (DATA_LOSS, STORE_DAMAGED), never a shorter answer. Any thread,
// unless a class says otherwise.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lineward::store {

// How the keys of one family lie on disk. The defaults fit small mixed values (`meta`, work
// stores).
struct FamilyOptions {
  enum class Compression { kNone, kZstd };
  enum class Filter {
    kNone,
    kWholeKey,  // Bloom over whole keys: point look-ups of absent keys cost no read
    kPosting,   // Bloom over the prefix `lineward.post.v1`: 6 bytes if the first is < 16, else 9
  };
  Compression compression = Compression::kZstd;
  uint64_t block_bytes = 16 << 10;
  int restart_interval = 16;
  Filter filter = Filter::kNone;
  uint64_t write_buffer_bytes = 16 << 20;
};

struct DbOptions {
  enum class Mode {
    kLogged,      // WAL and memtables: `Write`; a torn WAL tail opens as a consistent prefix
    kIngestOnly,  // no memtable, no WAL: written only by `Ingest`
  };
  std::string path;  // the folder; made if absent (its parents too)
  Mode mode = Mode::kLogged;
  // Called for each family that is found or made. Default: FamilyOptions{}.
  std::function<FamilyOptions(std::string_view family)> family_options = {};
  uint64_t block_cache_bytes = 32 << 20;
  int background_jobs = 2;
  uint64_t background_bytes_per_second = 64 << 20;  // compactions and flushes; never the WAL
  int families_max = 1500;  // a family costs about 80 KB; `Open` refuses more
};

// One family of an open Db: a value that may be copied. It keeps the Db's files open while it
// lives, so a reader may finish on a family that was dropped meanwhile. Any thread.
class Family {
 public:
  Family() = default;
  explicit operator bool() const { return state_ != nullptr; }
  const std::string& name() const;

  struct State;

 private:
  friend class Db;
  friend class WriteBatch;
  friend class SegmentWriter;
  explicit Family(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

// Changes that take effect together or not at all. Not thread-safe; reusable after Clear.
class WriteBatch {
 public:
  WriteBatch();
  ~WriteBatch();
  WriteBatch(WriteBatch&&) noexcept;
  WriteBatch& operator=(WriteBatch&&) noexcept;

  void Put(const Family& family, std::string_view key, std::string_view value);
  void Delete(const Family& family, std::string_view key);
  // All keys in [first, end). Space comes back by compaction; each range left costs every later
  // read of the family a little: for a log's tail and head, not for single keys.
  void DeleteRange(const Family& family, std::string_view first, std::string_view end);
  void Clear();
  bool empty() const;
  uint64_t bytes() const;

 private:
  friend class Db;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// A cursor over the family's keys as they were when it was made. Each move tells entry, end or
// error: there is no way to take damage for the end. Not thread-safe.
class Iterator {
 public:
  ~Iterator();
  Iterator(Iterator&&) noexcept;
  Iterator& operator=(Iterator&&) noexcept;

  // True: at an entry. False: no such entry. DATA_LOSS or UNAVAILABLE: bytes could not be read; the
  // iterator is then of no more use.
  absl::StatusOr<bool> SeekToFirst();
  absl::StatusOr<bool> SeekToLast();
  absl::StatusOr<bool> Seek(std::string_view key);      // the first entry >= key
  absl::StatusOr<bool> SeekBack(std::string_view key);  // the last entry <= key
  absl::StatusOr<bool> Next();
  absl::StatusOr<bool> Prev();

  // Only after a move that said true; valid until the next move.
  std::string_view key() const;
  std::string_view value() const;

 private:
  friend class Db;
  struct Impl;
  explicit Iterator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

struct ReadRange {
  // Bounds [first, end); empty = open. They also bound what is read ahead.
  std::string first = {};
  std::string end = {};
  // Set if all of the range lies under one prefix of Filter::kPosting: files without it are
  // skipped.
  bool is_one_prefix = false;
  // Large scans should not push look-ups out of the cache.
  bool fill_cache = true;
};

struct FamilySize {
  std::string name;
  uint64_t files = 0;
  uint64_t file_bytes = 0;
  uint64_t memtable_bytes = 0;
};

struct LiveFile {
  std::string family;
  std::string path;
  uint64_t bytes = 0;
  int level = 0;
};

// A file that SegmentWriter finished; consumed by Db::Ingest.
struct StagedFile {
  Family family;
  std::string path;
  uint64_t keys = 0;
  uint64_t bytes = 0;
  std::string checksum;  // of the whole file, compared when it is taken in
  std::string checksum_name;
};

class Db {
 public:
  // Opens or makes the store with all its families, empties its `staging/` and writes our pid into
  // the file `pid`. FAILED_PRECONDITION STORE_LOCKED if another process (or this one) has it open:
  // the message names the folder and the other's pid; RESOURCE_EXHAUSTED if it has more than
  // `families_max` families; DATA_LOSS STORE_DAMAGED; RESOURCE_EXHAUSTED STORE_FULL; UNAVAILABLE
  // STORE_IO_ERROR.
  static absl::StatusOr<std::unique_ptr<Db>> Open(DbOptions options);

  // The files close when this, all Families and all Iterators are gone.
  ~Db();
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  // OK, or the first status that a write, ingest or family change failed with.
  absl::Status Health() const;

  // Sorted by name; "default" is RocksDB's own and is not listed.
  std::vector<std::string> FamilyNames() const;
  // An empty Family if there is none of that name.
  Family Find(std::string_view name) const;
  // The family of that name, made if absent; takes 0.1-0.25 s among a thousand.
  absl::StatusOr<Family> FindOrCreate(std::string_view name);
  // Gives the space of all its files back at once; readers that hold the Family may finish.
  absl::Status Drop(std::string_view name);

  // nullopt if the key is absent.
  absl::StatusOr<std::optional<std::string>> Get(const Family& family, std::string_view key) const;
  // One answer per key, in the order of `keys`.
  absl::StatusOr<std::vector<std::optional<std::string>>> MultiGet(
      const Family& family, std::span<const std::string> keys) const;
  Iterator Iterate(const Family& family, ReadRange range = {}) const;
  // Calls `visit(key, value)` for each entry in the range until it returns false.
  absl::Status Scan(const Family& family, ReadRange range,
                    const std::function<bool(std::string_view, std::string_view)>& visit) const;

  // `sync`: returns after the WAL's fsync; false: survives a killed process, not a power loss.
  // STORE_MISUSED in kIngestOnly.
  absl::Status Write(const WriteBatch& batch, bool sync);
  // fsync of all that was written without `sync`.
  absl::Status SyncWal();

  // Takes all files in together or none (hard links, one MANIFEST group, fsync). A key must never
  // have been ingested before: the newer would shadow it in one store and not in its replica.
  absl::Status Ingest(std::vector<StagedFile> files);

  // Rewrites the family's files in order; blocks until done.
  absl::Status Compact(const Family& family);

  std::vector<FamilySize> Sizes() const;
  // Every live SST file.
  std::vector<LiveFile> LiveFiles() const;
  // Reads all blocks of all live files; the first damage found is DATA_LOSS, with the file's name.
  absl::Status VerifyChecksums() const;

  const std::string& path() const;
  const std::string& staging_path() const;

  struct Impl;

 private:
  friend class SegmentWriter;
  explicit Db(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

// Bytes that an unprivileged process may still write to the file system of `path`.
absl::StatusOr<uint64_t> FreeBytes(const std::string& path);

}  // namespace lineward::store
