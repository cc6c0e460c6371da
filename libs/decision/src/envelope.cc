#include "lineward/decision/envelope.h"

#include <absl/time/civil_time.h>
#include <absl/time/time.h>

#include <algorithm>

#include "decision/src/fields.h"
#include "lineward/base/check.h"
#include "lineward/crypto/hmac.h"

namespace lineward::decision {
namespace {

constexpr std::string_view kMagic = "LWK1";
constexpr size_t kKeyHeaderBytes = 4 + 4 + 2 + 8;
constexpr uint8_t kTextFormat = 1;

std::string OffsetBytes(uint64_t offset) {
  std::string bytes;
  base::AppendU64(&bytes, offset);
  return bytes;
}

std::string Aad(const EnvelopePlace& place) {
  std::string aad = "lineward/envelope/v1";
  aad.push_back('\0');
  aad.append(place.source->cluster).push_back('\0');
  aad.append(place.source->topic).push_back('\0');
  base::AppendU32(&aad, place.source->partition);
  base::AppendU64(&aad, place.first_row);
  base::AppendU32(&aad, place.rows);
  return aad;
}

int32_t MonthOf(int64_t time_ms) {
  const absl::CivilMonth month =
      absl::ToCivilMonth(absl::FromUnixMillis(time_ms), absl::UTCTimeZone());
  return static_cast<int32_t>(month.year() * 12 + month.month());
}

// Fields 2-6 of the envelope, which are 7-11 of a row.
bool ReadShared(uint64_t number, ValueReader* reader, OpenedRow* row) {
  switch (number) {
    case 2:
      row->subject_class = reader->U8In(1, 255);
      return true;
    case 3:
      row->fine_place = reader->Text();
      return true;
    case 4:
      row->consent.resize(reader->Count());
      for (PurposeConsent& consent : row->consent) {
        consent.purpose = reader->Str();
        consent.bits = reader->U8();
      }
      return true;
    case 5:
      row->experiment_arm = reader->Text();
      return true;
    case 6: {
      FieldReader claim(reader->Rest());
      while (const auto field = claim.Next()) {
        ValueReader value(field->value);
        if (field->number == 1) row->consent_ref = value.Text();
        if (field->number == 2) {
          row->consented_purposes.resize(value.Count());
          for (std::string_view& purpose : row->consented_purposes) purpose = value.Str();
        }
        if (field->number <= 2 && !value.Done()) reader->Fail();
      }
      if (!claim.ok()) reader->Fail();
      return true;
    }
  }
  return false;
}

absl::Status ReadFact(const Field& field, std::vector<Fact>* facts) {
  const auto value = ReadFactValue(field.value);
  if (!value.has_value() || field.number > UINT32_MAX) {
    return Undecodable("envelope: field {} breaks its type", field.number);
  }
  facts->push_back({.field = static_cast<uint32_t>(field.number), .value = *value});
  return absl::OkStatus();
}

absl::Status ReadOwnRow(std::string_view bytes, OpenedRow* row) {
  FieldReader fields(bytes);
  while (const auto field = fields.Next()) {
    if (field->number >= kFieldEventFacts) {
      LW_RETURN_IF_ERROR(ReadFact(*field, &row->facts));
      continue;
    }
    ValueReader reader(field->value);
    bool is_known = true;
    switch (field->number) {
      case 1:
      case 2: {
        const auto id = ReadId(reader.Rest());
        if (!id.has_value()) reader.Fail();
        (field->number == 1 ? row->event_id : row->item_id) = id.value_or("");
        break;
      }
      case 3:
        row->score = reader.Double();
        break;
      case 4:
        row->signals.resize(reader.Count());
        for (event::Signal& signal : row->signals) {
          signal.name = reader.Str();
          signal.weight = reader.Double();
          signal.source = reader.Str();
        }
        break;
      case 5:
        row->payload_digest = reader.Raw<32>();
        break;
      case 6:
        row->message_key = reader.Rest();
        break;
      default:
        is_known = ReadShared(field->number - 5, &reader, row);
        break;
    }
    if (is_known && !reader.Done()) {
      return Undecodable("envelope: row: field {} breaks its type", field->number);
    }
  }
  if (!fields.ok()) return Undecodable("envelope: row: no fields in ascending order");
  return absl::OkStatus();
}

}  // namespace

crypto::SivKeys EnvelopeKeys(const crypto::Digest& dek, uint64_t first_row) {
  const std::string offset = OffsetBytes(first_row);
  return {.mac = crypto::HmacSha256(crypto::AsBytes(dek), {"lineward/row/v1/mac", offset}),
          .enc = crypto::HmacSha256(crypto::AsBytes(dek), {"lineward/row/v1/enc", offset})};
}

void SealEnvelope(uint8_t alg, const crypto::Digest& dek, const EnvelopePlace& place,
                  std::string_view text, std::string* out) {
  LW_CHECK(alg == kAlgTenant || alg == kAlgPerson, "alg {}", alg);
  base::AppendU8(out, alg);
  crypto::AppendSealed(EnvelopeKeys(dek, place.first_row), Aad(place), text, out);
}

absl::StatusOr<std::string> OpenEnvelope(const crypto::Digest& dek, const EnvelopePlace& place,
                                         std::string_view envelope) {
  if (envelope.empty()) return Undecodable("envelope: no bytes");
  const auto alg = static_cast<uint8_t>(envelope[0]);
  if (alg == kAlgDeleted) {
    return base::FailedPrecondition("", "envelope of row {}: its text was deleted",
                                    place.first_row);
  }
  if (alg != kAlgTenant && alg != kAlgPerson) return Undecodable("envelope: alg {}", alg);
  auto text =
      crypto::OpenSealed(EnvelopeKeys(dek, place.first_row), Aad(place), envelope.substr(1));
  if (!text.ok()) {
    return base::Annotate(text.status(), "envelope of row {}", place.first_row);
  }
  return text;
}

absl::StatusOr<OpenedRow> DecodeEnvelope(std::string plaintext, uint32_t rows, uint64_t index) {
  OpenedRow row;
  row.bytes = std::make_shared<const std::string>(std::move(plaintext));
  const std::string_view bytes = *row.bytes;
  if (bytes.empty() || static_cast<uint8_t>(bytes[0]) != kTextFormat) {
    return Undecodable("envelope: its text does not begin with {}", kTextFormat);
  }
  std::optional<std::string_view> own;
  FieldReader fields(bytes.substr(1));
  while (const auto field = fields.Next()) {
    ValueReader reader(field->value);
    if (field->number == 20) {
      const size_t count = reader.Uv();
      for (size_t i = 0; i < count && reader.good(); ++i) {
        const std::string_view bytes_of_row = reader.Bytes();
        if (i == index) own = bytes_of_row;
      }
      if (count != rows || !reader.Done()) {
        return Undecodable("envelope: {} rows, {} rows of the block name it", count, rows);
      }
    } else if (field->number >= kFieldEventFacts) {
      LW_RETURN_IF_ERROR(ReadFact(*field, &row.facts));
    } else if (field->number == 1) {
      auto subject = ReadId(field->value);
      if (!subject.has_value()) return Undecodable("envelope: field 1 breaks its type");
      row.subject = *std::move(subject);
    } else if (ReadShared(field->number, &reader, &row) && !reader.Done()) {
      return Undecodable("envelope: field {} breaks its type", field->number);
    }
  }
  if (!fields.ok()) return Undecodable("envelope: no fields in ascending order");
  if (!own.has_value()) return Undecodable("envelope: no row {}", index);
  LW_RETURN_IF_ERROR(ReadOwnRow(*own, &row));
  std::sort(row.facts.begin(), row.facts.end(),
            [](const Fact& a, const Fact& b) { return a.field < b.field; });
  return row;
}

std::string KeyRecordKey(uint32_t epoch, const SourceName& source, uint64_t first) {
  return fmt::format("k/{}/{}/{}/{}/{}", epoch, source.cluster, source.topic, source.partition,
                     first);
}

crypto::Digest TenantDek(std::string_view tenant_key, std::string_view record_key) {
  return crypto::HmacSha256(tenant_key, {"lineward/tenant-dek/v1", record_key});
}

KeyRecord MakeTenantKeyRecord(std::string_view tenant_key, uint32_t epoch, const SourceName& source,
                              uint64_t first, int64_t created_ms, std::string_view subject) {
  KeyRecord record{.key = KeyRecordKey(epoch, source, first), .value = std::string(kMagic)};
  base::AppendU32(&record.value, 0);  // g: the DEK is not in here
  base::AppendU16(&record.value, 0);  // slot
  base::AppendU64(&record.value, static_cast<uint64_t>(created_ms));
  crypto::AppendSealed(crypto::WrapKeys(tenant_key), record.key, subject, &record.value);
  return record;
}

absl::StatusOr<OpenedKeyRecord> OpenTenantKeyRecord(std::string_view tenant_key,
                                                    std::string_view key, std::string_view value) {
  const std::vector<std::string_view> parts = base::Split(key, '/');
  OpenedKeyRecord record;
  const auto bad_key = [key] {
    return base::InvalidArgument("", "`{}` is no key record's key", key);
  };
  if (parts.size() != 6 || parts[0] != "k") return bad_key();
  const auto epoch = base::ParseUint64(parts[1]);
  const auto partition = base::ParseUint64(parts[4]);
  const auto first = base::ParseUint64(parts[5]);
  if (!epoch.has_value() || *epoch == 0 || *epoch > UINT32_MAX || !partition.has_value() ||
      *partition > INT32_MAX || !first.has_value() || parts[2].empty() || parts[3].empty()) {
    return bad_key();
  }
  record.epoch = static_cast<uint32_t>(*epoch);
  record.source = {.cluster = std::string(parts[2]),
                   .topic = std::string(parts[3]),
                   .partition = static_cast<uint32_t>(*partition)};
  record.first = *first;
  if (value.size() < kKeyHeaderBytes || !value.starts_with(kMagic)) {
    return base::InvalidArgument("", "key record `{}`: its value does not begin with `{}`", key,
                                 kMagic);
  }
  if (base::LoadU32(value.data() + 4) != 0) {
    return base::InvalidArgument("", "key record `{}`: keys per person are not supported yet", key);
  }
  record.created_ms = static_cast<int64_t>(base::LoadU64(value.data() + 10));
  auto subject =
      crypto::OpenSealed(crypto::WrapKeys(tenant_key), key, value.substr(kKeyHeaderBytes));
  if (!subject.ok()) return base::Annotate(subject.status(), "key record `{}`", key);
  record.subject = *std::move(subject);
  return record;
}

TenantSealer::TenantSealer(Options options) : options_(std::move(options)) {}

void TenantSealer::SetTime(int64_t decision_time_ms) {
  decision_time_ms_ = decision_time_ms;
  const int32_t month = MonthOf(decision_time_ms);
  if (month == month_) return;
  month_ = month;
  persons_.clear();
  by_subject_.clear();
}

Sealer::Key TenantSealer::KeyFor(std::string_view subject, uint64_t first_row) {
  const auto known = by_subject_.find(subject);
  if (known != by_subject_.end()) {
    persons_.splice(persons_.begin(), persons_, known->second);
    return {.alg = kAlgTenant, .first = known->second->first, .dek = known->second->dek};
  }
  if (persons_.size() >= std::max<size_t>(options_.persons_max, 1)) {
    by_subject_.erase(persons_.back().subject);
    persons_.pop_back();
  }
  records_.push_back(MakeTenantKeyRecord(options_.tenant_key, options_.epoch, options_.source,
                                         first_row, decision_time_ms_, subject));
  const crypto::Digest dek = TenantDek(options_.tenant_key, records_.back().key);
  persons_.push_front({.subject = std::string(subject), .first = first_row, .dek = dek});
  by_subject_.emplace(std::string(subject), persons_.begin());
  drawn_.emplace_back(subject);
  return {.alg = kAlgTenant, .first = first_row, .dek = dek};
}

std::vector<KeyRecord> TenantSealer::TakeRecords() { return std::exchange(records_, {}); }

void TenantSealer::Commit() { drawn_.clear(); }

void TenantSealer::Abort() {
  for (const std::string& subject : drawn_) {
    const auto known = by_subject_.find(subject);
    if (known == by_subject_.end()) continue;
    persons_.erase(known->second);
    by_subject_.erase(known);
  }
  drawn_.clear();
  records_.clear();
}

void TenantSealer::Clear() {
  persons_.clear();
  by_subject_.clear();
  drawn_.clear();
  records_.clear();
}

}  // namespace lineward::decision
