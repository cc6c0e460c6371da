#include "tests/support/memory_storage.h"

#include <utility>

#include "lineward/base/check.h"

namespace lineward::support {

struct MemoryDisk::State {
  base::Mutex mutex;
  std::map<std::string, std::string, std::less<>> entries LW_GUARDED_BY(mutex);
  // One list per un-synced write: the keys it changed, with what they held before.
  using Undo = std::vector<std::pair<std::string, std::optional<std::string>>>;
  std::vector<Undo> unsynced LW_GUARDED_BY(mutex);
  absl::Status write_status LW_GUARDED_BY(mutex);
  absl::Status scan_status LW_GUARDED_BY(mutex);

  void Set(const std::string& key, const std::optional<std::string>& value, Undo* undo)
      LW_REQUIRES(mutex) {
    const auto found = entries.find(key);
    if (undo != nullptr) {
      undo->emplace_back(
          key, found == entries.end() ? std::nullopt : std::optional<std::string>(found->second));
    }
    if (value.has_value()) {
      entries[key] = *value;
    } else {
      entries.erase(key);
    }
  }
};

class MemoryDisk::Storage final : public stream::LogStorage {
 public:
  explicit Storage(std::shared_ptr<State> state) : state_(std::move(state)) {}

  absl::Status Write(const stream::LogBatch& batch, bool sync) override {
    base::MutexLock lock(&state_->mutex);
    if (!state_->write_status.ok()) return state_->write_status;
    State::Undo undo;
    for (const auto& op : batch.ops) state_->Set(op.key, op.value, sync ? nullptr : &undo);
    if (sync) {
      state_->unsynced.clear();
    } else {
      state_->unsynced.push_back(std::move(undo));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<std::optional<std::string>> Get(std::string_view key) override {
    base::MutexLock lock(&state_->mutex);
    const auto found = state_->entries.find(key);
    if (found == state_->entries.end()) return std::optional<std::string>();
    return std::optional<std::string>(found->second);
  }

  absl::Status Scan(std::string_view begin, std::string_view end,
                    const std::function<bool(std::string_view, std::string_view)>& visit) override {
    std::string at(begin);
    while (true) {
      std::pair<std::string, std::string> entry;
      {
        base::MutexLock lock(&state_->mutex);
        if (!state_->scan_status.ok()) return state_->scan_status;
        const auto found = state_->entries.lower_bound(at);
        if (found == state_->entries.end() || found->first >= end) return absl::OkStatus();
        entry = *found;
      }
      if (!visit(entry.first, entry.second)) return absl::OkStatus();
      at = entry.first + '\0';
    }
  }

  absl::Status DeleteRange(std::string_view begin, std::string_view end) override {
    base::MutexLock lock(&state_->mutex);
    if (!state_->write_status.ok()) return state_->write_status;
    State::Undo undo;
    for (auto entry = state_->entries.lower_bound(begin);
         entry != state_->entries.end() && entry->first < end;) {
      undo.emplace_back(*entry);
      entry = state_->entries.erase(entry);
    }
    state_->unsynced.push_back(std::move(undo));
    return absl::OkStatus();
  }

  absl::Status Sync() override {
    base::MutexLock lock(&state_->mutex);
    if (!state_->write_status.ok()) return state_->write_status;
    state_->unsynced.clear();
    return absl::OkStatus();
  }

 private:
  const std::shared_ptr<State> state_;
};

MemoryDisk::MemoryDisk() : state_(std::make_shared<State>()) {}

std::unique_ptr<stream::LogStorage> MemoryDisk::Open() const {
  return std::make_unique<Storage>(state_);
}

void MemoryDisk::LosePower(size_t batches_kept) const {
  base::MutexLock lock(&state_->mutex);
  while (state_->unsynced.size() > batches_kept) {
    const State::Undo& undo = state_->unsynced.back();
    for (auto change = undo.rbegin(); change != undo.rend(); ++change) {
      state_->Set(change->first, change->second, nullptr);
    }
    state_->unsynced.pop_back();
  }
  state_->unsynced.clear();
}

size_t MemoryDisk::UnsyncedBatches() const {
  base::MutexLock lock(&state_->mutex);
  return state_->unsynced.size();
}

void MemoryDisk::FailWrites(absl::Status status) const {
  base::MutexLock lock(&state_->mutex);
  state_->write_status = std::move(status);
}

void MemoryDisk::FailScans(absl::Status status) const {
  base::MutexLock lock(&state_->mutex);
  state_->scan_status = std::move(status);
}

size_t MemoryDisk::Entries() const {
  base::MutexLock lock(&state_->mutex);
  return state_->entries.size();
}

std::vector<std::string> MemoryDisk::Keys(std::string_view prefix) const {
  std::vector<std::string> keys;
  base::MutexLock lock(&state_->mutex);
  for (auto entry = state_->entries.lower_bound(prefix);
       entry != state_->entries.end() && entry->first.starts_with(prefix); ++entry) {
    keys.push_back(entry->first);
  }
  return keys;
}

void MemoryDisk::FlipBit(const std::string& key, size_t byte) const {
  base::MutexLock lock(&state_->mutex);
  const auto found = state_->entries.find(key);
  LW_CHECK(found != state_->entries.end() && byte < found->second.size(), "no such byte");
  found->second[byte] = static_cast<char>(found->second[byte] ^ 0x10);
}

void MemoryDisk::Cut(const std::string& key, size_t bytes) const {
  base::MutexLock lock(&state_->mutex);
  const auto found = state_->entries.find(key);
  LW_CHECK(found != state_->entries.end() && bytes < found->second.size(), "no such byte");
  found->second.resize(bytes);
}

}  // namespace lineward::support
