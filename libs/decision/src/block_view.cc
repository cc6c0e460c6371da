#include <algorithm>
#include <deque>

#include "decision/src/column_reader.h"
#include "decision/src/fields.h"
#include "lineward/base/check.h"
#include "lineward/base/compress.h"
#include "lineward/base/hash.h"
#include "lineward/crypto/merkle.h"
#include "lineward/decision/block.h"

namespace lineward::decision {
namespace {

constexpr std::string_view kMagic = "LWB1";
constexpr uint8_t kScanSection = 1;
constexpr uint8_t kIdentSection = 2;
constexpr uint8_t kSkippableSections = 64;
constexpr uint16_t kMalformedReason = 200;

struct Section {
  uint8_t kind = 0;
  BlockView::StoredSection content;
};

absl::StatusOr<Section> ReadSection(base::ByteReader* message, const Limits& limits) {
  Section section;
  const auto kind = message->U8();
  const auto codec = message->U8();
  const auto raw_length = message->U32();
  const auto stored_length = message->U32();
  const auto checksum = message->U64();
  const auto stored =
      checksum.has_value() ? message->Raw(*stored_length) : std::optional<std::string_view>();
  if (!stored.has_value()) return Undecodable("block: a section is cut");
  if (*kind == 0) return Undecodable("block: section kind 0");
  section.kind = *kind;
  if (*kind >= kSkippableSections) return section;
  if (*kind > kIdentSection) {
    return base::InvalidArgument(kRowFormatUnknown, "block: section kind {} is unknown", *kind);
  }
  if (*codec > 1) return Undecodable("section {}: codec {}", *kind, *codec);
  if (*raw_length > limits.section_bytes_max) {
    return Undecodable("section {}: {} raw bytes, limit {}", *kind, *raw_length,
                       limits.section_bytes_max);
  }
  if (base::Xxh3(*stored) != *checksum) {
    return Undecodable("section {}: checksum does not match", *kind);
  }
  section.content = {.codec = *codec, .raw_length = *raw_length, .stored = *stored};
  return section;
}

absl::StatusOr<std::string> RawOf(const BlockView::StoredSection& section, const Limits& limits) {
  if (section.codec > 1) return Undecodable("section: codec {}", section.codec);
  if (section.raw_length > limits.section_bytes_max) {
    return Undecodable("section: {} raw bytes, limit {}", section.raw_length,
                       limits.section_bytes_max);
  }
  if (section.codec == 0) {
    if (section.stored.size() != section.raw_length) {
      return Undecodable("section: {} bytes, not {}", section.stored.size(), section.raw_length);
    }
    return std::string(section.stored);
  }
  auto raw = base::ZstdDecompress(section.stored, section.raw_length);
  if (!raw.ok()) return Undecodable("section: {}", base::MessageOf(raw.status()));
  return raw;
}

// Outcome, mode, first reason and route fit by the table of the format.
absl::Status CheckRoute(const VerdictFields& verdict) {
  if (verdict.malformed != 0) {
    const bool is_fine = verdict.outcome == Outcome::kQuarantine &&
                         verdict.mode == Mode::kEnforce && verdict.route == Route::kDeadLetter &&
                         !verdict.reasons.empty() && verdict.reasons[0].code == kMalformedReason;
    return is_fine ? absl::OkStatus() : Undecodable("column 2: a malformed row that is none");
  }
  const Route wanted =
      verdict.mode == Mode::kShadow ? Route::kAllowed : static_cast<Route>(verdict.outcome);
  if (verdict.route == wanted) return absl::OkStatus();
  return Undecodable("column 2: outcome {} in mode {} on route {}", OutcomeName(verdict.outcome),
                     ModeName(verdict.mode), RouteName(verdict.route));
}

template <typename Decode>
absl::Status CheckValues(const ValueColumn& column, Decode&& decode) {
  for (size_t i = 0; i < column.distinct(); ++i) {
    if (column.value(i).empty()) continue;
    LW_RETURN_IF_ERROR(decode(column.value(i)).status());
  }
  return absl::OkStatus();
}

}  // namespace

struct BlockView::Impl {
  BlockHeader header;
  std::string header_text;
  std::string raw_scan;
  std::string raw_ident;
  bool has_ident = false;
  uint8_t ident_codec = 0;
  std::string ident_stored;  // as received, if codec 1
  std::deque<std::string> owned;
  ScanColumns scan;
  IdentColumns ident;

