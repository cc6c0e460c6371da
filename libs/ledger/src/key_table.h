#pragma once

// Who is behind a key: the fold of `lineward.keys` (alg 1), for the search by subject. Lies in
// `work/`; wiped, it is built again from the topic. Subjects themselves are not stored, only their
// HMAC. `Fold` and `Flush` by one thread, `Find` by any.

#include <absl/status/status.h>
#include <absl/status/statusor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/store/db.h"

namespace lineward::ledger {

class KeyTable {
 public:
  // `tenant_key`: 32 bytes, or empty: nothing is folded or found.
  static absl::StatusOr<std::unique_ptr<KeyTable>> Open(const std::string& path,
                                                        std::string tenant_key);

  bool has_key() const { return !tenant_key_.empty(); }
  const std::string& tenant_key() const { return tenant_key_; }
  // Next offset of that partition of lineward.keys to fold.
  int64_t Next(int32_t partition) const;

  // Takes one record; no value: the key was deleted. INVALID_ARGUMENT if it is no record of this
  // tenant key: it is passed over, and whoever calls says so in the log.
  absl::Status Fold(int32_t partition, int64_t offset, std::optional<std::string_view> key,
                    std::optional<std::string_view> value);
  // Makes visible what was folded.
  absl::Status Flush();

  // The values of Dimension::kPersonKey of all keys of `subject`, ascending.
  absl::StatusOr<std::vector<std::string>> Find(std::string_view subject) const;

 private:
  KeyTable(std::unique_ptr<store::Db> db, std::string tenant_key);
  std::string SubjectHash(std::string_view subject) const;

  // Constant after construction.
  std::unique_ptr<store::Db> db_;
  std::string tenant_key_;
  std::string index_key_;
  store::Family table_;
  // Of the folding thread.
  store::WriteBatch batch_;
};

}  // namespace lineward::ledger
