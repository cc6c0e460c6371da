#include "registry/src/policy_sets.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "lineward/base/status.h"
#include "lineward/policy/tests.h"
#include "lineward/registry/reasons.h"
#include "registry/src/field_reader.h"

namespace lineward::registry {
namespace {

using document::Json;

constexpr size_t kFileNameBytesMax = 512;

absl::StatusOr<std::vector<policy::SourceFile>> ReadFiles(const Json& body, std::string* base_id) {
  std::vector<Violation> violations;
  FieldReader reader(body, "", &violations);
  *base_id = reader.Text("base_id", 128).value_or("");
  reader.Text("request_id", 64);
  reader.Text("reason", 500);
  std::vector<policy::SourceFile> files;
  const Json* const list = reader.Require("files");
  if (list != nullptr &&
      (!list->is_list() || list->items().empty() || list->items().size() > policy::kFilesMax)) {
    reader.Report("files", fmt::format("is a list of 1 to {} files", policy::kFilesMax));
  } else if (list != nullptr) {
    for (size_t i = 0; i < list->items().size(); ++i) {
      FieldReader file(list->items()[i], fmt::format("files[{}].", i), &violations);
      const auto name = file.RequiredText("name", kFileNameBytesMax);
      const Json* const content = file.Require("content");
      if (content != nullptr && !content->is_text()) file.Report("content", "is a text");
      file.Finish();
      if (name.has_value() && content != nullptr && content->is_text()) {
        files.push_back({.name = *name, .bytes = content->AsText()});
      }
    }
  }
  reader.Finish();
  LW_RETURN_IF_ERROR(StatusOf(violations, kInvalidField));
  return files;
}

absl::Status Refusal(const policy::Findings& findings) {
  std::vector<Violation> violations;
  for (const policy::Finding& finding : findings.Sorted()) {
    if (finding.level != policy::Level::kError) continue;
    violations.push_back(
        {fmt::format("{}:{}:{}", finding.file, finding.place.line, finding.place.column),
         fmt::format("LP{}: {}", finding.code, finding.message)});
  }
  if (violations.empty()) violations.push_back({"files", "the set does not load"});
  return StatusOf(violations, kPolicySetInvalid);
}

}  // namespace

absl::StatusOr<ProposedSet> ReadProposal(const Json& body) {
  ProposedSet proposed;
  LW_ASSIGN_OR_RETURN(const auto files, ReadFiles(body, &proposed.base_id));
  policy::Findings findings;
  const auto source = policy::Parse(files, &findings);
  if (!source.ok()) return Refusal(findings);
  auto set = policy::Compile(*source, &findings);
  if (!set.ok()) return Refusal(findings);
  const auto report = policy::RunTests(*source, "", &findings);
  if (!report.ok() || findings.has_errors()) return Refusal(findings);
  std::vector<Violation> failures;
  for (const policy::TestResult& result : report->results) {
    if (result.passed) continue;
    failures.push_back(
        {fmt::format("{}:{}:{}", result.file, result.place.line, result.place.column),
         fmt::format("test `{}`: {}", result.name, fmt::join(result.failures, ", "))});
  }
  LW_RETURN_IF_ERROR(StatusOf(failures, kPolicySetInvalid));
  proposed.tests_passed = report->passed;
  for (const policy::Finding& finding : findings.Sorted()) {
    proposed.warnings.push_back(policy::ToText(finding));
  }
  proposed.set = std::make_shared<const policy::PolicySet>(*std::move(set));
  return proposed;
}

std::vector<std::pair<std::string, std::string>> RecordsOf(const ProposedSet& proposed,
                                                           control::PolicyHead head) {
  const std::vector<std::string> chunks = control::CutPolicySet(proposed.set->canonical());
  head.set_id = proposed.set->id();
  head.chunks = static_cast<uint32_t>(chunks.size());
  head.raw_bytes = proposed.set->canonical().size();
  std::vector<std::pair<std::string, std::string>> records;
  for (uint32_t i = 0; i < head.chunks; ++i) {
    records.emplace_back(control::ChunkKey(head.set_id, i), chunks[i]);
  }
  records.emplace_back(std::string(control::kHeadKey), control::EncodePolicyHead(head));
  return records;
}

PurposeLookup LookupOf(std::shared_ptr<const policy::PolicySet> set) {
  PurposeLookup lookup;
  lookup.find = [set](std::string_view text) -> std::optional<FoundPurpose> {
    const auto resolved = set->taxonomy().Resolve(text);
    if (!resolved.has_value()) return std::nullopt;
    FoundPurpose found{.id = std::string(set->taxonomy().id(resolved->bit)), .processing = {}};
    if (resolved->is_narrowed()) {
      constexpr std::array<std::string_view, 4> kWords = {"TRAIN", "PROFILE", "SERVE", "EVALUATE"};
      for (size_t k = 0; k < kWords.size(); ++k) {
        if ((resolved->processing >> k) & 1) found.processing.emplace_back(kWords[k]);
      }
    }
    return found;
  };
  lookup.nearest_hint = [set](std::string_view text) { return set->taxonomy().NearestHint(text); };
  return lookup;
}

}  // namespace lineward::registry