  absl::Status Read(std::string_view header_bytes, std::string scan_bytes,
                    const StoredSection* ident_section, const Limits& limits);
  absl::Status CheckMarks() const;
};

absl::Status BlockView::Impl::Read(std::string_view header_bytes, std::string scan_bytes,
                                   const StoredSection* ident_section, const Limits& limits) {
  LW_ASSIGN_OR_RETURN(header, ParseHeader(header_bytes));
  header_text = std::string(header_bytes);
  raw_scan = std::move(scan_bytes);
  LW_RETURN_IF_ERROR(ReadScan(header, limits, raw_scan, &owned, &scan));
  if (ident_section == nullptr) return absl::OkStatus();
  LW_ASSIGN_OR_RETURN(raw_ident, RawOf(*ident_section, limits));
  has_ident = true;
  ident_codec = ident_section->codec;
  if (ident_codec != 0) ident_stored = std::string(ident_section->stored);
  return ReadIdent(header, limits, raw_ident, scan, &owned, &ident);
}

absl::Status BlockView::Impl::CheckMarks() const {
  const auto& column = [this](FragmentColumn id) -> const ValueColumn& { return scan[id]; };
  if (column(FragmentColumn::kRun).distinct() != 1) {
    return Undecodable("column 1: differs between rows");
  }
  LW_RETURN_IF_ERROR(CheckValues(column(FragmentColumn::kRun), DecodeRun));
  LW_RETURN_IF_ERROR(CheckValues(column(FragmentColumn::kModel), DecodeModel));
  LW_RETURN_IF_ERROR(CheckValues(column(FragmentColumn::kPlace), DecodePlace));
  LW_RETURN_IF_ERROR(CheckValues(column(FragmentColumn::kPurpose), DecodePurpose));
  LW_RETURN_IF_ERROR(CheckValues(column(FragmentColumn::kWhere), DecodeWhere));
  LW_RETURN_IF_ERROR(CheckValues(column(FragmentColumn::kMarks), DecodeMarks));

  const ValueColumn& verdicts = column(FragmentColumn::kVerdict);
  std::vector<Route> routes(verdicts.distinct());
  std::vector<bool> malformed(verdicts.distinct());
  for (size_t i = 0; i < verdicts.distinct(); ++i) {
    LW_ASSIGN_OR_RETURN(const VerdictFields verdict, DecodeVerdict(verdicts.value(i)));
    LW_RETURN_IF_ERROR(CheckRoute(verdict));
    routes[i] = verdict.route;
    malformed[i] = verdict.malformed != 0;
  }
  if (header.rows > 0 && verdicts.is_absent()) return Undecodable("no column 2");

  std::array<uint32_t, 4> routed{};
  for (size_t row = 0; row < header.rows; ++row) {
    const size_t verdict = verdicts.index(row);
    ++routed[static_cast<size_t>(routes[verdict]) - 1];
    if (!malformed[verdict] && (column(FragmentColumn::kPlace).at(row).empty() ||
                                column(FragmentColumn::kPurpose).at(row).empty())) {
      return Undecodable("row {}: no surface, schema or purpose", row);
    }
    const uint64_t offset = scan.offsets[row];
    if (offset < header.first || offset >= header.next ||
        (row > 0 && offset <= scan.offsets[row - 1])) {
      return Undecodable("row {}: offset {} out of order", row, offset);
    }
  }
  if (routed != header.routed) return Undecodable("header: routed is not what the rows say");
  return absl::OkStatus();
}

BlockView::BlockView(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

absl::StatusOr<BlockView> BlockView::Parse(std::string_view message, const Limits& limits) {
  if (message.size() > limits.message_bytes_max) {
    return Undecodable("block: {} bytes, limit {}", message.size(), limits.message_bytes_max);
  }
  base::ByteReader reader(message);
  if (reader.Raw(kMagic.size()) != kMagic) return Undecodable("block: no `{}`", kMagic);
  const auto header_length = reader.U16();
  const auto header_text = header_length.has_value() ? reader.Raw(*header_length) : std::nullopt;
  const auto count = header_text.has_value() ? reader.U8() : std::nullopt;
  if (!count.has_value()) return Undecodable("block: cut in its header");

  std::optional<StoredSection> scan;
  std::optional<StoredSection> ident;
  uint8_t last = 0;
  for (uint8_t i = 0; i < *count; ++i) {
    LW_ASSIGN_OR_RETURN(const Section section, ReadSection(&reader, limits));
    if (section.kind <= last) return Undecodable("block: section {} after {}", section.kind, last);
    last = section.kind;
    if (section.kind == kScanSection) scan = section.content;
    if (section.kind == kIdentSection) ident = section.content;
  }
  if (!reader.empty()) return Undecodable("block: {} bytes behind its end", reader.Left());
  if (!scan.has_value() || !ident.has_value()) return Undecodable("block: a section is missing");

  auto impl = std::make_shared<Impl>();
  LW_ASSIGN_OR_RETURN(std::string raw_scan, RawOf(*scan, limits));
  LW_RETURN_IF_ERROR(impl->Read(*header_text, std::move(raw_scan), &*ident, limits));
  return BlockView(std::move(impl));
}

absl::StatusOr<BlockView> BlockView::FromStored(std::string_view header_text,
                                                std::string_view raw_scan,
                                                const StoredSection* ident, const Limits& limits) {
  auto impl = std::make_shared<Impl>();
  LW_RETURN_IF_ERROR(impl->Read(header_text, std::string(raw_scan), ident, limits));
  return BlockView(std::move(impl));
}

absl::Status BlockView::Verify() const {
  LW_CHECK(impl_->has_ident, "rows need the ident section");
  LW_RETURN_IF_ERROR(impl_->CheckMarks());
  crypto::RightEdge tree;
  std::string row;
  for (uint32_t i = 0; i < rows(); ++i) {
    row.clear();
    AppendRow(i, &row);
    if (row.size() > kRowBytesMax) {
      return Undecodable("row {}: {} bytes, limit {}", i, row.size(), kRowBytesMax);
    }
    tree.Append(crypto::LeafHash(row));
  }
  const crypto::Digest root = tree.Root();
  if (root == header().root) return absl::OkStatus();
  return base::DataLoss(kAuditRootMismatch, "root does not match: header `{}`, computed `{}`",
                        base::ToHex(crypto::AsBytes(header().root)),
                        base::ToHex(crypto::AsBytes(root)));
}

const BlockHeader& BlockView::header() const { return impl_->header; }
std::string_view BlockView::header_text() const { return impl_->header_text; }
const ScanColumns& BlockView::scan() const { return impl_->scan; }
bool BlockView::has_ident() const { return impl_->has_ident; }

const IdentColumns& BlockView::ident() const {
  LW_CHECK(impl_->has_ident, "this view has no ident section");
  return impl_->ident;
}

std::string_view BlockView::raw_scan() const { return impl_->raw_scan; }

BlockView::StoredSection BlockView::stored_ident() const {
  LW_CHECK(impl_->has_ident, "this view has no ident section");
  return {.codec = impl_->ident_codec,
          .raw_length = static_cast<uint32_t>(impl_->raw_ident.size()),
          .stored = impl_->ident_codec == 0 ? std::string_view(impl_->raw_ident)
                                            : std::string_view(impl_->ident_stored)};
}

void BlockView::AppendRow(uint32_t i, std::string* out) const {
  LW_CHECK(i < rows() && impl_->has_ident, "row {} of {}", i, rows());
  const ScanColumns& scan = impl_->scan;
  const IdentColumns& ident = impl_->ident;
  base::AppendU8(out, kRowFormat);
  for (const ValueColumn& fragment : scan.fragments) out->append(fragment.at(i));
  AppendUvField(out, 80, scan.offsets[i]);
  if (scan.event_time_us[i].has_value()) AppendSvField(out, 81, *scan.event_time_us[i]);
  if (scan.positions[i] != 0) AppendUvField(out, 82, scan.positions[i]);
  AppendTextField(out, 83, ident.trace_ids[i]);
  AppendTextField(out, 84, ident.event_ids[i]);
  AppendTextField(out, 85, ident.item_ids[i]);
  AppendTextField(out, 86, ident.replay_of[i]);
  if (ident.envelope_of[i] != IdentColumns::kNoEnvelope) {
    const Envelope& envelope = ident.envelopes[ident.envelope_of[i]];
    AppendUvField(out, 87, envelope.key);
    AppendUvField(out, 88, ident.index_in_envelope[i]);
    AppendBytesField(out, 89, View(envelope.digest));
  }
  for (const FactColumn& fact : scan.facts) out->append(fact.values.at(i));
}

absl::StatusOr<DecodedRow> BlockView::Row(uint32_t i) const {
  std::string row;
  AppendRow(i, &row);
  return DecodedRow::Decode(std::move(row));
}

std::optional<uint32_t> BlockView::Find(uint64_t offset) const {
  const std::vector<uint64_t>& offsets = impl_->scan.offsets;
  const auto it = std::lower_bound(offsets.begin(), offsets.end(), offset);
  if (it == offsets.end() || *it != offset) return std::nullopt;
  return static_cast<uint32_t>(it - offsets.begin());
}

std::vector<crypto::Digest> BlockView::Leaves() const {
  std::vector<crypto::Digest> leaves(rows());
  std::string row;
  for (uint32_t i = 0; i < rows(); ++i) {
    row.clear();
    AppendRow(i, &row);
    leaves[i] = crypto::LeafHash(row);
  }
  return leaves;
}

absl::StatusOr<OpenedRow> BlockView::OpenRow(uint32_t i, const crypto::Digest& dek) const {
  LW_CHECK(i < rows(), "row {} of {}", i, rows());
  const uint16_t index = ident().envelope_of[i];
  if (index == IdentColumns::kNoEnvelope) {
    return base::NotFound("", "offset {} seals nothing", impl_->scan.offsets[i]);
  }
  const Envelope& envelope = ident().envelopes[index];
  const EnvelopePlace place{
      .source = &header().source, .first_row = envelope.first_row, .rows = envelope.rows};
  LW_ASSIGN_OR_RETURN(std::string text, OpenEnvelope(dek, place, envelope.bytes));
  return DecodeEnvelope(std::move(text), envelope.rows, ident().index_in_envelope[i]);
}

absl::StatusOr<OpenedRow> BlockView::OpenRowAsTenant(uint32_t i, std::string_view tenant_key,
                                                     uint32_t epoch) const {
  LW_CHECK(i < rows(), "row {} of {}", i, rows());
  const uint16_t index = ident().envelope_of[i];
  if (index == IdentColumns::kNoEnvelope) {
    return base::NotFound("", "offset {} seals nothing", impl_->scan.offsets[i]);
  }
  const std::string key = KeyRecordKey(epoch, header().source, ident().envelopes[index].key);
  return OpenRow(i, TenantDek(tenant_key, key));
}

}  // namespace lineward::decision
