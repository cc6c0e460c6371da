#include "lineward/policy/import_dpv.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "lineward/base/status.h"
#include "lineward/policy/reasons.h"

namespace lineward::policy {
namespace {

constexpr std::string_view kRoot = "dpv:Purpose";
constexpr std::string_view kNamespace = "https://w3id.org/dpv#";

struct CsvRow {
  uint32_t line = 0;
  std::vector<std::string> fields = {};
};

// RFC 4180: quoted fields may hold commas, line breaks and doubled quotes.
class CsvReader {
 public:
  explicit CsvReader(std::string_view text) : text_(text) {}

  // The next row; nullopt at the end.
  absl::StatusOr<std::optional<CsvRow>> Next() {
    if (at_ == text_.size()) return std::nullopt;
    CsvRow row{.line = line_};
    while (true) {
      LW_ASSIGN_OR_RETURN(std::string field, Field());
      row.fields.push_back(std::move(field));
      if (at_ < text_.size() && text_[at_] == ',') {
        ++at_;
        continue;
      }
      if (at_ < text_.size() && text_[at_] == '\r') ++at_;
      if (at_ < text_.size() && text_[at_] == '\n') {
        ++at_;
        ++line_;
      }
      return row;
    }
  }

 private:
  absl::StatusOr<std::string> Field() {
    if (at_ < text_.size() && text_[at_] == '"') return Quoted();
    const size_t begin = at_;
    at_ = std::min(text_.find_first_of(",\r\n", at_), text_.size());
    return std::string(text_.substr(begin, at_ - begin));
  }

  absl::StatusOr<std::string> Quoted() {
    const uint32_t begun = line_;
    std::string field;
    for (++at_; at_ < text_.size(); ++at_) {
      if (text_[at_] == '\n') ++line_;
      if (text_[at_] != '"') {
        field.push_back(text_[at_]);
      } else if (at_ + 1 < text_.size() && text_[at_ + 1] == '"') {
        field.push_back(text_[at_++]);
      } else {
        ++at_;
        return field;
      }
    }
    return base::InvalidArgument(kPolicySetInvalid, "line {}: a quoted field is not closed", begun);
  }

