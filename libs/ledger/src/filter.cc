#include "ledger/src/filter.h"

#include <absl/time/time.h>

#include <algorithm>
#include <array>
#include <utility>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/document/nearest.h"
#include "lineward/ledger/reasons.h"
#include "lineward/policy/reasons.h"

namespace lineward::ledger {
namespace {

using decision::FragmentColumn;

enum class FieldKind : uint8_t { kText, kList, kTime, kEnum };

struct FieldRow {
  std::string_view name;
  Field field;
  FieldKind kind;
};

constexpr std::array<FieldRow, 18> kFields = {{
    {"decided_at", Field::kDecidedAt, FieldKind::kTime},
    {"event_time", Field::kEventTime, FieldKind::kTime},
    {"outcome", Field::kOutcome, FieldKind::kEnum},
    {"reason", Field::kReason, FieldKind::kEnum},
    {"rule", Field::kRule, FieldKind::kList},
    {"purpose", Field::kPurpose, FieldKind::kText},
    {"model", Field::kModel, FieldKind::kText},
    {"model_version", Field::kModelVersion, FieldKind::kText},
    {"dataset", Field::kDataset, FieldKind::kList},
    {"policy_set", Field::kPolicySet, FieldKind::kText},
    {"topic", Field::kTopic, FieldKind::kText},
    {"surface", Field::kSurface, FieldKind::kText},
    {"jurisdiction", Field::kJurisdiction, FieldKind::kText},
    {"mode", Field::kMode, FieldKind::kEnum},
    {"trace_id", Field::kTraceId, FieldKind::kText},
    {"event_id", Field::kEventId, FieldKind::kText},
    {"item_id", Field::kItemId, FieldKind::kText},
    {"subject", Field::kSubject, FieldKind::kText},
}};

FieldKind KindOf(Field field) { return kFields[static_cast<size_t>(field)].kind; }

std::vector<std::string_view> FieldNames() {
  std::vector<std::string_view> names;
  for (const FieldRow& row : kFields) names.push_back(row.name);
  return names;
}

// The words that an enum field may be compared with.
std::vector<std::string_view> WordsOf(Field field) {
  std::vector<std::string_view> words;
  if (field == Field::kOutcome) words = {"ALLOW", "QUARANTINE", "BLOCK"};
  if (field == Field::kMode) words = {"ENFORCE", "SHADOW", "CANARY", "OVERRIDE"};
  if (field == Field::kReason) {
    for (const auto& row : policy::kReasons) words.push_back(row.name);
  }
  return words;
}

class Parser {
 public:
  Parser(std::string_view text, bool may_read_subject)
      : text_(text), may_read_subject_(may_read_subject) {}

  absl::StatusOr<FilterNode> Parse() {
    LW_ASSIGN_OR_RETURN(FilterNode node, ParseLevel(1));
    SkipSpace();
    if (at_ < text_.size()) return Refuse(at_, "unexpected `" + std::string(1, text_[at_]) + "`");
    return node;
  }

 private:
  absl::Status Refuse(size_t at, std::string_view what) const {
    return base::InvalidArgument(kFilterInvalid, "filter: column {}: {}", at + 1, what);
  }

  void SkipSpace() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }

  static bool IsWordByte(char c) {
    return c != ' ' && c != '\t' && c != '(' && c != ')' && c != '"' && c != '=' && c != '!' &&
           c != '<' && c != '>';
  }

  // The keyword `word`, standing alone.
  bool TakeKeyword(std::string_view word) {
    SkipSpace();
    if (!text_.substr(at_).starts_with(word)) return false;
    const size_t end = at_ + word.size();
    if (end < text_.size() && (IsWordByte(text_[end]) || text_[end] == '=')) return false;
    at_ = end;
    return true;
  }

  absl::StatusOr<FilterNode> ParseLevel(int depth) {
    if (depth > kFilterDepthMax) {
      return Refuse(at_, fmt::format("deeper than {} levels", kFilterDepthMax));
    }
    LW_ASSIGN_OR_RETURN(FilterNode first, ParseTerm(depth));
    std::optional<FilterNode::Kind> joined;
    std::vector<FilterNode> terms;
    terms.push_back(std::move(first));
    while (true) {
      SkipSpace();
      const size_t place = at_;
      std::optional<FilterNode::Kind> next;
      if (TakeKeyword("AND"))
        next = FilterNode::Kind::kAnd;
      else if (TakeKeyword("OR"))
        next = FilterNode::Kind::kOr;
      if (!next) break;
      if (joined && *joined != *next) {
        return Refuse(place, "`AND` and `OR` on one level need parentheses");
      }
      joined = next;
      LW_ASSIGN_OR_RETURN(FilterNode term, ParseTerm(depth));
      terms.push_back(std::move(term));
    }
    if (!joined) return std::move(terms[0]);
    FilterNode node;
    node.kind = *joined;
    node.children = std::move(terms);
    return node;
  }

