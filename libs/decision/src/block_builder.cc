#include <algorithm>
#include <cstring>
#include <deque>

#include "decision/src/fields.h"
#include "lineward/base/check.h"
#include "lineward/base/compress.h"
#include "lineward/base/hash.h"
#include "lineward/crypto/merkle.h"
#include "lineward/decision/block.h"

namespace lineward::decision {
namespace {

constexpr size_t kFragmentColumns = 6;  // 2 to 7
constexpr uint8_t kConst = 1;
constexpr uint8_t kDict = 2;
constexpr uint8_t kSeq = 3;
constexpr uint8_t kDelta = 4;
constexpr uint8_t kPlanes = 5;
constexpr uint8_t kVar = 6;
constexpr uint8_t kEnvelopes = 7;
constexpr uint8_t kPresence = 0x80;
constexpr size_t kDictByteIndexesMax = 256;
constexpr size_t kFactDictMax = 256;
// Below this a frame's own header eats what is saved.
constexpr size_t kCompressBytesMin = 512;
constexpr uint32_t kNone = UINT32_MAX;

using RowFragments = std::array<FragmentId, kFragmentColumns>;

// A run of bytes in the arena.
struct Slice {
  uint32_t at = 0;
  uint32_t size = 0;
};

struct StoredField {
  uint32_t number = 0;
  Slice bytes;
};

// Fields `begin` up to `end` of a row, in one of the lists.
struct Range {
  uint32_t begin = 0;
  uint32_t end = 0;
};

struct StoredRow {
  uint64_t offset = 0;
  RowFragments fragments{};
  std::optional<int64_t> event_time_us;
  uint64_t position = 0;
  bool has_trace_id = false;
  Bytes16 trace_id{};
  Slice event_id;  // public ones; empty: none
  Slice item_id;
  Slice replay_of;
  Range facts;   // public: whole fields
  Range own;     // sealed, of this row alone: values of 1-6
  Range shared;  // sealed, perhaps equal in the envelope: values of 2-6 and 1000 + n
  uint32_t group = kNone;
  uint32_t index_in_group = 0;
  uint32_t next_in_group = kNone;
};

// The rows of one envelope.
struct Group {
  Slice subject;
  uint32_t first_row = 0;
  uint32_t last_row = 0;
  uint32_t rows = 0;
  uint64_t key = 0;
  Slice envelope{};  // in the envelope bytes
  crypto::Digest digest{};
};

// Different byte strings by first appearance; cleared without giving memory back.
class DistinctValues {
 public:
  DistinctValues() : slots_(kSlots) {}

  void Clear() {
    std::fill(slots_.begin(), slots_.end(), 0);
    values_.clear();
  }
  // Index of `value`, which must stay where it is.
  uint16_t Add(std::string_view value) {
    size_t slot = base::Xxh3(value) % kSlots;
    while (slots_[slot] != 0) {
      const uint16_t index = static_cast<uint16_t>(slots_[slot] - 1);
      if (values_[index] == value) return index;
      slot = (slot + 1) % kSlots;
    }
    values_.push_back(value);
    slots_[slot] = static_cast<uint16_t>(values_.size());
    return static_cast<uint16_t>(values_.size() - 1);
  }
  const std::vector<std::string_view>& values() const { return values_; }

 private:
  static constexpr size_t kSlots = 4 * kRowsMax;
  std::vector<uint16_t> slots_;  // index + 1; 0: free
  std::vector<std::string_view> values_;
};

// The columns of a raw section, in ascending order, behind their count.
class SectionWriter {
 public:
  void Clear() {
    count_ = 0;
    columns_.clear();
  }
  void Add(uint64_t id, uint8_t encoding, std::string_view body) {
    ++count_;
    base::AppendUv(&columns_, id);
    base::AppendU8(&columns_, encoding);
    base::AppendBytes(&columns_, body);
  }
  std::string Raw() const {
    std::string raw;
    raw.reserve(columns_.size() + 2);
    base::AppendUv(&raw, count_);
    raw.append(columns_);
    return raw;
  }

 private:
  uint64_t count_ = 0;
  std::string columns_;
};

// SHA-256 of leaf mark, format, run and fragments, by the fragments of a row: what stands before
// a row's own bytes is most of it and repeats. Cleared without giving memory back.
class PrefixHashes {
 public:
  PrefixHashes() : slots_(kSlots) {}

