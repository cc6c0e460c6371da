#include "lineward/decision/columns.h"

#include "decision/src/column_reader.h"
#include "decision/src/fields.h"

namespace lineward::decision {
namespace {

// Encodings of a column; bit 7 says that a bitmap of the rows with a value comes first.
enum Encoding : uint8_t {
  kConst = 1,
  kDict = 2,
  kSeq = 3,
  kDelta = 4,
  kPlanes = 5,
  kVar = 6,
  kEnvelopes = 7,
};
constexpr uint8_t kPresence = 0x80;
constexpr size_t kDictByteIndexesMax = 256;
constexpr uint64_t kRunColumn = 1;
constexpr uint64_t kMarksColumn = 7;
constexpr uint64_t kFragmentsEnd[] = {0, 10, 30, 40, 50, 60, 70, 80};

bool IsFactColumn(uint64_t id) {
  return (id >= kFieldPropensity && id <= kFieldSponsorId) ||
         (id >= kFieldEventFacts && id <= UINT32_MAX);
}
bool IsScanColumn(uint64_t id) {
  return (id >= kRunColumn && id <= kMarksColumn) || (id >= 80 && id <= 82) || IsFactColumn(id);
}
bool IsIdentColumn(uint64_t id) { return id >= 83 && id <= 87; }

// Encodings that a column may have.
bool MayHave(uint64_t id, uint8_t encoding) {
  if (id <= kMarksColumn) return encoding == kConst || encoding == kDict;
  if (id <= 82) return encoding == kDelta;
  if (id == 83 || id == 85 || id == 86) return encoding == kSeq;
  if (id == 84) return encoding == kPlanes || encoding == kVar;
  if (id == 87) return encoding == kEnvelopes;
  return encoding == kConst || encoding == kDict || encoding == kDelta || encoding == kPlanes ||
         encoding == kVar;
}

// The values of a column that are there, spread over the rows.
struct Presence {
  std::vector<uint16_t> rows;  // rows with a value, ascending
};

bool IsPresent(std::string_view bitmap, size_t row) {
  return ((static_cast<uint8_t>(bitmap[row / 8]) >> (row % 8)) & 1) != 0;
}

// m codes over k values by first appearance: 0 = the next new one, c = the one c before it. Every
// value is used, so in the order of the values.
absl::StatusOr<std::vector<uint16_t>> ReadCodes(uint64_t id, size_t k, size_t m,
                                                base::ByteReader* body) {
  std::vector<uint16_t> indexes(m);
  size_t seen = 0;
  for (uint16_t& index : indexes) {
    const auto code = body->Uv();
    if (!code.has_value()) return Undecodable("column {}: body ends in its codes", id);
    if (*code > seen || (*code == 0 && seen == k)) {
      return Undecodable("column {}: code {} after {} of {} values", id, *code, seen, k);
    }
    index = static_cast<uint16_t>(*code == 0 ? seen++ : seen - *code);
  }
  if (seen != k) return Undecodable("column {}: {} of {} values are used", id, seen, k);
  return indexes;
}

absl::Status CheckFields(uint64_t id, std::string_view fragment) {
  if (fragment.empty()) return absl::OkStatus();
  FieldReader fields(fragment);
  while (const auto field = fields.Next()) {
    const bool is_in_place = IsFactColumn(id) ? field->number == id
                                              : field->number >= kFragmentsEnd[id - 1] &&
                                                    field->number < kFragmentsEnd[id];
    if (!is_in_place) {
      return Undecodable("column {}: field {} belongs to another", id, field->number);
    }
    if (IsFactColumn(id) && !ReadFactValue(field->value).has_value()) {
      return Undecodable("column {}: the field breaks its type", id);
    }
  }
  if (!fields.ok()) return Undecodable("column {}: no fields in ascending order", id);
  return absl::OkStatus();
}

}  // namespace

std::optional<FactValue> DecodeFact(std::string_view value) {
  FieldReader fields(value);
  const auto field = fields.Next();
  return field.has_value() ? ReadFactValue(field->value) : std::nullopt;
}

// Reads the columns of one section over `n` rows.
class ColumnReader {
 public:
  ColumnReader(const BlockHeader& header, const Limits& limits, std::deque<std::string>* owned)
      : header_(header), limits_(limits), n_(header.rows), owned_(owned) {}