  absl::StatusOr<FilterNode> ParseTerm(int depth) {
    if (TakeKeyword("NOT")) {
      // Each NOT is a level: a run of them must not exhaust the stack.
      if (depth + 1 > kFilterDepthMax) {
        return Refuse(at_, fmt::format("deeper than {} levels", kFilterDepthMax));
      }
      LW_ASSIGN_OR_RETURN(FilterNode inner, ParseTerm(depth + 1));
      FilterNode node;
      node.kind = FilterNode::Kind::kNot;
      node.children.push_back(std::move(inner));
      return node;
    }
    SkipSpace();
    if (at_ < text_.size() && text_[at_] == '(') {
      const size_t open = at_++;
      LW_ASSIGN_OR_RETURN(FilterNode node, ParseLevel(depth + 1));
      SkipSpace();
      if (at_ >= text_.size() || text_[at_] != ')') return Refuse(open, "`(` is not closed");
      ++at_;
      return node;
    }
    return ParseComparison();
  }

  absl::StatusOr<FilterNode> ParseComparison() {
    const size_t place = at_;
    if (++comparisons_ > kFilterComparisonsMax) {
      return Refuse(place, fmt::format("more than {} comparisons", kFilterComparisonsMax));
    }
    FilterNode node;
    LW_ASSIGN_OR_RETURN(node.field, ParseField());
    LW_ASSIGN_OR_RETURN(node.comparison, ParseOperator());
    SkipSpace();
    const size_t value_place = at_;
    LW_RETURN_IF_ERROR(ParseValue(&node));
    LW_RETURN_IF_ERROR(CheckTypes(node, value_place));
    return Finish(std::move(node), value_place);
  }

  absl::StatusOr<Field> ParseField() {
    const size_t place = at_;
    while (at_ < text_.size() && IsWordByte(text_[at_]) && text_[at_] != ':') ++at_;
    const std::string_view name = text_.substr(place, at_ - place);
    if (name.empty()) return Refuse(place, "a field is missing");
    for (const FieldRow& row : kFields) {
      if (row.name != name) continue;
      if (row.field == Field::kSubject && !may_read_subject_) {
        return base::PermissionDenied(kFilterInvalid,
                                      "filter: column {}: `subject` needs subject.read", place + 1);
      }
      return row.field;
    }
    return Refuse(place, fmt::format("unknown field `{}`{}", name,
                                     document::NearestHint(name, FieldNames())));
  }

  absl::StatusOr<Comparison> ParseOperator() {
    SkipSpace();
    constexpr std::array<std::pair<std::string_view, Comparison>, 7> kOperators = {{
        {"!=", Comparison::kNotEqual},
        {"<=", Comparison::kLessEqual},
        {">=", Comparison::kMoreEqual},
        {"=", Comparison::kEqual},
        {"<", Comparison::kLess},
        {">", Comparison::kMore},
        {":", Comparison::kHas},
    }};
    for (const auto& [sign, comparison] : kOperators) {
      if (!text_.substr(at_).starts_with(sign)) continue;
      at_ += sign.size();
      return comparison;
    }
    return Refuse(at_, "an operator is missing: one of = != < <= > >= :");
  }

  absl::Status ParseValue(FilterNode* node) {
    const size_t place = at_;
    const bool is_quoted = at_ < text_.size() && text_[at_] == '"';
    if (is_quoted) {
      LW_RETURN_IF_ERROR(ParseQuoted(&node->text));
    } else {
      while (at_ < text_.size() && IsWordByte(text_[at_])) node->text.push_back(text_[at_++]);
      if (node->text.empty()) return Refuse(place, "a value is missing");
    }
    if (!is_quoted && node->text == "*" && node->comparison == Comparison::kHas) {
      node->is_presence = true;
      node->text.clear();
    } else if (node->text.ends_with('*') && node->comparison != Comparison::kHas) {
      node->is_prefix = true;
      node->text.pop_back();
    }
    return absl::OkStatus();
  }

  absl::Status ParseQuoted(std::string* value) {
    const size_t open = at_++;
    while (at_ < text_.size() && text_[at_] != '"') {
      if (text_[at_] == '\\' && at_ + 1 < text_.size()) ++at_;
      value->push_back(text_[at_++]);
    }
    if (at_ >= text_.size()) return Refuse(open, "`\"` is not closed");
    ++at_;
    return absl::OkStatus();
  }

