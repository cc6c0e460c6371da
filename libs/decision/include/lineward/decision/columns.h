#pragma once

// The columns of a block, decoded (docs/formats/block-v1.md): what filters, counts and pages read
// without building rows. All views point into the BlockView that gave them. Read-only; any thread.

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/crypto/sha256.h"
#include "lineward/decision/row.h"

namespace lineward::decision {

// Column ids 1 to 7.
enum class FragmentColumn : uint8_t {
  kRun = 1,
  kVerdict = 2,
  kModel = 3,
  kPlace = 4,
  kPurpose = 5,
  kWhere = 6,
  kMarks = 7,
};

// Texts by row with their distinct values: a test runs once per value, then by index. Rows without
// a value have an empty one.
class ValueColumn {
 public:
  size_t distinct() const { return values_.size(); }
  std::string_view value(size_t distinct_index) const { return values_[distinct_index]; }
  // Index of the value of `row`.
  size_t index(size_t row) const { return index_.empty() ? 0 : index_[row]; }
  std::string_view at(size_t row) const { return values_.empty() ? "" : values_[index(row)]; }
  // True if no row has a value.
  bool is_absent() const { return values_.empty(); }

 private:
  friend class ColumnReader;
  std::vector<std::string_view> values_;
  std::vector<uint16_t> index_;  // empty: all rows have value 0
};

// Public fact `field` by row: each value is the field as it stands in the row (number, length,
// type, bytes), empty where the row has none.
struct FactColumn {
  uint32_t field = 0;
  ValueColumn values;
};

// The fact in a value of a FactColumn; nullopt if it is empty.
std::optional<FactValue> DecodeFact(std::string_view value);

// Section *scan*: what filters, counts and backtests of public facts read.
struct ScanColumns {
  std::array<ValueColumn, 7> fragments;  // by FragmentColumn, less 1
  std::vector<uint64_t> offsets;
  std::vector<std::optional<int64_t>> event_time_us;
  std::vector<uint64_t> positions;  // 0: none
  std::vector<FactColumn> facts;    // ascending by field

  const ValueColumn& operator[](FragmentColumn column) const {
    return fragments[static_cast<size_t>(column) - 1];
  }
};

struct Envelope {
  uint64_t key = 0;
  uint64_t first_row = 0;  // offset of its first row
  uint32_t rows = 0;
  std::string_view bytes;
  crypto::Digest digest{};
};

// Section *ident*: what names rows, and the envelopes.
struct IdentColumns {
  static constexpr uint16_t kNoEnvelope = 0xFFFF;
  std::vector<std::string_view> trace_ids;  // 16 raw bytes, or empty
  std::vector<std::string_view> event_ids;  // text, or empty
  std::vector<std::string_view> item_ids;
  std::vector<std::string_view> replay_of;
  std::vector<Envelope> envelopes;    // by first row
  std::vector<uint16_t> envelope_of;  // by row: index into `envelopes`, or kNoEnvelope
  std::vector<uint16_t> index_in_envelope;
};

}  // namespace lineward::decision