  const std::string_view text_;
  size_t at_ = 0;
  uint32_t line_ = 1;
};

// `https://w3id.org/dpv#A;https://w3id.org/dpv#B`.
std::vector<std::string> Parents(std::string_view text) {
  std::vector<std::string> parents;
  while (!text.empty()) {
    const size_t end = std::min(text.find(';'), text.size());
    std::string_view iri = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (iri.starts_with(kNamespace)) iri.remove_prefix(kNamespace.size());
    if (!iri.empty()) parents.push_back(fmt::format("dpv:{}", iri));
  }
  return parents;
}

struct Columns {
  size_t term, type, broader;
};

absl::StatusOr<Columns> ReadHead(const CsvRow& head) {
  const auto column = [&head](std::string_view name) -> absl::StatusOr<size_t> {
    const auto found = std::find(head.fields.begin(), head.fields.end(), name);
    if (found != head.fields.end()) return static_cast<size_t>(found - head.fields.begin());
    return base::InvalidArgument(kPolicySetInvalid, "line 1: no column `{}`", name);
  };
  Columns columns{};
  LW_ASSIGN_OR_RETURN(columns.term, column("term"));
  LW_ASSIGN_OR_RETURN(columns.type, column("type"));
  LW_ASSIGN_OR_RETURN(columns.broader, column("hasbroader"));
  return columns;
}

absl::StatusOr<std::vector<PurposeTerm>> ReadTerms(std::string_view csv) {
  CsvReader reader(csv);
  LW_ASSIGN_OR_RETURN(const std::optional<CsvRow> head, reader.Next());
  if (!head.has_value())
    return base::InvalidArgument(kPolicySetInvalid, "line 1: the file is empty");
  LW_ASSIGN_OR_RETURN(const Columns columns, ReadHead(*head));
  std::vector<PurposeTerm> terms;
  std::set<std::string> ids;
  while (true) {
    LW_ASSIGN_OR_RETURN(const std::optional<CsvRow> row, reader.Next());
    if (!row.has_value()) return terms;
    if (row->fields.size() != head->fields.size()) {
      return base::InvalidArgument(kPolicySetInvalid, "line {}: {} fields, the head has {}",
                                   row->line, row->fields.size(), head->fields.size());
    }
    if (row->fields[columns.type] != "class") continue;
    PurposeTerm term;
    term.id = fmt::format("dpv:{}", row->fields[columns.term]);
    term.origin.place = {.line = row->line, .column = 1};
    for (std::string& parent : Parents(row->fields[columns.broader])) {
      term.under.push_back({.id = std::move(parent)});
    }
    if (!ids.insert(term.id).second) {
      return base::InvalidArgument(kPolicySetInvalid, "line {}: `{}` twice", row->line, term.id);
    }
    terms.push_back(std::move(term));
  }
}

// Drops parents that the file has not, and hangs what has none under the root.
void Mend(std::string_view file, std::vector<PurposeTerm>* terms, Findings* findings) {
  std::set<std::string> ids;
  for (const PurposeTerm& term : *terms) ids.insert(term.id);
  for (PurposeTerm& term : *terms) {
    std::string dropped;
    std::erase_if(term.under, [&](const PurposeParent& parent) {
      if (ids.contains(parent.id)) return false;
      dropped += fmt::format("{}`{}`", dropped.empty() ? "" : ", ", parent.id);
      return true;
    });
    const bool is_rootless = term.under.empty() && term.id != kRoot;
    if (is_rootless) term.under.push_back({.id = std::string(kRoot)});
    if (dropped.empty() && !is_rootless) continue;
    findings->Warn(
        104, file, term.origin.place,
        fmt::format("`{}` {}{}", term.id,
                    dropped.empty() ? "is a second root"
                                    : fmt::format("names {}, not in the file: dropped", dropped),
                    is_rootless ? fmt::format("; it stands under `{}`", kRoot) : ""));
  }
}

}  // namespace

absl::StatusOr<TaxonomySource> ImportDpv(std::string_view csv, std::string_view file,
                                         Findings* findings) {
  auto terms = ReadTerms(csv);
  if (!terms.ok()) return base::AnnotateWith(terms.status(), file);
  const bool has_root = std::any_of(terms->begin(), terms->end(),
                                    [](const PurposeTerm& term) { return term.id == kRoot; });
  if (!has_root) {
    return base::InvalidArgument(kPolicySetInvalid, "{}: no class `Purpose` among {}", file,
                                 terms->size());
  }
  Mend(file, &*terms, findings);
  TaxonomySource taxonomy;
  taxonomy.purposes = *std::move(terms);
  return taxonomy;
}

std::string TaxonomyText(const TaxonomySource& taxonomy) {
  std::string text = fmt::format(
      "apiVersion: lineward/v1\nkind: Taxonomy\nversion: {}\npurposes:\n", taxonomy.version);
  for (const PurposeTerm& term : taxonomy.purposes) {
    std::string under;
    for (const PurposeParent& parent : term.under) {
      under += under.empty() ? "" : ", ";
      under += parent.since == 1
                   ? fmt::format("\"{}\"", parent.id)
                   : fmt::format("{{id: \"{}\", since: {}}}", parent.id, parent.since);
    }
    std::string was;
    for (const std::string& old : term.was) {
      was += fmt::format("{}\"{}\"", was.empty() ? "" : ", ", old);
    }
    text += fmt::format("- {{id: \"{}\"", term.id);
    if (!under.empty()) text += fmt::format(", under: [{}]", under);
    if (!was.empty()) text += fmt::format(", was: [{}]", was);
    if (term.retired.has_value()) text += fmt::format(", retired: {}", *term.retired);
    text += "}\n";
  }
  return text;
}

}  // namespace lineward::policy