  void Clear() {
    std::fill(slots_.begin(), slots_.end(), 0);
    count_ = 0;
  }
  // The state behind the prefix; `feed(hasher)` makes it where it is not there yet.
  template <typename Feed>
  const crypto::Sha256& Find(const RowFragments& fragments, const Feed& feed) {
    size_t slot =
        base::Xxh3({reinterpret_cast<const char*>(fragments.data()), sizeof(fragments)}) % kSlots;
    for (; slots_[slot] != 0; slot = (slot + 1) % kSlots) {
      const Entry& entry = entries_[slots_[slot] - 1U];
      if (entry.fragments == fragments) return entry.state;
    }
    if (count_ == entries_.size()) entries_.emplace_back();
    Entry& entry = entries_[count_++];
    slots_[slot] = static_cast<uint16_t>(count_);
    entry.fragments = fragments;
    entry.state = empty_;
    feed(&entry.state);
    return entry.state;
  }

 private:
  static constexpr size_t kSlots = 4 * kRowsMax;
  struct Entry {
    RowFragments fragments{};
    crypto::Sha256 state;
  };
  std::vector<uint16_t> slots_;  // index + 1; 0: free
  std::deque<Entry> entries_;
  size_t count_ = 0;
  const crypto::Sha256 empty_;
};

void AppendSection(std::string* message, uint8_t kind, const std::string& raw, int level) {
  std::string frame;
  if (level > 0 && raw.size() >= kCompressBytesMin) frame = base::ZstdCompress(raw, level);
  const bool is_smaller = !frame.empty() && frame.size() < raw.size();
  const std::string& stored = is_smaller ? frame : raw;
  base::AppendU8(message, kind);
  base::AppendU8(message, is_smaller ? 1 : 0);
  base::AppendU32(message, static_cast<uint32_t>(raw.size()));
  base::AppendU32(message, static_cast<uint32_t>(stored.size()));
  base::AppendU64(message, base::Xxh3(stored));
  message->append(stored);
}

}  // namespace

struct BlockBuilder::Impl {
  explicit Impl(const FragmentTable* table) : fragments(table) {
    rows.reserve(kRowsMax);
    groups.reserve(kRowsMax);
  }

  // --- Append.
  std::string_view At(Slice slice) const {
    return std::string_view(arena).substr(slice.at, slice.size);
  }
  Slice Copy(std::string_view text) {
    const Slice slice{.at = static_cast<uint32_t>(arena.size()),
                      .size = static_cast<uint32_t>(text.size())};
    arena.append(text);
    return slice;
  }
  template <typename AppendValue>
  void StoreField(std::vector<StoredField>* list, uint32_t number, AppendValue&& append) {
    const size_t start = arena.size();
    append(&arena);
    list->push_back({.number = number,
                     .bytes = {.at = static_cast<uint32_t>(start),
                               .size = static_cast<uint32_t>(arena.size() - start)}});
  }
  void StoreOwn(const RowFacts& row);
  void StoreShared(const RowFacts& row);
  void StoreFacts(const RowFacts& row);
  size_t RowBytes(const StoredRow& row) const;
  size_t PlaintextBytes(const StoredRow& row, std::string_view subject) const;
  uint32_t FindGroup(std::string_view subject) const;
  void Join(std::string_view subject, StoredRow* row);

  // --- Seal.
  std::string_view Shared(const StoredRow& row, uint32_t number) const;
  void AppendPlaintext(const Group& group, std::string* out);
  void SealGroups(Sealer& sealer);
  crypto::Digest Root();
  // What follows the fragments in a row.
  void AppendOwnBytes(const StoredRow& row, std::string* out) const;
  std::string RawScan();
  std::string RawIdent();
  void WriteFragments(size_t column);
  void WriteOffsets();
  void WriteFact(uint32_t field);
  template <typename Has, typename Value>
  void WriteDelta(uint64_t id, Has&& has, Value&& value);
  template <typename Text>
  void WriteSeq(uint64_t id, uint8_t form, Text&& text);
  void WriteEventIds();
  void WriteEnvelopes();
  // Begins a body with the bitmap of rows that have a value; returns their number.
  template <typename Has>
  size_t BeginBody(Has&& has, uint8_t* presence);
  void AppendCodes(const std::vector<uint16_t>& indexes);

  const FragmentTable* fragments;
  bool is_open = false;
  BlockContext context;
  std::string run;  // column 1
  BlockHeader header;
  size_t content_bytes = 0;
  std::string arena;
  std::vector<StoredRow> rows;
  std::vector<StoredField> facts;
  std::vector<StoredField> own;
  std::vector<StoredField> shared;
  std::vector<Group> groups;
  std::vector<uint32_t> group_slots = std::vector<uint32_t>(4 * kRowsMax);  // group + 1