  absl::Status CheckTypes(const FilterNode& node, size_t place) const {
    const std::string_view name = kFields[static_cast<size_t>(node.field)].name;
    const FieldKind kind = KindOf(node.field);
    const bool is_order =
        node.comparison == Comparison::kLess || node.comparison == Comparison::kLessEqual ||
        node.comparison == Comparison::kMore || node.comparison == Comparison::kMoreEqual;
    if (is_order && kind != FieldKind::kTime) {
      return Refuse(place, fmt::format("`{}` has no order", name));
    }
    if (kind == FieldKind::kTime && node.is_prefix) {
      return Refuse(place, fmt::format("`{}` is a time, it has no prefix", name));
    }
    if (kind == FieldKind::kTime && node.comparison == Comparison::kHas && !node.is_presence) {
      return Refuse(place, fmt::format("`{}` is a time: `:` takes only `*`", name));
    }
    if (node.field == Field::kSubject &&
        (node.comparison != Comparison::kEqual || node.is_prefix)) {
      return Refuse(place, "`subject` is compared by `=` with a whole value only");
    }
    return absl::OkStatus();
  }

  absl::StatusOr<FilterNode> Finish(FilterNode node, size_t place) const {
    if (node.is_presence) return node;
    if (KindOf(node.field) == FieldKind::kTime) {
      absl::Time time;
      std::string error;
      if (!absl::ParseTime(absl::RFC3339_full, node.text, &time, &error)) {
        return Refuse(place, fmt::format("`{}` is no time as `2026-03-01T12:00:00Z`", node.text));
      }
      node.time_us = absl::ToUnixMicros(time);
      return node;
    }
    const auto words = WordsOf(node.field);
    const bool is_whole = !node.is_prefix;
    if (!words.empty() && is_whole &&
        std::find(words.begin(), words.end(), node.text) == words.end()) {
      return Refuse(place, fmt::format("unknown value `{}`{}", node.text,
                                       document::NearestHint(node.text, words)));
    }
    return node;
  }

  std::string_view text_;
  bool may_read_subject_;
  size_t at_ = 0;
  int comparisons_ = 0;
};

bool MatchesText(const FilterNode& node, std::string_view value) {
  if (node.is_presence) return !value.empty();
  if (node.comparison == Comparison::kHas) return value.find(node.text) != std::string_view::npos;
  const bool is_equal = node.is_prefix ? value.starts_with(node.text) : value == node.text;
  return is_equal == (node.comparison == Comparison::kEqual);
}

// `=`: some member is equal; `!=`: none is; `:`: some member is equal, or there is any.
bool MatchesList(const FilterNode& node, const std::vector<std::string_view>& values) {
  if (node.is_presence) return !values.empty();
  const bool is_any = std::any_of(values.begin(), values.end(), [&](std::string_view value) {
    return node.is_prefix ? value.starts_with(node.text) : value == node.text;
  });
  return is_any == (node.comparison != Comparison::kNotEqual);
}

bool MatchesTime(const FilterNode& node, std::optional<int64_t> time_us) {
  if (node.is_presence) return time_us.has_value();
  if (!time_us) return node.comparison == Comparison::kNotEqual;
  switch (node.comparison) {
    case Comparison::kEqual:
      return *time_us == node.time_us;
    case Comparison::kNotEqual:
      return *time_us != node.time_us;
    case Comparison::kLess:
      return *time_us < node.time_us;
    case Comparison::kLessEqual:
      return *time_us <= node.time_us;
    case Comparison::kMore:
      return *time_us > node.time_us;
    case Comparison::kMoreEqual:
      return *time_us >= node.time_us;
    case Comparison::kHas:
      return true;
  }
  return false;
}

std::string_view ReasonText(uint16_t code) {
  return policy::ReasonName(static_cast<policy::Reason>(code));
}

// `=` and `!=` speak of the primary reason, so lists agree with counts; `:` of any.
bool MatchesReason(const FilterNode& node, const decision::VerdictFields& verdict) {
  if (node.comparison == Comparison::kHas && !node.is_presence) {
    return std::any_of(verdict.reasons.begin(), verdict.reasons.end(),
                       [&](const auto& reason) { return ReasonText(reason.code) == node.text; });
  }
  return MatchesText(node, verdict.reasons.empty() ? "" : ReasonText(verdict.reasons[0].code));
}

}  // namespace

absl::StatusOr<std::optional<FilterNode>> ParseFilter(std::string_view text,
                                                      bool may_read_subject) {
  if (text.find_first_not_of(" \t") == std::string_view::npos) return std::optional<FilterNode>();
  if (text.size() > kFilterBytesMax) {
    return base::InvalidArgument(kFilterInvalid, "filter: {} bytes, limit {}", text.size(),
                                 kFilterBytesMax);
  }
  if (!base::IsUtf8(text)) return base::InvalidArgument(kFilterInvalid, "filter: not UTF-8");
  LW_ASSIGN_OR_RETURN(FilterNode node, Parser(text, may_read_subject).Parse());
  return std::optional<FilterNode>(std::move(node));
}

