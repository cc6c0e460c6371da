#include "lineward/decision/row.h"

#include <limits>

#include "decision/src/fields.h"
#include "lineward/base/check.h"
#include "lineward/base/hash.h"

namespace lineward::decision {
namespace {

// Columns of fragments hold the fields 1-9, 10-29, then by tens.
constexpr uint64_t kColumnEnd[] = {0, 10, 30, 40, 50, 60, 70, 80};

void AppendStrList(std::string* out, uint64_t number, const std::vector<std::string_view>& list) {
  if (list.empty()) return;
  AppendNestedField(out, number, [&list](std::string* value) {
    base::AppendUv(value, list.size());
    for (std::string_view text : list) base::AppendBytes(value, text);
  });
}

std::vector<std::string_view> ReadStrList(ValueReader* reader) {
  std::vector<std::string_view> list(reader->Count());
  for (std::string_view& text : list) text = reader->Str();
  return list;
}

Outcome ReadOutcome(ValueReader* reader) { return static_cast<Outcome>(reader->U8In(1, 3)); }

// Never 0: the field is left out then.
uint64_t ReadNonZero(ValueReader* reader) {
  const uint64_t value = reader->Uv();
  if (value == 0) reader->Fail();
  return value;
}

std::string_view ReadText(ValueReader* reader) {
  const std::string_view text = reader->Text();
  if (text.empty()) reader->Fail();
  return text;
}

// Calls `read(number, reader)` for each field of a fragment of `column`; it returns false for a
// number that it does not know. `required` lists numbers that must be there, ascending.
template <typename Read>
absl::Status ReadFragment(size_t column, std::string_view fragment,
                          std::initializer_list<uint64_t> required, Read&& read) {
  FieldReader fields(fragment);
  auto next_required = required.begin();
  while (const auto field = fields.Next()) {
    if (field->number < kColumnEnd[column - 1] || field->number >= kColumnEnd[column]) {
      return Undecodable("column {}: field {} belongs to another", column, field->number);
    }
    if (next_required != required.end() && field->number == *next_required) ++next_required;
    ValueReader reader(field->value);
    if (read(field->number, &reader) && !reader.Done()) {
      return Undecodable("column {}: field {} breaks its type", column, field->number);
    }
  }
  if (!fields.ok()) return Undecodable("column {}: no fields in ascending order", column);
  if (next_required != required.end()) {
    return Undecodable("column {}: no field {}", column, *next_required);
  }
  return absl::OkStatus();
}

}  // namespace

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kAllow:
      return "ALLOW";
    case Outcome::kQuarantine:
      return "QUARANTINE";
    case Outcome::kBlock:
      return "BLOCK";
  }
  LW_CHECK(false, "outcome {}", static_cast<int>(outcome));
}

std::string_view RouteName(Route route) {
  switch (route) {
    case Route::kAllowed:
      return "allowed";
    case Route::kQuarantined:
      return "quarantined";
    case Route::kBlocked:
      return "blocked";
    case Route::kDeadLetter:
      return "dead-letter";
  }
  LW_CHECK(false, "route {}", static_cast<int>(route));
}

std::string_view ModeName(Mode mode) {
  switch (mode) {
    case Mode::kEnforce:
      return "ENFORCE";
    case Mode::kShadow:
      return "SHADOW";
    case Mode::kCanary:
      return "CANARY";
    case Mode::kOverride:
      return "OVERRIDE";
  }
  LW_CHECK(false, "mode {}", static_cast<int>(mode));
}

std::string_view GroundName(Ground ground) {
  switch (ground) {
    case Ground::kPurpose:
      return "PURPOSE";
    case Ground::kLegal:
      return "LEGAL";
    case Ground::kTerms:
      return "TERMS";
    case Ground::kSafety:
      return "SAFETY";
  }
  LW_CHECK(false, "ground {}", static_cast<int>(ground));
}