  // Buffers of Seal.
  std::string envelopes;
  std::string plaintext;  // and bytes turned into planes
  PrefixHashes prefixes;
  crypto::Sha256 leaf;
  std::string row_bytes;
  std::string nested;
  std::string body;
  SectionWriter section;
  DistinctValues distinct;
  std::vector<uint16_t> indexes;
  std::vector<uint32_t> fact_fields;
  std::vector<uint32_t> local_of_fragment;
};

void BlockBuilder::Impl::StoreFacts(const RowFacts& row) {
  uint32_t last = 0;
  for (const Fact& fact : row.facts) {
    LW_DCHECK(fact.field > last, "facts out of order");
    last = fact.field;
    StoreField(&facts, fact.field, [&fact](std::string* out) {
      AppendNestedField(out, fact.field,
                        [&fact](std::string* value) { AppendFactValue(fact.value, value); });
    });
  }
}

// Fields 1-6 of a row in the envelope.
void BlockBuilder::Impl::StoreOwn(const RowFacts& row) {
  if (context.personal_ids) {
    if (!row.event_id.empty()) {
      StoreField(&own, 1, [&row](std::string* out) { AppendId(row.event_id, out); });
    }
    if (!row.item_id.empty()) {
      StoreField(&own, 2, [&row](std::string* out) { AppendId(row.item_id, out); });
    }
  }
  if (row.score.has_value()) {
    StoreField(&own, 3, [&row](std::string* out) { base::AppendDouble(out, *row.score); });
  }
  if (!row.signals.empty()) {
    StoreField(&own, 4, [&row](std::string* out) {
      base::AppendUv(out, row.signals.size());
      for (const event::Signal& signal : row.signals) {
        base::AppendBytes(out, signal.name);
        base::AppendDouble(out, signal.weight);
        base::AppendBytes(out, signal.source);
      }
    });
  }
  if (row.payload_digest.has_value()) {
    StoreField(&own, 5, [&row](std::string* out) { out->append(View(*row.payload_digest)); });
  }
  if (row.message_key.has_value()) {
    StoreField(&own, 6, [&row](std::string* out) { out->append(*row.message_key); });
  }
}

// Fields 2-6 of the envelope (7-11 of its rows) and sealed event fields.
void BlockBuilder::Impl::StoreShared(const RowFacts& row) {
  if (row.subject_class != 0) {
    StoreField(&shared, 2, [&row](std::string* out) { base::AppendU8(out, row.subject_class); });
  }
  if (!row.fine_place.empty()) {
    StoreField(&shared, 3, [&row](std::string* out) { out->append(row.fine_place); });
  }
  if (!row.consent.empty()) {
    StoreField(&shared, 4, [&row](std::string* out) {
      base::AppendUv(out, row.consent.size());
      for (const PurposeConsent& consent : row.consent) {
        base::AppendBytes(out, consent.purpose);
        base::AppendU8(out, consent.bits);
      }
    });
  }
  if (!row.experiment_arm.empty()) {
    StoreField(&shared, 5, [&row](std::string* out) { out->append(row.experiment_arm); });
  }
  if (!row.consent_ref.empty() || !row.consented_purposes.empty()) {
    StoreField(&shared, 6, [&row](std::string* out) {
      AppendTextField(out, 1, row.consent_ref);
      if (row.consented_purposes.empty()) return;
      AppendNestedField(out, 2, [&row](std::string* value) {
        base::AppendUv(value, row.consented_purposes.size());
        for (std::string_view purpose : row.consented_purposes) base::AppendBytes(value, purpose);
      });
    });
  }
  for (const Fact& fact : row.sealed_facts) {
    StoreField(&shared, fact.field,
               [&fact](std::string* out) { AppendFactValue(fact.value, out); });
  }
}

// The key is not known before Seal; it is at most the offset.
size_t BlockBuilder::Impl::RowBytes(const StoredRow& row) const {
  size_t size = 1 + run.size() + FieldBytes(80, UvBytes(row.offset));
  for (FragmentId fragment : row.fragments) size += fragments->bytes(fragment).size();
  if (row.event_time_us.has_value()) size += FieldBytes(81, base::kUvBytesMax);
  if (row.position != 0) size += FieldBytes(82, UvBytes(row.position));
  if (row.has_trace_id) size += FieldBytes(83, row.trace_id.size());
  size += FieldBytes(84, row.event_id.size) + FieldBytes(85, row.item_id.size) +
          FieldBytes(86, row.replay_of.size);
  size += FieldBytes(87, UvBytes(row.offset)) + FieldBytes(88, 2) + FieldBytes(89, 32);
  for (uint32_t i = row.facts.begin; i < row.facts.end; ++i) size += facts[i].bytes.size;
  return size;
}

size_t BlockBuilder::Impl::PlaintextBytes(const StoredRow& row, std::string_view subject) const {
  size_t size = 1 + FieldBytes(1, subject.size() + 1) + FieldBytes(20, 8);
  for (uint32_t i = row.own.begin; i < row.own.end; ++i) {
    size += FieldBytes(own[i].number, own[i].bytes.size);
  }
  for (uint32_t i = row.shared.begin; i < row.shared.end; ++i) {
    size += FieldBytes(shared[i].number, shared[i].bytes.size);
  }
  return size;
}

uint32_t BlockBuilder::Impl::FindGroup(std::string_view subject) const {
  size_t slot = base::Xxh3(subject) % group_slots.size();
  for (; group_slots[slot] != 0; slot = (slot + 1) % group_slots.size()) {
    if (At(groups[group_slots[slot] - 1].subject) == subject) return group_slots[slot] - 1;
  }
  return kNone;
}

// Puts the row, which is about to be the last, into the envelope of `subject`.
void BlockBuilder::Impl::Join(std::string_view subject, StoredRow* row) {
  const auto row_index = static_cast<uint32_t>(rows.size());
  if (context.envelope == event::EnvelopeScope::kBlock) row->group = FindGroup(subject);
  if (row->group != kNone) {
    Group& group = groups[row->group];
    row->index_in_group = group.rows++;
    rows[group.last_row].next_in_group = row_index;
    group.last_row = row_index;
    return;
  }
  row->group = static_cast<uint32_t>(groups.size());
  groups.push_back(
      {.subject = Copy(subject), .first_row = row_index, .last_row = row_index, .rows = 1});
  if (context.envelope == event::EnvelopeScope::kBlock) {
    size_t slot = base::Xxh3(subject) % group_slots.size();
    while (group_slots[slot] != 0) slot = (slot + 1) % group_slots.size();
    group_slots[slot] = row->group + 1;
  }
}

// The value of a shared field of `row`; no data pointer if it has none.
std::string_view BlockBuilder::Impl::Shared(const StoredRow& row, uint32_t number) const {
  for (uint32_t i = row.shared.begin; i < row.shared.end; ++i) {
    if (shared[i].number == number) return At(shared[i].bytes);
  }
  return {};
}

void BlockBuilder::Impl::AppendPlaintext(const Group& group, std::string* out) {
  const StoredRow& first = rows[group.first_row];
  // What all rows have, and have equal. Their number is small: fields of one row.
  fact_fields.clear();
  for (uint32_t i = first.shared.begin; i < first.shared.end; ++i) {
    const std::string_view value = At(shared[i].bytes);
    bool is_common = true;
    for (uint32_t row = first.next_in_group; row != kNone && is_common;
         row = rows[row].next_in_group) {
      const std::string_view other = Shared(rows[row], shared[i].number);
      is_common = other.data() != nullptr && other == value;
    }
    if (is_common) fact_fields.push_back(shared[i].number);
  }
  const auto is_common = [this](uint32_t number) {
    return std::find(fact_fields.begin(), fact_fields.end(), number) != fact_fields.end();
  };

  base::AppendU8(out, 1);
  if (group.subject.size != 0) {
    AppendNestedField(out, 1, [&](std::string* value) { AppendId(At(group.subject), value); });
  }
  for (uint32_t number : fact_fields) {
    if (number < 20) AppendBytesField(out, number, Shared(first, number));
  }
  AppendNestedField(out, 20, [&](std::string* list) {
    base::AppendUv(list, group.rows);
    for (uint32_t index = group.first_row; index != kNone; index = rows[index].next_in_group) {
      const StoredRow& row = rows[index];
      nested.clear();
      for (uint32_t i = row.own.begin; i < row.own.end; ++i) {
        AppendBytesField(&nested, own[i].number, At(own[i].bytes));
      }
      for (uint32_t i = row.shared.begin; i < row.shared.end; ++i) {
        const uint32_t number = shared[i].number;
        if (is_common(number)) continue;
        AppendBytesField(&nested, number < 20 ? number + 5 : number, At(shared[i].bytes));
      }
      base::AppendBytes(list, nested);
    }
  });
  for (uint32_t number : fact_fields) {
    if (number >= 20) AppendBytesField(out, number, Shared(first, number));
  }
}

void BlockBuilder::Impl::SealGroups(Sealer& sealer) {
  envelopes.clear();
  for (Group& group : groups) {
    const uint64_t first_row = rows[group.first_row].offset;
    const Sealer::Key key = sealer.KeyFor(At(group.subject), first_row);
    LW_CHECK(key.first <= first_row, "key {} of row {}", key.first, first_row);
    group.key = key.first;
    plaintext.clear();
    AppendPlaintext(group, &plaintext);
    const size_t start = envelopes.size();
    SealEnvelope(key.alg, key.dek,
                 {.source = &context.source, .first_row = first_row, .rows = group.rows}, plaintext,
                 &envelopes);
    group.envelope = {.at = static_cast<uint32_t>(start),
                      .size = static_cast<uint32_t>(envelopes.size() - start)};
    group.digest = crypto::Sha256Of(std::string_view(envelopes).substr(start));
  }
}

void BlockBuilder::Impl::AppendOwnBytes(const StoredRow& row, std::string* out) const {
  AppendUvField(out, 80, row.offset);
  if (row.event_time_us.has_value()) AppendSvField(out, 81, *row.event_time_us);
  if (row.position != 0) AppendUvField(out, 82, row.position);
  if (row.has_trace_id) AppendBytesField(out, 83, View(row.trace_id));
  AppendTextField(out, 84, At(row.event_id));
  AppendTextField(out, 85, At(row.item_id));
  AppendTextField(out, 86, At(row.replay_of));
  if (row.group != kNone) {
    const Group& group = groups[row.group];
    AppendUvField(out, 87, group.key);
    AppendUvField(out, 88, row.index_in_group);
    AppendBytesField(out, 89, View(group.digest));
  }
  for (uint32_t i = row.facts.begin; i < row.facts.end; ++i) out->append(At(facts[i].bytes));
}

crypto::Digest BlockBuilder::Impl::Root() {
  crypto::RightEdge tree;
  prefixes.Clear();
  for (const StoredRow& row : rows) {
    leaf = prefixes.Find(row.fragments, [&](crypto::Sha256* hasher) {
      constexpr char kStart[] = {crypto::kLeafMark, kRowFormat};
      hasher->Update({kStart, sizeof(kStart)}).Update(run);
      for (FragmentId fragment : row.fragments) hasher->Update(fragments->bytes(fragment));
    });
    row_bytes.clear();
    AppendOwnBytes(row, &row_bytes);
    tree.Append(leaf.Update(row_bytes).Final());
  }
  return tree.Root();
}

template <typename Has>
size_t BlockBuilder::Impl::BeginBody(Has&& has, uint8_t* presence) {
  body.assign((rows.size() + 7) / 8, '\0');
  size_t m = 0;
  for (size_t row = 0; row < rows.size(); ++row) {
    if (!has(rows[row])) continue;
    body[row / 8] = static_cast<char>(body[row / 8] | (1 << (row % 8)));
    ++m;
  }
  if (m == rows.size()) body.clear();
  *presence = m == rows.size() ? 0 : kPresence;
  return m;
}

void BlockBuilder::Impl::AppendCodes(const std::vector<uint16_t>& values) {
  uint64_t seen = 0;
  for (uint16_t index : values) {
    if (index == seen) {
      base::AppendUv(&body, 0);
      ++seen;
    } else {
      base::AppendUv(&body, seen - index);
    }
  }
}

void BlockBuilder::Impl::WriteFragments(size_t column) {
  // Numbers by first appearance, by fragment id.
  if (local_of_fragment.size() < fragments->size()) {
    local_of_fragment.resize(fragments->size(), kNone);
  }
  std::vector<std::string_view> values;
  indexes.clear();
  for (const StoredRow& row : rows) {
    const FragmentId fragment = row.fragments[column];
    uint32_t& local = local_of_fragment[fragment];
    if (local == kNone) {
      local = static_cast<uint32_t>(values.size());
      values.push_back(fragments->bytes(fragment));
    }
    indexes.push_back(static_cast<uint16_t>(local));
  }
  for (const StoredRow& row : rows) local_of_fragment[row.fragments[column]] = kNone;
  const uint64_t id = column + 2;
  if (values.empty() || (values.size() == 1 && values[0].empty())) return;
  body.clear();
  if (values.size() == 1) {
    base::AppendBytes(&body, values[0]);
    section.Add(id, kConst, body);
    return;
  }
  base::AppendUv(&body, values.size());
  for (std::string_view value : values) base::AppendBytes(&body, value);
  if (values.size() > kDictByteIndexesMax) {
    for (uint16_t index : indexes) base::AppendU8(&body, static_cast<uint8_t>(index >> 8));
  }
  for (uint16_t index : indexes) base::AppendU8(&body, static_cast<uint8_t>(index));
  section.Add(id, kDict, body);
}

template <typename Has, typename Value>
void BlockBuilder::Impl::WriteDelta(uint64_t id, Has&& has, Value&& value) {
  uint8_t presence = 0;
  if (BeginBody(has, &presence) == 0) return;
  uint64_t last = 0;
  for (const StoredRow& row : rows) {
    if (!has(row)) continue;
    const uint64_t next = value(row);
    base::AppendSv(&body, static_cast<int64_t>(next - last));
    last = next;
  }
  section.Add(id, kDelta | presence, body);
}

void BlockBuilder::Impl::WriteOffsets() {
  uint64_t expected = header.first;
  for (const StoredRow& row : rows) {
    if (row.offset != expected++) {
      WriteDelta(
          80, [](const StoredRow&) { return true; },
          [](const StoredRow& each) { return each.offset; });
      return;
    }
  }
}

template <typename Text>
void BlockBuilder::Impl::WriteSeq(uint64_t id, uint8_t form, Text&& value_of) {
  uint8_t presence = 0;
  const auto has = [&value_of](const StoredRow& row) { return !value_of(row).empty(); };
  if (BeginBody(has, &presence) == 0) return;
  distinct.Clear();
  indexes.clear();
  for (const StoredRow& row : rows) {
    if (has(row)) indexes.push_back(distinct.Add(value_of(row)));
  }
  base::AppendU8(&body, form);
  base::AppendUv(&body, distinct.values().size());
  for (std::string_view value : distinct.values()) {
    if (form == 0) base::AppendUv(&body, value.size());
    body.append(value);
  }
  AppendCodes(indexes);
  section.Add(id, kSeq | presence, body);
}

void BlockBuilder::Impl::WriteEventIds() {
  uint8_t presence = 0;
  const size_t m =
      BeginBody([](const StoredRow& row) { return row.event_id.size != 0; }, &presence);
  if (m == 0) return;
  std::optional<uint8_t> form;
  for (const StoredRow& row : rows) {
    if (row.event_id.size == 0) continue;
    const uint8_t row_form = IdForm(At(row.event_id));
    if (form.has_value() && *form != row_form) {
      form = 0;
      break;
    }
    form = row_form;
  }
  if (*form >= 1 && *form <= 3) {
    plaintext.clear();
    for (const StoredRow& row : rows) {
      if (row.event_id.size != 0) AppendIdBytes(*form, At(row.event_id), &plaintext);
    }
    base::AppendU8(&body, *form);
    base::AppendU8(&body, 16);
    for (size_t plane = 0; plane < 16; ++plane) {
      for (size_t i = 0; i < m; ++i) body.push_back(plaintext[i * 16 + plane]);
    }
    section.Add(84, kPlanes | presence, body);
    return;
  }
  for (const StoredRow& row : rows) {
    if (row.event_id.size != 0) base::AppendUv(&body, row.event_id.size);
  }
  for (const StoredRow& row : rows) body.append(At(row.event_id));
  section.Add(84, kVar | presence, body);
}

void BlockBuilder::Impl::WriteEnvelopes() {
  uint8_t presence = 0;
  const auto has = [](const StoredRow& row) { return row.group != kNone; };
  if (BeginBody(has, &presence) == 0) return;
  base::AppendUv(&body, groups.size());
  for (const Group& group : groups) {
    base::AppendUv(&body, rows[group.first_row].offset - group.key);
  }
  for (const Group& group : groups) base::AppendUv(&body, group.envelope.size);
  body.append(envelopes);
  indexes.clear();
  for (const StoredRow& row : rows) {
    if (has(row)) indexes.push_back(static_cast<uint16_t>(row.group));
  }
  AppendCodes(indexes);
  section.Add(87, kEnvelopes | presence, body);
}

void BlockBuilder::Impl::WriteFact(uint32_t field) {
  const auto fragment_of = [this, field](const StoredRow& row) -> std::string_view {
    for (uint32_t i = row.facts.begin; i < row.facts.end; ++i) {
      if (facts[i].number == field) return At(facts[i].bytes);
    }
    return {};
  };
  distinct.Clear();
  indexes.clear();
  for (const StoredRow& row : rows) indexes.push_back(distinct.Add(fragment_of(row)));
  const std::vector<std::string_view>& values = distinct.values();
  body.clear();
  if (values.size() == 1) {
    base::AppendBytes(&body, values[0]);
    section.Add(field, kConst, body);
    return;
  }
  if (values.size() <= kFactDictMax) {
    base::AppendUv(&body, values.size());
    for (std::string_view value : values) base::AppendBytes(&body, value);
    for (uint16_t index : indexes) base::AppendU8(&body, static_cast<uint8_t>(index));
    section.Add(field, kDict, body);
    return;
  }
  // One type in all values that are there?
  const auto value_of = [](std::string_view fragment) {
    FieldReader fields(fragment);
    return fields.Next()->value;
  };
  std::optional<uint8_t> type;
  bool is_mixed = false;
  for (std::string_view value : values) {
    if (value.empty()) continue;
    const auto value_type = static_cast<uint8_t>(value_of(value)[0]);
    is_mixed = is_mixed || (type.has_value() && *type != value_type);
    type = value_type;
  }
  const auto has = [&fragment_of](const StoredRow& row) { return !fragment_of(row).empty(); };
  uint8_t presence = 0;
  const size_t m = BeginBody(has, &presence);
  const bool is_double = !is_mixed && *type == static_cast<uint8_t>(FactType::kDouble);
  const bool is_integer = !is_mixed && (*type == static_cast<uint8_t>(FactType::kInt) ||
                                        *type == static_cast<uint8_t>(FactType::kTimestamp));
  if (is_double) {
    plaintext.clear();
    for (const StoredRow& row : rows) {
      if (has(row)) plaintext.append(value_of(fragment_of(row)).substr(1));
    }
    base::AppendU8(&body, *type);
    base::AppendU8(&body, 8);
    for (size_t plane = 0; plane < 8; ++plane) {
      for (size_t i = 0; i < m; ++i) body.push_back(plaintext[i * 8 + plane]);
    }
    section.Add(field, kPlanes | presence, body);
    return;
  }
  if (is_integer) {
    base::AppendU8(&body, *type);
    uint64_t last = 0;
    for (const StoredRow& row : rows) {
      if (!has(row)) continue;
      const auto next = static_cast<uint64_t>(ReadFactValue(value_of(fragment_of(row)))->integer);
      base::AppendSv(&body, static_cast<int64_t>(next - last));
      last = next;
    }
    section.Add(field, kDelta | presence, body);
    return;
  }
  for (const StoredRow& row : rows) {
    if (has(row)) base::AppendUv(&body, fragment_of(row).size());
  }
  for (const StoredRow& row : rows) body.append(fragment_of(row));
  section.Add(field, kVar | presence, body);
}

std::string BlockBuilder::Impl::RawScan() {
  section.Clear();
  body.clear();
  base::AppendBytes(&body, run);
  section.Add(1, kConst, body);
  for (size_t column = 0; column < kFragmentColumns; ++column) WriteFragments(column);
  WriteOffsets();
  WriteDelta(
      81, [](const StoredRow& row) { return row.event_time_us.has_value(); },
      [](const StoredRow& row) { return static_cast<uint64_t>(*row.event_time_us); });
  WriteDelta(
      82, [](const StoredRow& row) { return row.position != 0; },
      [](const StoredRow& row) { return row.position; });
  fact_fields.clear();
  for (const StoredField& fact : facts) {
    if (std::find(fact_fields.begin(), fact_fields.end(), fact.number) == fact_fields.end()) {
      fact_fields.push_back(fact.number);
    }
  }
  std::sort(fact_fields.begin(), fact_fields.end());
  for (uint32_t field : fact_fields) WriteFact(field);
  return section.Raw();
}

std::string BlockBuilder::Impl::RawIdent() {
  section.Clear();
  WriteSeq(83, 16, [](const StoredRow& row) {
    return row.has_trace_id ? View(row.trace_id) : std::string_view();
  });
  WriteEventIds();
  WriteSeq(85, 0, [this](const StoredRow& row) { return At(row.item_id); });
  WriteSeq(86, 0, [this](const StoredRow& row) { return At(row.replay_of); });
  WriteEnvelopes();
  return section.Raw();
}

BlockBuilder::BlockBuilder(const FragmentTable* fragments)
    : impl_(std::make_unique<Impl>(fragments)) {}
BlockBuilder::~BlockBuilder() = default;
BlockBuilder::BlockBuilder(BlockBuilder&&) noexcept = default;
BlockBuilder& BlockBuilder::operator=(BlockBuilder&&) noexcept = default;

void BlockBuilder::Open(const BlockContext& context) {
  Impl& impl = *impl_;
  impl.is_open = true;
  impl.context = context;
  impl.run.clear();
  AppendRun(context.run, &impl.run);
  impl.context.run = {};
  impl.header = {.source = context.source,
                 .first = context.first,
                 .next = context.first,
                 .decision_time_ms = context.decision_time_ms,
                 .policy_set = context.policy_set,
                 .flags = context.flags};
  impl.content_bytes = 0;
  impl.arena.clear();
  impl.rows.clear();
  impl.facts.clear();
  impl.own.clear();
  impl.shared.clear();
  impl.groups.clear();
  std::fill(impl.group_slots.begin(), impl.group_slots.end(), 0);
}

bool BlockBuilder::is_open() const { return impl_->is_open; }
uint32_t BlockBuilder::rows() const { return static_cast<uint32_t>(impl_->rows.size()); }
uint64_t BlockBuilder::next() const { return impl_->header.next; }

absl::Status BlockBuilder::Append(const RowFacts& facts) {
  Impl& impl = *impl_;
  LW_CHECK(impl.is_open, "no open block");
  if (facts.offset != impl.header.next) {
    return base::OutOfRange("", "offset {} where {} must come next", facts.offset,
                            impl.header.next);
  }
  if (impl.rows.size() == kRowsMax) {
    return base::ResourceExhausted("", "the block has {} rows", kRowsMax);
  }
  const size_t arena_before = impl.arena.size();
  const auto count = [](const auto& list) { return static_cast<uint32_t>(list.size()); };
  StoredRow row;
  row.offset = facts.offset;
  row.fragments = {facts.verdict, facts.model, facts.place,
                   facts.purpose, facts.where, facts.marks};
  row.event_time_us = facts.event_time_us;
  row.position = facts.position;
  row.has_trace_id = facts.trace_id.has_value();
  if (row.has_trace_id) row.trace_id = *facts.trace_id;
  if (!impl.context.personal_ids) {
    row.event_id = impl.Copy(facts.event_id);
    row.item_id = impl.Copy(facts.item_id);
  }
  row.replay_of = impl.Copy(facts.replay_of);
  row.facts.begin = count(impl.facts);
  row.own.begin = count(impl.own);
  row.shared.begin = count(impl.shared);
  impl.StoreFacts(facts);
  impl.StoreOwn(facts);
  impl.StoreShared(facts);
  row.facts.end = count(impl.facts);
  row.own.end = count(impl.own);
  row.shared.end = count(impl.shared);

  const bool is_sealed =
      !facts.subject.empty() || row.own.begin != row.own.end || row.shared.begin != row.shared.end;
  const size_t row_bytes = impl.RowBytes(row);
  const size_t content = row_bytes + (is_sealed ? impl.PlaintextBytes(row, facts.subject) : 0);
  absl::Status status;
  if (row_bytes > kRowBytesMax || content > kBlockContentMax) {
    status = Undecodable("offset {}: a row of {} bytes, limit {}", facts.offset, row_bytes,
                         kRowBytesMax);
  } else if (impl.content_bytes + content > kBlockContentMax) {
    status = base::ResourceExhausted("", "the block has {} bytes", impl.content_bytes);
  }
  if (!status.ok()) {
    impl.arena.resize(arena_before);
    impl.facts.resize(row.facts.begin);
    impl.own.resize(row.own.begin);
    impl.shared.resize(row.shared.begin);
    return status;
  }
  if (is_sealed) impl.Join(facts.subject, &row);
  impl.rows.push_back(row);
  impl.content_bytes += content;
  impl.header.next = facts.offset + 1;
  ++impl.header.routed[static_cast<size_t>(facts.route) - 1];
  return absl::OkStatus();
}

void BlockBuilder::Skip(GapReason reason, uint64_t count) {
  LW_CHECK(impl_->is_open, "no open block");
  impl_->header.gaps[static_cast<size_t>(reason)] += count;
  impl_->header.next += count;
}

void BlockBuilder::Unskip(GapReason reason, uint64_t count) {
  LW_CHECK(impl_->is_open, "no open block");
  LW_CHECK(impl_->header.gaps[static_cast<size_t>(reason)] >= count, "no such gap");
  impl_->header.gaps[static_cast<size_t>(reason)] -= count;
  impl_->header.next -= count;
}

SealedBlock BlockBuilder::Seal(Sealer& sealer, const SealOptions& options) {
  Impl& impl = *impl_;
  LW_CHECK(impl.is_open, "no open block");
  impl.is_open = false;
  impl.header.rows = static_cast<uint32_t>(impl.rows.size());
  impl.SealGroups(sealer);
  impl.header.root = impl.Root();

  SealedBlock block;
  block.header = impl.header;
  block.root = impl.header.root;
  block.header_text = PrintHeader(impl.header);
  block.bytes = "LWB1";
  base::AppendU16(&block.bytes, static_cast<uint16_t>(block.header_text.size()));
  block.bytes.append(block.header_text);
  base::AppendU8(&block.bytes, 2);
  AppendSection(&block.bytes, 1, impl.RawScan(), options.zstd_level);
  AppendSection(&block.bytes, 2, impl.RawIdent(), options.zstd_level);
  LW_CHECK(block.bytes.size() <= kBlockBytesMax, "a block of {} bytes", block.bytes.size());
  return block;
}

}  // namespace lineward::decision
