#include "ledger/src/key_table.h"

#include <algorithm>
#include <utility>

#include "ledger/src/terms.h"
#include "lineward/base/bytes.h"
#include "lineward/base/status.h"
#include "lineward/crypto/hmac.h"
#include "lineward/decision/envelope.h"
#include "lineward/store/reasons.h"

namespace lineward::ledger {
namespace {

constexpr std::string_view kFamily = "subject_keys";
constexpr std::string_view kIndexKeyLabel = "lineward/subject-index/v1";
constexpr size_t kSubjectHashBytes = 16;
constexpr uint64_t kBatchBytesMax = 1 << 20;

// `I` + subject hash + person key: the index. `K` + record key: its entry there, for deletion.
// `O` + partition: next offset.
std::string OffsetKey(int32_t partition) {
  std::string key = "O";
  base::AppendU32(&key, static_cast<uint32_t>(partition));
  return key;
}

}  // namespace

absl::StatusOr<std::unique_ptr<KeyTable>> KeyTable::Open(const std::string& path,
                                                         std::string tenant_key) {
  store::DbOptions options;
  options.path = path;
  LW_ASSIGN_OR_RETURN(auto db, store::Db::Open(std::move(options)));
  std::unique_ptr<KeyTable> table(new KeyTable(std::move(db), std::move(tenant_key)));
  LW_ASSIGN_OR_RETURN(table->table_, table->db_->FindOrCreate(kFamily));
  return table;
}

KeyTable::KeyTable(std::unique_ptr<store::Db> db, std::string tenant_key)
    : db_(std::move(db)),
      tenant_key_(std::move(tenant_key)),
      index_key_(crypto::AsBytes(crypto::HmacSha256(tenant_key_, kIndexKeyLabel))) {}

std::string KeyTable::SubjectHash(std::string_view subject) const {
  const crypto::Digest hash = crypto::HmacSha256(index_key_, subject);
  return std::string(crypto::AsBytes(hash).substr(0, kSubjectHashBytes));
}

int64_t KeyTable::Next(int32_t partition) const {
  const auto value = db_->Get(table_, OffsetKey(partition));
  if (!value.ok() || !value->has_value() || (*value)->size() != 8) return 0;
  return static_cast<int64_t>(base::LoadU64((*value)->data()));
}

absl::Status KeyTable::Fold(int32_t partition, int64_t offset, std::optional<std::string_view> key,
                            std::optional<std::string_view> value) {
  if (!has_key()) return absl::OkStatus();
  std::string next;
  base::AppendU64(&next, static_cast<uint64_t>(offset) + 1);
  batch_.Put(table_, OffsetKey(partition), next);
  if (!key) return base::InvalidArgument("", "a record without a key");
  const std::string name = "K" + std::string(*key);
  if (!value) {
    LW_RETURN_IF_ERROR(Flush());
    LW_ASSIGN_OR_RETURN(const auto entry, db_->Get(table_, name));
    if (entry) batch_.Delete(table_, *entry);
    batch_.Delete(table_, name);
    return absl::OkStatus();
  }
  LW_ASSIGN_OR_RETURN(const auto record, decision::OpenTenantKeyRecord(tenant_key_, *key, *value));
  if (record.subject.empty()) return absl::OkStatus();
  const std::string entry =
      "I" + SubjectHash(record.subject) + PersonKeyValue(record.source, record.first);
  batch_.Put(table_, entry, "");
  batch_.Put(table_, name, entry);
  return batch_.bytes() > kBatchBytesMax ? Flush() : absl::OkStatus();
}

absl::Status KeyTable::Flush() {
  if (batch_.empty()) return absl::OkStatus();
  LW_RETURN_IF_ERROR(db_->Write(batch_, /*sync=*/false));
  batch_.Clear();
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> KeyTable::Find(std::string_view subject) const {
  std::vector<std::string> keys;
  if (!has_key() || subject.empty()) return keys;
  const std::string prefix = "I" + SubjectHash(subject);
  store::ReadRange range;
  range.first = prefix;
  LW_RETURN_IF_ERROR(db_->Scan(table_, range, [&](std::string_view key, std::string_view) {
    if (!key.starts_with(prefix)) return false;
    keys.emplace_back(key.substr(prefix.size()));
    return true;
  }));
  return keys;
}

}  // namespace lineward::ledger
