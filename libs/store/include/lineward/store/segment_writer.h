#pragma once

// `SegmentWriter`: writes the sorted files of one ingest, one per family, into the Db's `staging/`.
// Nothing is visible before `Db::Ingest(writer.Finish())`; what a crash leaves behind is removed by
// the next `Db::Open`. Not thread-safe; one at a time per segment number; the Db outlives it.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "lineward/store/db.h"

namespace lineward::store {

class SegmentWriter {
 public:
  // `name` is part of the file names: unique among the writers alive.
  SegmentWriter(Db* db, std::string_view name);
  // Removes the files if Finish was not called.
  ~SegmentWriter();
  SegmentWriter(const SegmentWriter&) = delete;
  SegmentWriter& operator=(const SegmentWriter&) = delete;

  // Keys of one family in ascending order, each once (else FAILED_PRECONDITION STORE_MISUSED); the
  // families may come in any order and alternate.
  absl::Status Add(const Family& family, std::string_view key, std::string_view value);

  // Flushes and fsyncs every file; families without keys have none. The writer is then used up.
  absl::StatusOr<std::vector<StagedFile>> Finish();

  uint64_t bytes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lineward::store
