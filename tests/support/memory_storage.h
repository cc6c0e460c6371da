#pragma once

// `MemoryDisk`: a LogStorage in memory that outlives its transport, as a disk does. It forgets
// un-synced writes at a power loss, fails writes on demand and damages bytes. Any thread.

#include <absl/status/status.h>

#include <cstddef>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/base/mutex.h"
#include "lineward/stream/log_storage.h"

namespace lineward::support {

class MemoryDisk {
 public:
  MemoryDisk();

  // A storage on this disk; several may be open, the tests see to it that one writes.
  std::unique_ptr<stream::LogStorage> Open() const;

  // The machine stops: the last writes that no sync followed are gone, but for the first
  // `batches_kept` of them.
  void LosePower(size_t batches_kept = 0) const;
  // Writes since the last sync.
  size_t UnsyncedBatches() const;

  // From now on each write fails with `status` (nothing of it is stored); OK heals.
  void FailWrites(absl::Status status) const;
  // From now on each scan ends early with `status`.
  void FailScans(absl::Status status) const;

  size_t Entries() const;
  // Keys that begin with `prefix`, in order.
  std::vector<std::string> Keys(std::string_view prefix) const;
  // Flips one bit of the value of `key`, or cuts the value to `bytes`.
  void FlipBit(const std::string& key, size_t byte) const;
  void Cut(const std::string& key, size_t bytes) const;

 private:
  struct State;
  class Storage;
  std::shared_ptr<State> state_;
};

}  // namespace lineward::support