  absl::Status ReadScan(std::string_view raw, ScanColumns* scan) {
    scan_ = scan;
    scan->offsets.resize(n_);
    for (size_t row = 0; row < n_; ++row) scan->offsets[row] = header_.first + row;
    scan->event_time_us.resize(n_);
    scan->positions.resize(n_);
    LW_RETURN_IF_ERROR(ReadSection(raw, /*is_scan=*/true));
    if (scan->fragments[0].is_absent()) return Undecodable("scan: no column 1");
    return absl::OkStatus();
  }

  absl::Status ReadIdent(std::string_view raw, const ScanColumns& scan, IdentColumns* ident) {
    ident_ = ident;
    offsets_ = &scan.offsets;
    ident->trace_ids.resize(n_);
    ident->event_ids.resize(n_);
    ident->item_ids.resize(n_);
    ident->replay_of.resize(n_);
    ident->envelope_of.resize(n_, IdentColumns::kNoEnvelope);
    ident->index_in_envelope.resize(n_);
    return ReadSection(raw, /*is_scan=*/false);
  }

 private:
  absl::Status ReadSection(std::string_view raw, bool is_scan) {
    base::ByteReader section(raw);
    const auto count = section.Uv();
    if (!count.has_value() || *count > limits_.columns_max) {
      return Undecodable("{}: no count of at most {} columns", is_scan ? "scan" : "ident",
                         limits_.columns_max);
    }
    uint64_t last = 0;
    for (uint64_t i = 0; i < *count; ++i) {
      const auto id = section.Uv();
      const auto encoding = id.has_value() ? section.U8() : std::nullopt;
      const auto body = encoding.has_value() ? section.Bytes() : std::nullopt;
      if (!body.has_value()) return Undecodable("column {} of {}: cut", i + 1, *count);
      LW_RETURN_IF_ERROR(CheckPlace(*id, last, *encoding, is_scan));
      last = *id;
      LW_RETURN_IF_ERROR(ReadColumn(*id, *encoding, *body));
    }
    if (!section.empty()) {
      return Undecodable("{}: {} bytes behind the last column", is_scan ? "scan" : "ident",
                         section.Left());
    }
    return absl::OkStatus();
  }

  absl::Status CheckPlace(uint64_t id, uint64_t last, uint8_t encoding, bool is_scan) const {
    if (!IsScanColumn(id) && !IsIdentColumn(id)) {
      return base::InvalidArgument(kRowFormatUnknown, "column {} is unknown", id);
    }
    const auto kind = static_cast<uint8_t>(encoding & ~kPresence);
    if (kind < kConst || kind > kEnvelopes) {
      return base::InvalidArgument(kRowFormatUnknown, "column {}: encoding {} is unknown", id,
                                   kind);
    }
    if (id <= last) return Undecodable("column {} after column {}", id, last);
    if (is_scan != IsScanColumn(id)) return Undecodable("column {} in the other section", id);
    if (!MayHave(id, kind)) return Undecodable("column {}: encoding {}", id, kind);
    const bool may_lack = kind != kConst && kind != kDict && id != 80;
    if ((encoding & kPresence) != 0 && !may_lack) {
      return Undecodable("column {}: a bitmap on encoding {}", id, kind);
    }
    if (n_ == 0 && id != kRunColumn) return Undecodable("column {} without rows", id);
    return absl::OkStatus();
  }

  absl::Status ReadColumn(uint64_t id, uint8_t encoding, std::string_view bytes) {
    base::ByteReader body(bytes);
    LW_ASSIGN_OR_RETURN(const Presence presence, ReadPresence(id, encoding, &body));
    absl::Status status;
    switch (encoding & ~kPresence) {
      case kConst:
        status = ReadConst(id, &body);
        break;
      case kDict:
        status = ReadDict(id, &body);
        break;
      case kSeq:
        status = ReadSeq(id, presence, &body);
        break;
      case kDelta:
        status = ReadDelta(id, presence, &body);
        break;
      case kPlanes:
        status = ReadPlanes(id, presence, &body);
        break;
      case kVar:
        status = ReadVar(id, presence, &body);
        break;
      case kEnvelopes:
        status = ReadEnvelopes(id, presence, &body);
        break;
    }
    LW_RETURN_IF_ERROR(status);
    if (!body.empty()) return Undecodable("column {}: {} bytes too long", id, body.Left());
    return absl::OkStatus();
  }