bool NeedsIdent(const FilterNode& node) {
  if (node.kind == FilterNode::Kind::kCompare) {
    return node.field == Field::kTraceId || node.field == Field::kEventId ||
           node.field == Field::kItemId || node.field == Field::kSubject;
  }
  return std::any_of(node.children.begin(), node.children.end(), NeedsIdent);
}

bool MatchesDecidedAt(const FilterNode& node, int64_t decision_time_ms) {
  return MatchesTime(node, decision_time_ms * 1'000);
}

absl::StatusOr<BlockRows> BlockRows::Of(const decision::BlockView& view) {
  BlockRows rows;
  rows.view_ = &view;
  rows.policy_set_ = view.header().PolicySetId();
  LW_ASSIGN_OR_RETURN(rows.fragments_, BlockFragments::Of(view));
  for (const auto& model : rows.fragments_.models) {
    rows.model_versions_.push_back(ModelVersionText(model));
  }
  return rows;
}

const decision::VerdictFields& BlockRows::verdict(uint32_t row) const {
  return fragments_.verdicts[view_->scan()[FragmentColumn::kVerdict].index(row)];
}
const decision::ModelFields& BlockRows::model(uint32_t row) const {
  return fragments_.models[view_->scan()[FragmentColumn::kModel].index(row)];
}
const decision::PlaceFields& BlockRows::place(uint32_t row) const {
  return fragments_.places[view_->scan()[FragmentColumn::kPlace].index(row)];
}
const decision::PurposeFields& BlockRows::purpose(uint32_t row) const {
  return fragments_.purposes[view_->scan()[FragmentColumn::kPurpose].index(row)];
}
const decision::WhereFields& BlockRows::where(uint32_t row) const {
  return fragments_.wheres[view_->scan()[FragmentColumn::kWhere].index(row)];
}

bool BlockRows::Matches(const FilterNode& node, uint32_t row) const {
  switch (node.kind) {
    case FilterNode::Kind::kAnd:
      return std::all_of(node.children.begin(), node.children.end(),
                         [&](const FilterNode& child) { return Matches(child, row); });
    case FilterNode::Kind::kOr:
      return std::any_of(node.children.begin(), node.children.end(),
                         [&](const FilterNode& child) { return Matches(child, row); });
    case FilterNode::Kind::kNot:
      return !Matches(node.children[0], row);
    case FilterNode::Kind::kCompare:
      return Compare(node, row);
  }
  return false;
}

bool BlockRows::Compare(const FilterNode& node, uint32_t row) const {
  const auto& header = view_->header();
  switch (node.field) {
    case Field::kDecidedAt:
      return MatchesDecidedAt(node, header.decision_time_ms);
    case Field::kEventTime:
      return MatchesTime(node, view_->scan().event_time_us[row]);
    case Field::kOutcome:
      return MatchesText(node, decision::OutcomeName(verdict(row).outcome));
    case Field::kReason:
      return MatchesReason(node, verdict(row));
    case Field::kRule:
      return MatchesList(node, verdict(row).rules);
    case Field::kPurpose:
      return MatchesText(node, purpose(row).purpose);
    case Field::kModel:
      return MatchesText(node, model(row).model);
    case Field::kModelVersion:
      return MatchesText(node, model_versions_[view_->scan()[FragmentColumn::kModel].index(row)]);
    case Field::kDataset:
      return MatchesList(node, place(row).sources);
    case Field::kPolicySet:
      return MatchesText(node, policy_set_);
    case Field::kTopic:
      return MatchesText(node, header.source.topic);
    case Field::kSurface:
      return MatchesText(node, place(row).surface);
    case Field::kJurisdiction:
      return MatchesText(node, where(row).jurisdiction);
    case Field::kMode:
      return MatchesText(node, decision::ModeName(verdict(row).mode));
    case Field::kTraceId:
      return MatchesText(node, base::ToHex(view_->ident().trace_ids[row]));
    case Field::kEventId:
      return MatchesText(node, view_->ident().event_ids[row]);
    case Field::kItemId:
      return MatchesText(node, view_->ident().item_ids[row]);
    case Field::kSubject: {
      const auto& ident = view_->ident();
      const uint16_t envelope = ident.envelope_of[row];
      if (envelope == decision::IdentColumns::kNoEnvelope) return false;
      const std::string key = PersonKeyValue(header.source, ident.envelopes[envelope].key);
      return std::binary_search(node.person_keys.begin(), node.person_keys.end(), key);
    }
  }
  return false;
}

}  // namespace lineward::ledger
