#pragma once

// The private side of `Db`: what handles, batches and writers share. Any thread.

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <map>
#include <memory>
#include <string>

#include "lineward/base/mutex.h"
#include "lineward/store/db.h"

namespace lineward::store {

// The open RocksDB; closed when the last Family, Iterator and Db let go of it.
struct Core {
  ~Core();

  std::string path;
  std::unique_ptr<rocksdb::DB> db;
};

// A family handle aborts the process if it outlives its DB: it holds the Core.
struct Family::State {
  ~State();

  std::string name;
  std::shared_ptr<Core> core;
  rocksdb::ColumnFamilyHandle* handle = nullptr;
};

struct WriteBatch::Impl {
  rocksdb::WriteBatch batch;
};

struct Db::Impl {
  // Remembers the first failure and returns `status`.
  absl::Status Note(absl::Status status);
  absl::Status Health() const;
  rocksdb::ColumnFamilyOptions FamilyOptionsFor(std::string_view name) const;
  rocksdb::Options OptionsFor(std::string_view name) const;

  // Constant after Open.
  DbOptions options;
  std::string staging_path;
  rocksdb::DBOptions db_options;
  std::shared_ptr<rocksdb::Cache> cache;
  std::shared_ptr<Core> core;

  // Serialises create and drop, over their I/O: rare, and two creations of one name must not race.
  base::Mutex change_mutex;
  mutable base::Mutex mutex;
  std::map<std::string, Family, std::less<>> families LW_GUARDED_BY(mutex);
  absl::Status health LW_GUARDED_BY(mutex);
};

}  // namespace lineward::store