void AppendRun(const RunFields& fields, std::string* out) {
  AppendNestedField(out, 1, [&fields](std::string* value) {
    for (uint64_t offset : fields.control) base::AppendUv(value, offset);
  });
  AppendUvField(out, 2, fields.registry_seq);
  AppendNestedField(out, 3, [&fields](std::string* value) {
    for (uint64_t age : fields.control_age_ms) base::AppendUv(value, age);
  });
  AppendBytesField(out, 4, fields.seat);
  AppendBytesField(out, 5, fields.software);
  AppendBytesField(out, 6, View(fields.source_digest));
}

void AppendVerdict(const VerdictFields& fields, std::string* out) {
  AppendU8Field(out, 10, static_cast<uint8_t>(fields.outcome));
  AppendU8Field(out, 11, static_cast<uint8_t>(fields.route));
  AppendU8Field(out, 12, static_cast<uint8_t>(fields.mode));
  AppendTextField(out, 13, fields.binding);
  if (!fields.reasons.empty()) {
    AppendNestedField(out, 14, [&fields](std::string* value) {
      base::AppendUv(value, fields.reasons.size());
      for (const ReasonField& reason : fields.reasons) {
        base::AppendUv(value, reason.code);
        base::AppendU8(value, static_cast<uint8_t>(reason.outcome));
        base::AppendBytes(value, reason.rule);
      }
    });
  }
  AppendStrList(out, 15, fields.rules);
  AppendStrList(out, 16, fields.rule_errors);
  AppendTextField(out, 17, fields.obligations);
  if (fields.shadow.has_value()) {
    AppendNestedField(out, 18, [&fields](std::string* value) {
      base::AppendU8(value, static_cast<uint8_t>(fields.shadow->outcome));
      base::AppendUv(value, fields.shadow->code);
    });
  }
  if (fields.original.has_value()) {
    AppendU8Field(out, 19, static_cast<uint8_t>(*fields.original));
  }
  if (fields.overflow != std::array<uint64_t, 3>{}) {
    AppendNestedField(out, 20, [&fields](std::string* value) {
      for (uint64_t count : fields.overflow) base::AppendUv(value, count);
    });
  }
  if (fields.canary != 0) AppendUvField(out, 21, fields.canary);
  if (fields.ground != Ground::kPurpose) {
    AppendU8Field(out, 22, static_cast<uint8_t>(fields.ground));
  }
  if (fields.grant.has_value()) {
    AppendNestedField(out, 23, [&fields](std::string* value) {
      base::AppendBytes(value, fields.grant->id);
      base::AppendUv(value, fields.grant->uses_left);
    });
  }
  if (fields.malformed != 0) AppendU8Field(out, 24, fields.malformed);
}

void AppendModel(const ModelFields& fields, std::string* out) {
  AppendTextField(out, 30, fields.recommender);
  AppendTextField(out, 31, fields.model);
  AppendTextField(out, 32, fields.version);
  if (fields.weights.has_value()) AppendBytesField(out, 33, View(*fields.weights));
  if (fields.closure.has_value()) AppendBytesField(out, 34, View(*fields.closure));
}

void AppendPlace(const PlaceFields& fields, std::string* out) {
  AppendTextField(out, 40, fields.tenant);
  AppendBytesField(out, 41, fields.surface);
  AppendBytesField(out, 42, fields.schema);
  AppendStrList(out, 43, fields.sources);
  if (fields.user_option != 0) AppendU8Field(out, 44, fields.user_option);
  AppendTextField(out, 46, fields.selection_topic);
}

void AppendPurpose(const PurposeFields& fields, std::string* out) {
  AppendBytesField(out, 50, fields.purpose);
  if (fields.consent.has_value()) AppendU8Field(out, 51, *fields.consent);
  if (fields.basis != 0) AppendU8Field(out, 52, fields.basis);
}

void AppendWhere(const WhereFields& fields, std::string* out) {
  AppendTextField(out, 60, fields.jurisdiction);
  AppendTextField(out, 61, fields.processing_region);
}