  absl::StatusOr<Presence> ReadPresence(uint64_t id, uint8_t encoding, base::ByteReader* body) {
    Presence presence;
    if ((encoding & kPresence) == 0) {
      presence.rows.resize(n_);
      for (size_t row = 0; row < n_; ++row) presence.rows[row] = static_cast<uint16_t>(row);
      return presence;
    }
    const auto bitmap = body->Raw((n_ + 7) / 8);
    if (!bitmap.has_value()) return Undecodable("column {}: bitmap cut", id);
    for (size_t row = 0; row < bitmap->size() * 8; ++row) {
      if (!IsPresent(*bitmap, row)) continue;
      if (row >= n_) return Undecodable("column {}: a bit past the last row", id);
      presence.rows.push_back(static_cast<uint16_t>(row));
    }
    // All rows: no bitmap; none: no column.
    if (presence.rows.empty() || presence.rows.size() == n_) {
      return Undecodable("column {}: a bitmap of {} of {} rows", id, presence.rows.size(), n_);
    }
    return presence;
  }

  // Where fragments of column `id` go.
  ValueColumn* Values(uint64_t id) {
    if (id <= kMarksColumn) return &scan_->fragments[id - 1];
    scan_->facts.push_back({.field = static_cast<uint32_t>(id), .values = {}});
    return &scan_->facts.back().values;
  }

  absl::Status ReadConst(uint64_t id, base::ByteReader* body) {
    const auto value = body->Bytes();
    if (!value.has_value() || value->empty()) return Undecodable("column {}: no value", id);
    LW_RETURN_IF_ERROR(CheckFields(id, *value));
    Values(id)->values_ = {*value};
    return absl::OkStatus();
  }

  absl::Status ReadDict(uint64_t id, base::ByteReader* body) {
    const auto k = body->Uv();
    if (!k.has_value() || *k < 2 || *k > n_) {
      return Undecodable("column {}: no dictionary of 2 to {} values", id, n_);
    }
    ValueColumn* values = Values(id);
    values->values_.resize(*k);
    for (std::string_view& value : values->values_) {
      const auto bytes = body->Bytes();
      if (!bytes.has_value()) return Undecodable("column {}: dictionary cut", id);
      LW_RETURN_IF_ERROR(CheckFields(id, *bytes));
      value = *bytes;
    }
    const bool is_wide = *k > kDictByteIndexesMax;
    const auto high = is_wide ? body->Raw(n_) : std::string_view();
    const auto low = body->Raw(n_);
    if (!high.has_value() || !low.has_value()) return Undecodable("column {}: indexes cut", id);
    values->index_.resize(n_);
    for (size_t row = 0; row < n_; ++row) {
      const auto index =
          static_cast<uint16_t>((is_wide ? static_cast<uint8_t>((*high)[row]) << 8 : 0) |
                                static_cast<uint8_t>((*low)[row]));
      if (index >= *k) return Undecodable("column {}: index {} of {} values", id, index, *k);
      values->index_[row] = index;
    }
    return absl::OkStatus();
  }

  absl::Status ReadSeq(uint64_t id, const Presence& presence, base::ByteReader* body) {
    const uint8_t wanted_form = id == 83 ? 16 : 0;
    const auto form = body->U8();
    const auto k = form.has_value() ? body->Uv() : std::nullopt;
    const size_t m = presence.rows.size();
    if (!k.has_value() || *form != wanted_form || *k == 0 || *k > m) {
      return Undecodable("column {}: no form {} with 1 to {} values", id, wanted_form, m);
    }
    std::vector<std::string_view> values(*k);
    for (std::string_view& value : values) {
      const auto bytes = id == 83 ? body->Raw(16) : body->Bytes();
      if (!bytes.has_value()) return Undecodable("column {}: values cut", id);
      if (bytes->empty() || (id != 83 && !base::IsUtf8(*bytes))) {
        return Undecodable("column {}: a value is no text", id);
      }
      value = *bytes;
    }
    LW_ASSIGN_OR_RETURN(const std::vector<uint16_t> indexes, ReadCodes(id, *k, m, body));
    std::vector<std::string_view>& out = id == 83   ? ident_->trace_ids
                                         : id == 85 ? ident_->item_ids
                                                    : ident_->replay_of;
    for (size_t i = 0; i < m; ++i) out[presence.rows[i]] = values[indexes[i]];
    return absl::OkStatus();
  }

