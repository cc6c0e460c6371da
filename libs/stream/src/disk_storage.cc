// LogStorage over `store`: one folder, one family.

#include "lineward/base/status.h"
#include "lineward/store/db.h"
#include "lineward/stream/embedded.h"

namespace lineward::stream {
namespace {

constexpr char kFamily[] = "log";
// Records come in large batches and leave in ranges: few large memtables keep writes cheap.
constexpr uint64_t kWriteBufferBytes = 64 << 20;

class DiskStorage final : public LogStorage {
 public:
  DiskStorage(std::unique_ptr<store::Db> db, store::Family family)
      : db_(std::move(db)), family_(std::move(family)) {}

  absl::Status Write(const LogBatch& batch, bool sync) override {
    store::WriteBatch writes;
    for (const LogBatch::Op& op : batch.ops) {
      if (op.value.has_value()) {
        writes.Put(family_, op.key, *op.value);
      } else {
        writes.Delete(family_, op.key);
      }
    }
    return db_->Write(writes, sync);
  }

  absl::StatusOr<std::optional<std::string>> Get(std::string_view key) override {
    return db_->Get(family_, key);
  }

  absl::Status Scan(std::string_view begin, std::string_view end,
                    const std::function<bool(std::string_view, std::string_view)>& visit) override {
    return db_->Scan(family_, {.first = std::string(begin), .end = std::string(end)}, visit);
  }

  absl::Status DeleteRange(std::string_view begin, std::string_view end) override {
    store::WriteBatch writes;
    writes.DeleteRange(family_, begin, end);
    return db_->Write(writes, /*sync=*/false);
  }

  absl::Status Sync() override { return db_->SyncWal(); }

 private:
  const std::unique_ptr<store::Db> db_;
  const store::Family family_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<LogStorage>> OpenDiskStorage(const std::string& path) {
  store::DbOptions options;
  options.path = path;
  options.family_options = [](std::string_view) {
    return store::FamilyOptions{.compression = store::FamilyOptions::Compression::kNone,
                                .write_buffer_bytes = kWriteBufferBytes};
  };
  LW_ASSIGN_OR_RETURN(auto db, store::Db::Open(std::move(options)));
  LW_ASSIGN_OR_RETURN(auto family, db->FindOrCreate(kFamily));
  return std::make_unique<DiskStorage>(std::move(db), std::move(family));
}

}  // namespace lineward::stream