void AppendMarks(const MarksFields& fields, std::string* out) {
  if (fields.flags != 0) AppendUvField(out, 70, fields.flags);
  if (!fields.breaker.has_value()) return;
  AppendNestedField(out, 72, [&fields](std::string* value) {
    base::AppendBytes(value, fields.breaker->key);
    base::AppendU8(value, fields.breaker->state);
    base::AppendUv(value, fields.breaker->epoch);
    base::AppendU8(value, fields.breaker->marks);
    value->append(View(fields.breaker->evidence));
  });
}

absl::StatusOr<RunFields> DecodeRun(std::string_view fragment) {
  RunFields fields;
  LW_RETURN_IF_ERROR(ReadFragment(1, fragment, {1, 2, 3, 4, 5, 6},
                                  [&fields](uint64_t number, ValueReader* reader) {
                                    switch (number) {
                                      case 1:
                                        for (uint64_t& offset : fields.control)
                                          offset = reader->Uv();
                                        return true;
                                      case 2:
                                        fields.registry_seq = reader->Uv();
                                        return true;
                                      case 3:
                                        for (uint64_t& age : fields.control_age_ms)
                                          age = reader->Uv();
                                        return true;
                                      case 4:
                                        fields.seat = ReadText(reader);
                                        return true;
                                      case 5:
                                        fields.software = ReadText(reader);
                                        return true;
                                      case 6:
                                        fields.source_digest = reader->Raw<16>();
                                        return true;
                                    }
                                    return false;
                                  }));
  return fields;
}

absl::StatusOr<VerdictFields> DecodeVerdict(std::string_view fragment) {
  VerdictFields fields;
  const auto read = [&fields](uint64_t number, ValueReader* reader) {
    switch (number) {
      case 10:
        fields.outcome = ReadOutcome(reader);
        return true;
      case 11:
        fields.route = static_cast<Route>(reader->U8In(1, 4));
        return true;
      case 12:
        fields.mode = static_cast<Mode>(reader->U8In(1, 4));
        return true;
      case 13:
        fields.binding = ReadText(reader);
        return true;
      case 14:
        fields.reasons.resize(reader->Count());
        for (ReasonField& reason : fields.reasons) {
          reason.code = static_cast<uint16_t>(reader->UvUpTo(std::numeric_limits<uint16_t>::max()));
          reason.outcome = ReadOutcome(reader);
          reason.rule = reader->Str();
        }
        return true;
      case 15:
        fields.rules = ReadStrList(reader);
        return true;
      case 16:
        fields.rule_errors = ReadStrList(reader);
        return true;
      case 17:
        fields.obligations = ReadText(reader);
        return true;
      case 18:
        fields.shadow.emplace(decltype(fields.shadow)::value_type{});
        fields.shadow->outcome = ReadOutcome(reader);
        fields.shadow->code =
            static_cast<uint16_t>(reader->UvUpTo(std::numeric_limits<uint16_t>::max()));
        return true;
      case 19:
        fields.original = ReadOutcome(reader);
        return true;
      case 20:
        for (uint64_t& count : fields.overflow) count = reader->Uv();
        if (fields.overflow == std::array<uint64_t, 3>{}) reader->Fail();
        return true;
      case 21:
        fields.canary = ReadNonZero(reader);
        return true;
      case 22:
        fields.ground = static_cast<Ground>(reader->U8In(2, 4));
        return true;
      case 23:
        fields.grant.emplace(decltype(fields.grant)::value_type{});
        fields.grant->id = reader->Str();
        fields.grant->uses_left = reader->Uv();
        return true;
      case 24:
        fields.malformed = reader->U8In(1, 255);
        return true;
    }
    return false;
  };
  LW_RETURN_IF_ERROR(ReadFragment(2, fragment, {10, 11, 12}, read));
  return fields;
}