  absl::Status ReadDelta(uint64_t id, const Presence& presence, base::ByteReader* body) {
    FactType type{};
    if (IsFactColumn(id)) {
      const auto byte = body->U8();
      if (byte == static_cast<uint8_t>(FactType::kInt)) {
        type = FactType::kInt;
      } else if (byte == static_cast<uint8_t>(FactType::kTimestamp)) {
        type = FactType::kTimestamp;
      } else {
        return Undecodable("column {}: differences of no integer type", id);
      }
    }
    std::vector<uint64_t> values(presence.rows.size());
    uint64_t sum = 0;
    for (uint64_t& value : values) {
      const auto difference = body->Sv();
      if (!difference.has_value()) return Undecodable("column {}: body ends in its values", id);
      sum += static_cast<uint64_t>(*difference);
      const bool is_negative = sum > static_cast<uint64_t>(INT64_MAX);
      if ((id == 80 || id == 82) && is_negative) return Undecodable("column {}: below zero", id);
      if (id == 82 && sum == 0) return Undecodable("column {}: a zero is never written", id);
      value = sum;
    }
    if (IsFactColumn(id)) {
      return Materialize(id, presence, values.size(), [&values, type](size_t i, std::string* out) {
        AppendFactValue({.type = type, .integer = static_cast<int64_t>(values[i])}, out);
      });
    }
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t row = presence.rows[i];
      if (id == 80) scan_->offsets[row] = values[i];
      if (id == 81) scan_->event_time_us[row] = static_cast<int64_t>(values[i]);
      if (id == 82) scan_->positions[row] = values[i];
    }
    return absl::OkStatus();
  }

  absl::Status ReadPlanes(uint64_t id, const Presence& presence, base::ByteReader* body) {
    const size_t m = presence.rows.size();
    const auto lead = body->U8();  // id form, or type of the fact
    const auto width = lead.has_value() ? body->U8() : std::nullopt;
    const size_t wanted = id == 84 ? 16 : 8;
    const bool is_good_lead =
        lead.has_value() &&
        (id == 84 ? *lead >= 1 && *lead <= 3 : *lead == static_cast<uint8_t>(FactType::kDouble));
    const auto planes = is_good_lead && width == wanted ? body->Raw(m * wanted) : std::nullopt;
    if (!planes.has_value()) return Undecodable("column {}: no planes of {} bytes", id, wanted);
    const auto value = [&planes, m, wanted](size_t i) {
      std::string bytes(wanted, '\0');
      for (size_t plane = 0; plane < wanted; ++plane) bytes[plane] = (*planes)[plane * m + i];
      return bytes;
    };
    if (id != 84) {
      return Materialize(id, presence, m, [&value](size_t i, std::string* out) {
        base::AppendU8(out, static_cast<uint8_t>(FactType::kDouble));
        out->append(value(i));
      });
    }
    constexpr size_t kChars[] = {0, 36, 32, 26};
    const size_t chars = kChars[*lead];
    std::string& texts = owned_->emplace_back();
    texts.reserve(m * chars);
    for (size_t i = 0; i < m; ++i) AppendIdText(*lead, value(i), &texts);
    for (size_t i = 0; i < m; ++i) {
      ident_->event_ids[presence.rows[i]] = std::string_view(texts).substr(i * chars, chars);
    }
    return absl::OkStatus();
  }

  absl::Status ReadVar(uint64_t id, const Presence& presence, base::ByteReader* body) {
    const size_t m = presence.rows.size();
    std::vector<uint64_t> lengths(m);
    for (uint64_t& length : lengths) {
      const auto read = body->Uv();
      if (!read.has_value()) return Undecodable("column {}: lengths cut", id);
      length = *read;
    }
    std::vector<std::string_view> values(m);
    for (size_t i = 0; i < m; ++i) {
      const auto bytes = lengths[i] <= body->Left() ? body->Raw(lengths[i]) : std::nullopt;
      if (!bytes.has_value() || bytes->empty()) return Undecodable("column {}: values cut", id);
      values[i] = *bytes;
    }
    if (id == 84) {
      for (size_t i = 0; i < m; ++i) {
        if (!base::IsUtf8(values[i])) return Undecodable("column 84: a value is no text");
        ident_->event_ids[presence.rows[i]] = values[i];
      }
      return absl::OkStatus();
    }
    for (std::string_view value : values) LW_RETURN_IF_ERROR(CheckFields(id, value));
    Spread(presence, std::move(values), Values(id));
    return absl::OkStatus();
  }

