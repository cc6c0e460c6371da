#include "lineward/store/segment_writer.h"

#include <rocksdb/sst_file_writer.h>

#include <filesystem>
#include <map>
#include <utility>

#include "lineward/base/check.h"
#include "lineward/base/fault.h"
#include "lineward/base/status.h"
#include "lineward/store/reasons.h"
#include "store/src/rocks.h"
#include "store/src/status.h"

namespace lineward::store {

struct SegmentWriter::Impl {
  struct File {
    Family family;
    std::string path;
    std::unique_ptr<rocksdb::SstFileWriter> writer;
    uint64_t keys = 0;
  };

  Db::Impl* db = nullptr;
  std::string prefix;
  std::map<std::string, File, std::less<>> files;  // by family: the order of Finish
  bool is_finished = false;
};

SegmentWriter::SegmentWriter(Db* db, std::string_view name) : impl_(std::make_unique<Impl>()) {
  impl_->db = db->impl_.get();
  impl_->prefix = (std::filesystem::path(db->staging_path()) / std::string(name)).string();
}

SegmentWriter::~SegmentWriter() {
  if (impl_->is_finished) return;
  for (auto& [name, file] : impl_->files) {
    file.writer.reset();
    std::error_code ignored;
    std::filesystem::remove(file.path, ignored);
  }
}

absl::Status SegmentWriter::Add(const Family& family, std::string_view key,
                                std::string_view value) {
  LW_CHECK(!impl_->is_finished);
  auto it = impl_->files.find(family.name());
  if (it == impl_->files.end()) {
    Impl::File file;
    file.family = family;
    file.path = fmt::format("{}.{}.sst", impl_->prefix, impl_->files.size());
    // No family handle: the file may then be written while families change.
    file.writer = std::make_unique<rocksdb::SstFileWriter>(rocksdb::EnvOptions(),
                                                           impl_->db->OptionsFor(family.name()));
    LW_RETURN_IF_ERROR(impl_->db->Note(
        ToStatus(file.writer->Open(file.path), fmt::format("opening `{}`", file.path))));
    it = impl_->files.emplace(family.name(), std::move(file)).first;
  }
  Impl::File& file = it->second;
  const rocksdb::Status status =
      file.writer->Put({key.data(), key.size()}, {value.data(), value.size()});
  if (!status.ok()) {
    const absl::Status mapped = ToStatus(status, fmt::format("adding to `{}`", family.name()));
    return status.IsInvalidArgument() ? mapped : impl_->db->Note(mapped);
  }
  ++file.keys;
  return absl::OkStatus();
}

absl::StatusOr<std::vector<StagedFile>> SegmentWriter::Finish() {
  LW_CHECK(!impl_->is_finished);
  std::vector<StagedFile> staged;
  for (auto& [name, file] : impl_->files) {
    LW_RETURN_IF_ERROR(impl_->db->Note(base::FaultPoint("store.finish.before")));
    rocksdb::ExternalSstFileInfo info;
    LW_RETURN_IF_ERROR(impl_->db->Note(
        ToStatus(file.writer->Finish(&info), fmt::format("finishing `{}`", file.path))));
    LW_RETURN_IF_ERROR(impl_->db->Note(base::FaultPoint("store.finish.after")));
    staged.push_back({file.family, file.path, file.keys, info.file_size, info.file_checksum,
                      info.file_checksum_func_name});
  }
  impl_->is_finished = true;
  return staged;
}

uint64_t SegmentWriter::bytes() const {
  uint64_t bytes = 0;
  for (const auto& [name, file] : impl_->files) bytes += file.writer->FileSize();
  return bytes;
}

}  // namespace lineward::store