absl::StatusOr<ModelFields> DecodeModel(std::string_view fragment) {
  ModelFields fields;
  LW_RETURN_IF_ERROR(ReadFragment(3, fragment, {}, [&fields](uint64_t number, ValueReader* reader) {
    switch (number) {
      case 30:
        fields.recommender = ReadText(reader);
        return true;
      case 31:
        fields.model = ReadText(reader);
        return true;
      case 32:
        fields.version = ReadText(reader);
        return true;
      case 33:
        fields.weights = reader->Raw<32>();
        return true;
      case 34:
        fields.closure = reader->Raw<16>();
        return true;
    }
    return false;
  }));
  return fields;
}

absl::StatusOr<PlaceFields> DecodePlace(std::string_view fragment) {
  PlaceFields fields;
  LW_RETURN_IF_ERROR(
      ReadFragment(4, fragment, {41, 42}, [&fields](uint64_t number, ValueReader* reader) {
        switch (number) {
          case 40:
            fields.tenant = ReadText(reader);
            return true;
          case 41:
            fields.surface = ReadText(reader);
            return true;
          case 42:
            fields.schema = ReadText(reader);
            return true;
          case 43:
            fields.sources = ReadStrList(reader);
            return true;
          case 44:
            fields.user_option = reader->U8In(1, 255);
            return true;
          case 46:
            fields.selection_topic = ReadText(reader);
            return true;
        }
        return false;
      }));
  return fields;
}

absl::StatusOr<PurposeFields> DecodePurpose(std::string_view fragment) {
  PurposeFields fields;
  LW_RETURN_IF_ERROR(
      ReadFragment(5, fragment, {50}, [&fields](uint64_t number, ValueReader* reader) {
        switch (number) {
          case 50:
            fields.purpose = ReadText(reader);
            return true;
          case 51:
            fields.consent = reader->U8();
            return true;
          case 52:
            fields.basis = reader->U8In(1, 255);
            return true;
        }
        return false;
      }));
  return fields;
}

absl::StatusOr<WhereFields> DecodeWhere(std::string_view fragment) {
  WhereFields fields;
  LW_RETURN_IF_ERROR(ReadFragment(6, fragment, {}, [&fields](uint64_t number, ValueReader* reader) {
    switch (number) {
      case 60:
        fields.jurisdiction = ReadText(reader);
        return true;
      case 61:
        fields.processing_region = ReadText(reader);
        return true;
    }
    return false;
  }));
  return fields;
}

absl::StatusOr<MarksFields> DecodeMarks(std::string_view fragment) {
  MarksFields fields;
  LW_RETURN_IF_ERROR(ReadFragment(7, fragment, {}, [&fields](uint64_t number, ValueReader* reader) {
    switch (number) {
      case 70:
        fields.flags = ReadNonZero(reader);
        return true;
      case 72:
        fields.breaker.emplace(decltype(fields.breaker)::value_type{});
        fields.breaker->key = reader->Str();
        fields.breaker->state = reader->U8();
        fields.breaker->epoch = reader->Uv();
        fields.breaker->marks = reader->U8();
        fields.breaker->evidence = reader->Raw<8>();
        return true;
    }
    return false;
  }));
  return fields;
}

FragmentTable::FragmentTable() { Clear(); }

FragmentId FragmentTable::Intern(std::string_view bytes) {
  if (bytes.empty()) return kEmptyFragment;
  // A second fragment with the same hash takes the next free number.
  for (uint64_t hash = base::Xxh3(bytes);; ++hash) {
    const auto [it, is_new] = by_hash_.try_emplace(hash, static_cast<FragmentId>(size()));
    if (is_new) {
      fragments_.emplace_back(bytes);
      bytes_total_ += bytes.size();
      return it->second;
    }
    if (fragments_[it->second] == bytes) return it->second;
  }
}

void FragmentTable::Clear() {
  fragments_.clear();
  fragments_.emplace_back();
  by_hash_.clear();
  bytes_total_ = 0;
}