  absl::Status ReadEnvelopes(uint64_t id, const Presence& presence, base::ByteReader* body) {
    const size_t m = presence.rows.size();
    const auto k = body->Uv();
    if (!k.has_value() || *k == 0 || *k > m) {
      return Undecodable("column {}: no 1 to {} envelopes", id, m);
    }
    std::vector<uint64_t> ages(*k);
    for (uint64_t& age : ages) {
      const auto read = body->Uv();
      if (!read.has_value()) return Undecodable("column {}: keys cut", id);
      age = *read;
    }
    std::vector<uint64_t> lengths(*k);
    for (uint64_t& length : lengths) {
      const auto read = body->Uv();
      if (!read.has_value()) return Undecodable("column {}: lengths cut", id);
      length = *read;
    }
    ident_->envelopes.resize(*k);
    for (size_t i = 0; i < *k; ++i) {
      const auto bytes = lengths[i] <= body->Left() ? body->Raw(lengths[i]) : std::nullopt;
      if (!bytes.has_value()) return Undecodable("column {}: envelopes cut", id);
      LW_RETURN_IF_ERROR(ReadEnvelope(*bytes, &ident_->envelopes[i]));
    }
    LW_ASSIGN_OR_RETURN(const std::vector<uint16_t> indexes, ReadCodes(id, *k, m, body));
    for (size_t i = 0; i < m; ++i) {
      const size_t row = presence.rows[i];
      Envelope& envelope = ident_->envelopes[indexes[i]];
      if (envelope.rows == 0) envelope.first_row = (*offsets_)[row];
      ident_->envelope_of[row] = indexes[i];
      ident_->index_in_envelope[row] = static_cast<uint16_t>(envelope.rows++);
    }
    for (size_t i = 0; i < *k; ++i) {
      Envelope& envelope = ident_->envelopes[i];
      if (ages[i] > envelope.first_row) return Undecodable("column {}: a key below zero", id);
      envelope.key = envelope.first_row - ages[i];
    }
    return absl::OkStatus();
  }

  absl::Status ReadEnvelope(std::string_view bytes, Envelope* envelope) const {
    if (bytes.size() < 1 + crypto::kSivTagBytes) {
      return Undecodable("envelope: {} bytes", bytes.size());
    }
    const auto alg = static_cast<uint8_t>(bytes[0]);
    envelope->bytes = bytes;
    if (alg == kAlgDeleted) {
      const auto digest = crypto::DigestFrom(bytes.substr(1));
      if (!limits_.allow_deleted || !digest.has_value()) {
        return Undecodable("envelope: alg {} in a message", alg);
      }
      envelope->digest = *digest;
      return absl::OkStatus();
    }
    if (alg != kAlgTenant && alg != kAlgPerson) return Undecodable("envelope: alg {}", alg);
    envelope->digest = crypto::Sha256Of(bytes);
    return absl::OkStatus();
  }

  // Fragments made from bare values: `append(i, out)` writes type and value of the i-th.
  template <typename Append>
  absl::Status Materialize(uint64_t id, const Presence& presence, size_t count, Append&& append) {
    std::string& bytes = owned_->emplace_back();
    std::vector<size_t> ends(count);
    for (size_t i = 0; i < count; ++i) {
      AppendNestedField(&bytes, id, [&append, i](std::string* out) { append(i, out); });
      ends[i] = bytes.size();
    }
    std::vector<std::string_view> values(count);
    for (size_t i = 0; i < count; ++i) {
      const size_t start = i == 0 ? 0 : ends[i - 1];
      values[i] = std::string_view(bytes).substr(start, ends[i] - start);
    }
    Spread(presence, std::move(values), Values(id));
    return absl::OkStatus();
  }

  // One value per row that has one; the others share an empty one in front.
  void Spread(const Presence& presence, std::vector<std::string_view> values,
              ValueColumn* column) const {
    const bool all = presence.rows.size() == n_;
    if (!all) values.insert(values.begin(), std::string_view());
    column->values_ = std::move(values);
    column->index_.resize(n_);
    for (size_t i = 0; i < presence.rows.size(); ++i) {
      column->index_[presence.rows[i]] = static_cast<uint16_t>(i + (all ? 0 : 1));
    }
  }

  const BlockHeader& header_;
  const Limits& limits_;
  const size_t n_;
  std::deque<std::string>* owned_;
  const std::vector<uint64_t>* offsets_ = nullptr;
  ScanColumns* scan_ = nullptr;
  IdentColumns* ident_ = nullptr;
};

absl::Status ReadScan(const BlockHeader& header, const Limits& limits, std::string_view raw,
                      std::deque<std::string>* owned, ScanColumns* scan) {
  return ColumnReader(header, limits, owned).ReadScan(raw, scan);
}

absl::Status ReadIdent(const BlockHeader& header, const Limits& limits, std::string_view raw,
                       const ScanColumns& scan, std::deque<std::string>* owned,
                       IdentColumns* ident) {
  return ColumnReader(header, limits, owned).ReadIdent(raw, scan, ident);
}

}  // namespace lineward::decision
