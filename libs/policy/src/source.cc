#include "lineward/policy/source.h"

#include <fmt/format.h>

#include <algorithm>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/crypto/sha256.h"
#include "lineward/document/json.h"
#include "lineward/document/nearest.h"
#include "lineward/policy/reasons.h"
#include "policy/src/canonical.h"
#include "policy/src/reader.h"
#include "policy/src/set_reader.h"

namespace lineward::policy {
namespace {

using document::YamlNode;

constexpr std::string_view kApiVersion = "lineward/v1";
constexpr std::string_view kIdPrefix{"lineward-policy-set/v1\0", 23};
constexpr std::string_view kKinds[] = {"Taxonomy", "Vocabulary", "Compatibility",
                                       "Policy",   "Bindings",   "Tests"};
// Trees of names nest by their content; the limit of files holds for canonical bytes too.
constexpr size_t kCanonicalDepthMax = 64;

struct File {
  uint32_t index = 0;
  std::string kind;
  YamlNode root;
  std::string_view bytes;
};

absl::Status FirstError(const Findings& findings) {
  for (const Finding& finding : findings.Sorted()) {
    if (finding.level != Level::kError) continue;
    const size_t more = findings.error_count() - 1;
    return base::FailedPrecondition(kPolicySetInvalid, "{}{}", ToText(finding),
                                    more > 0 ? fmt::format(" (and {} more)", more) : "");
  }
  return base::FailedPrecondition(kPolicySetInvalid, "the set does not load");
}

// The kind of a file, or empty after findings.
std::string KindOf(const YamlNode& root, const std::string& file, Findings* findings) {
  Reader in(findings, file, 0, false);
  if (!root.is_map()) {
    in.Error(101, root.place,
             fmt::format("a file must be a map, found {}", document::KindName(root.kind)));
    return "";
  }
  const std::optional<std::string> version = in.Text(root, "apiVersion", true);
  if (version.has_value() && *version != kApiVersion) {
    in.Error(101, root.Find("apiVersion")->place,
             fmt::format("`apiVersion`: `{}` is not `{}`", *version, kApiVersion));
  }
  const std::optional<std::string> kind = in.Text(root, "kind", true);
  if (!kind.has_value()) return "";
  if (std::find(std::begin(kKinds), std::end(kKinds), *kind) != std::end(kKinds)) return *kind;
  in.Error(101, root.Find("kind")->place,
           fmt::format("`kind`: `{}` is unknown{}", *kind,
                       document::NearestHint(*kind, std::span<const std::string_view>(kKinds))));
  return "";
}

std::vector<File> ReadFiles(std::span<const SourceFile> files, Source* source, Findings* findings) {
  std::vector<File> read;
  size_t bytes = 0;
  for (const SourceFile& file : files) bytes += file.bytes.size();
  if (files.size() > kFilesMax) {
    findings->Error(110, "", {},
                    fmt::format("{} files, at most {} are taken", files.size(), kFilesMax));
    return read;
  }
  if (bytes > kSourceBytesMax) {
    findings->Error(
        110, "", {},
        fmt::format("{} bytes in all files, at most {} are taken", bytes, kSourceBytesMax));
    return read;
  }
  std::vector<const SourceFile*> sorted;
  for (const SourceFile& file : files) sorted.push_back(&file);
  std::sort(sorted.begin(), sorted.end(),
            [](const SourceFile* a, const SourceFile* b) { return a->name < b->name; });
  for (const SourceFile* file : sorted) {
    const auto index = static_cast<uint32_t>(source->files.size());
    source->files.push_back(file->name);
    document::YamlDocument document = document::ParseYaml(file->bytes, {kFileBytesMax, 32});
    for (document::YamlProblem& problem : document.problems) {
      findings->Error(problem.is_limit ? 110 : 101, file->name, problem.place,
                      std::move(problem.message));
    }
    if (!document.root.has_value()) continue;
    const std::string kind = KindOf(*document.root, file->name, findings);
    if (!kind.empty()) {
      read.push_back({index, kind, *std::move(document.root), file->bytes});
    }
  }
  return read;
}

// The one file of a kind of which a set has exactly one.
const File* OnlyOne(const std::vector<File>& files, std::string_view kind, const Source& source,
                    Findings* findings) {
  const File* only = nullptr;
  for (const File& file : files) {
    if (file.kind != kind) continue;
    if (only == nullptr) {
      only = &file;
      continue;
    }
    findings->Error(
        101, source.files[file.index], file.root.place,
        fmt::format("a second {}, the first is in {}", kind, source.files[only->index]));
  }
  if (only == nullptr) findings->Error(101, "", {}, fmt::format("no file of kind {}", kind));
  return only;
}

void ReadKind(SetReader* set, const File& file, const std::string& name, Findings* findings) {
  static constexpr std::string_view kEdgeKeys[] = {"apiVersion", "kind", "edges"};
  static constexpr std::string_view kBindingKeys[] = {"apiVersion", "kind", "bindings"};
  Reader in(findings, name, file.index, false);
  in.SetBytes(file.bytes);
  if (file.kind == "Policy") {
    set->ReadPolicy(&in, file.root);
  } else if (file.kind == "Compatibility" && in.Map(file.root, "a Compatibility", kEdgeKeys)) {
    for (const YamlNode& item : in.List(file.root, "edges", true)) set->ReadEdge(&in, item);
  } else if (file.kind == "Bindings" && in.Map(file.root, "a Bindings", kBindingKeys)) {
    for (const YamlNode& item : in.List(file.root, "bindings", true)) set->ReadBinding(&in, item);
  }
}

void FinishSource(Source* source) {
  source->canonical = Canonicalise(source);
  source->id = SetId(source->canonical);
  auto taxonomy = std::const_pointer_cast<Taxonomy>(source->taxonomy);
  taxonomy->SetUses(source->edges, source->vocabulary.inherit_undeclared);
}

// Canonical JSON as the tree that a file of the same content would give.
YamlNode NodeOf(const document::Json& json) {
  YamlNode node;
  if (json.is_text() || json.is_bool()) {
    node.kind = YamlNode::Kind::kText;
    node.text = json.is_text() ? json.AsText() : json.AsBool() ? "true" : "false";
  } else if (json.is_list()) {
    node.kind = YamlNode::Kind::kList;
    for (const document::Json& item : json.items()) node.items.push_back(NodeOf(item));
  } else if (json.is_object()) {
    node.kind = YamlNode::Kind::kMap;
    for (const auto& [key, value] : json.members()) {
      node.entries.push_back({key, {}, NodeOf(value)});
    }
  }
  return node;
}

}  // namespace

std::string SetId(std::string_view canonical) {
  const crypto::Digest digest = crypto::Sha256Of(std::string(kIdPrefix) + std::string(canonical));
  return "ps-" + base::ToHex(crypto::AsBytes(digest));
}

absl::StatusOr<Source> Parse(std::span<const SourceFile> files, Findings* findings) {
  const size_t errors = findings->error_count();
  Source source;
  std::vector<File> read = ReadFiles(files, &source, findings);
  const File* taxonomy = OnlyOne(read, "Taxonomy", source, findings);
  const File* vocabulary = OnlyOne(read, "Vocabulary", source, findings);
  SetReader set(&source);
  if (taxonomy != nullptr) {
    Reader in(findings, source.files[taxonomy->index], taxonomy->index, false);
    set.ReadTaxonomy(&in, taxonomy->root);
  }
  if (vocabulary != nullptr) {
    Reader in(findings, source.files[vocabulary->index], vocabulary->index, false);
    set.ReadVocabulary(&in, vocabulary->root);
  }
  for (const File& file : read) ReadKind(&set, file, source.files[file.index], findings);
  set.Finish(findings);
  for (File& file : read) {
    if (file.kind == "Tests") source.tests.push_back({file.index, std::move(file.root)});
  }
  if (findings->error_count() > errors) return FirstError(*findings);
  FinishSource(&source);
  return source;
}

absl::StatusOr<Source> ParseCanonical(std::string_view bytes, Findings* findings) {
  const size_t errors = findings->error_count();
  absl::StatusOr<document::Json> json = document::ParseJson(bytes, kCanonicalDepthMax);
  if (!json.ok()) {
    return base::DataLoss(kPolicySetInvalid, "canonical bytes of a policy set: {}",
                          base::MessageOf(json.status()));
  }
  Source source;
  source.files.push_back("canonical bytes");
  Reader in(findings, source.files[0], 0, true);
  SetReader set(&source);
  const YamlNode root = NodeOf(*json);
  const YamlNode* engine = root.Find("engine");
  if (engine == nullptr || engine->text != "1") {
    return base::DataLoss(kPolicySetInvalid, "canonical bytes of a policy set: engine `{}`, not 1",
                          engine == nullptr ? "" : engine->text);
  }
  const YamlNode* taxonomy = root.Find("taxonomy");
  const YamlNode* vocabulary = root.Find("vocabulary");
  if (taxonomy != nullptr) set.ReadTaxonomy(&in, *taxonomy);
  if (vocabulary != nullptr) set.ReadVocabulary(&in, *vocabulary);
  if (source.taxonomy != nullptr && vocabulary != nullptr) {
    for (const YamlNode& item : in.List(root, "edges")) set.ReadEdge(&in, item);
    for (const YamlNode& item : in.List(root, "policies")) set.ReadPolicy(&in, item);
    for (const YamlNode& item : in.List(root, "bindings")) set.ReadBinding(&in, item);
    set.Finish(findings);
  }
  if (source.taxonomy == nullptr || vocabulary == nullptr || findings->error_count() > errors) {
    return base::DataLoss(kPolicySetInvalid, "{}", base::MessageOf(FirstError(*findings)));
  }
  FinishSource(&source);
  if (source.canonical != bytes) {
    return base::DataLoss(kPolicySetInvalid,
                          "canonical bytes of a policy set: not in canonical form");
  }
  return source;
}

}  // namespace lineward::policy