absl::StatusOr<DecodedRow> DecodedRow::Decode(std::string row) {
  DecodedRow decoded;
  decoded.bytes_ = std::make_shared<const std::string>(std::move(row));
  const std::string_view bytes = *decoded.bytes_;
  if (bytes.size() > kRowBytesMax) {
    return Undecodable("row: {} bytes, limit {}", bytes.size(), kRowBytesMax);
  }
  if (bytes.empty()) return Undecodable("row: no bytes");
  if (static_cast<uint8_t>(bytes[0]) != kRowFormat) {
    return base::InvalidArgument(kRowFormatUnknown, "row: format {}, known is {}",
                                 static_cast<uint8_t>(bytes[0]), kRowFormat);
  }
  const std::string_view body = bytes.substr(1);
  FieldReader fields(body);
  std::array<std::string_view, 8> fragments;  // by column
  bool has_offset = false;
  uint32_t envelope_parts = 0;
  EnvelopeRef envelope;
  size_t before = 0;
  while (const auto field = fields.Next()) {
    const std::string_view whole = body.substr(before, fields.position() - before);
    before = fields.position();
    const uint64_t number = field->number;
    if (number < 80) {
      size_t column = 1;
      while (number >= kColumnEnd[column]) ++column;
      std::string_view& fragment = fragments[column];
      fragment = fragment.empty()
                     ? whole
                     : std::string_view(fragment.data(), fragment.size() + whole.size());
      continue;
    }
    ValueReader reader(field->value);
    bool is_known = true;
    switch (number) {
      case 80:
        decoded.offset = reader.Uv();
        has_offset = true;
        break;
      case 81:
        decoded.event_time_us = reader.Sv();
        break;
      case 82:
        decoded.position = ReadNonZero(&reader);
        break;
      case 83:
        decoded.trace_id = reader.Raw<16>();
        break;
      case 84:
        decoded.event_id = ReadText(&reader);
        break;
      case 85:
        decoded.item_id = ReadText(&reader);
        break;
      case 86:
        decoded.replay_of = ReadText(&reader);
        break;
      case 87:
        envelope.key = reader.Uv();
        ++envelope_parts;
        break;
      case 88:
        envelope.index = reader.Uv();
        ++envelope_parts;
        break;
      case 89:
        envelope.digest = reader.Raw<32>();
        ++envelope_parts;
        break;
      default:
        is_known = false;
        if ((number >= kFieldPropensity && number <= kFieldSponsorId) ||
            (number >= kFieldEventFacts && number <= std::numeric_limits<uint32_t>::max())) {
          const auto value = ReadFactValue(field->value);
          if (!value.has_value()) return Undecodable("row: field {} breaks its type", number);
          decoded.facts.push_back({.field = static_cast<uint32_t>(number), .value = *value});
        }
        break;
    }
    if (is_known && !reader.Done()) return Undecodable("row: field {} breaks its type", number);
  }
  if (!fields.ok()) return Undecodable("row: no fields in ascending order");
  if (!has_offset) return Undecodable("row: no field 80");
  if (envelope_parts != 0 && envelope_parts != 3) {
    return Undecodable("row: {} of the fields 87 to 89", envelope_parts);
  }
  if (envelope_parts == 3) decoded.envelope = envelope;

  LW_ASSIGN_OR_RETURN(decoded.run, DecodeRun(fragments[1]));
  LW_ASSIGN_OR_RETURN(decoded.verdict, DecodeVerdict(fragments[2]));
  LW_ASSIGN_OR_RETURN(decoded.model, DecodeModel(fragments[3]));
  if (!decoded.is_malformed()) {
    LW_ASSIGN_OR_RETURN(decoded.place, DecodePlace(fragments[4]));
    LW_ASSIGN_OR_RETURN(decoded.purpose, DecodePurpose(fragments[5]));
  }
  LW_ASSIGN_OR_RETURN(decoded.where, DecodeWhere(fragments[6]));
  LW_ASSIGN_OR_RETURN(decoded.marks, DecodeMarks(fragments[7]));
  return decoded;
}

}  // namespace lineward::decision
