#include "lineward/registry/items.h"

#include <absl/strings/cord.h>
#include <absl/time/time.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/control/names.h"
#include "lineward/registry/reasons.h"
#include "registry/src/field_reader.h"

namespace lineward::registry {
namespace {

using document::Json;

constexpr std::array<std::pair<std::string_view, FactKind>, 6> kKinds = {
    {{"DATASET", FactKind::kDataset},
     {"DATASET_VERSION", FactKind::kDatasetVersion},
     {"RUN", FactKind::kRun},
     {"MODEL", FactKind::kModel},
     {"MODEL_VERSION", FactKind::kModelVersion},
     {"EDGE", FactKind::kEdge}}};

constexpr std::string_view kTypes[] = {"TABLE",     "STREAM",       "FILE", "FEATURE_VIEW",
                                       "EMBEDDING", "MODEL_OUTPUT", "OTHER"};
constexpr std::string_view kProcessings[] = {"TRAIN", "PROFILE", "SERVE", "EVALUATE"};
constexpr std::string_view kBases[] = {"CONSENT", "CONTRACT", "LEGITIMATE_INTEREST",
                                       "LEGAL_OBLIGATION"};
constexpr std::string_view kRunStates[] = {"RUNNING", "COMPLETED", "FAILED", "ABORTED"};
constexpr std::string_view kRoles[] = {"FINE_TUNE", "TEACHER", "MERGE", "INIT", "COPY"};
constexpr std::string_view kEdges[] = {"READ",    "WRITE",   "TRAINED", "INPUT",    "PARENT",
                                       "DERIVED", "MADE_BY", "SERVES",  "EVALUATED"};
constexpr size_t kReferenceBytesMax = 16'384;  // an encoded namespace, name and digest
constexpr size_t kWordBytesMax = 256;
constexpr size_t kTextBytesMax = 4'096;
constexpr size_t kModelBytesMax = 128;
constexpr size_t kListMax = 256;

std::string TimeText(int64_t us) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixMicros(us), absl::UTCTimeZone());
}

Json ListOf(std::vector<std::string> texts) {
  std::sort(texts.begin(), texts.end());
  texts.erase(std::unique(texts.begin(), texts.end()), texts.end());
  Json list = Json::EmptyList();
  for (std::string& text : texts) list.Append(std::move(text));
  return list;
}

void SetText(Json* body, std::string_view name, const std::optional<std::string>& text) {
  if (text.has_value()) body->Set(name, *text);
}

void CopyTexts(FieldReader* reader, Json* body, std::string_view name) {
  if (auto texts = reader->Texts(name, kListMax, kWordBytesMax)) {
    body->Set(name, ListOf(std::move(*texts)));
  }
}

void CopyTags(FieldReader* reader, Json* body) {
  const Json* const tags = reader->Get("tags");
  if (tags == nullptr) return;
  if (!tags->is_object() || tags->members().size() > kTagsMax) {
    reader->Report("tags", fmt::format("is an object of at most {} texts", kTagsMax));
    return;
  }
  Json copy = Json::EmptyObject();
  for (const auto& [name, value] : tags->members()) {
    if (!value.is_text() || value.AsText().size() > kTextBytesMax) {
      reader->Report("tags." + name, fmt::format("is a text of at most {} bytes", kTextBytesMax));
      continue;
    }
    copy.Set(name, value);
  }
  body->Set("tags", std::move(copy));
}

void CopyDigest(FieldReader* reader, Json* body, std::string_view name) {
  const auto digest = reader->Text(name, kWordBytesMax);
  if (!digest.has_value()) return;
  if (!IsDigest(*digest)) {
    reader->Report(name, fmt::format("`{}` is not sha256: or sha512: and lower-case hex", *digest));
    return;
  }
  body->Set(name, *digest);
}

// Purposes of a list as canonical ids; `narrowed` takes those that an alias narrows, where it may.
std::vector<std::string> CanonicalPurposes(FieldReader* reader, std::string_view name,
                                           const PurposeLookup& purposes,
                                           std::vector<FoundPurpose>* narrowed) {
  std::vector<std::string> ids;
  const auto texts = reader->Texts(name, kListMax, kWordBytesMax);
  if (!texts.has_value()) return ids;
  for (size_t i = 0; i < texts->size(); ++i) {
    const std::string& text = (*texts)[i];
    const auto found = purposes.find(text);
    if (!found.has_value() || (!found->processing.empty() && narrowed == nullptr)) {
      reader->Report(fmt::format("{}[{}]", name, i),
                     fmt::format("unknown purpose `{}`{}", text, purposes.nearest_hint(text)));
    } else if (found->processing.empty()) {
      ids.push_back(found->id);
    } else {
      narrowed->push_back(*found);
    }
  }
  return ids;
}

std::optional<std::vector<std::string>> Processings(FieldReader* reader) {
  auto words = reader->Texts("processing", 4, kWordBytesMax);
  if (!words.has_value()) return std::nullopt;
  for (const std::string& word : *words) {
    if (std::find(std::begin(kProcessings), std::end(kProcessings), word) ==
        std::end(kProcessings)) {
      reader->Report("processing",
                     fmt::format("`{}` is none of {}", word, fmt::join(kProcessings, ", ")));
    }
  }
  return words;
}

// Reads `grants` or `prohibits`: an alias that narrows becomes an entry of its own.
void CopyEntries(FieldReader* reader, Json* body, std::string_view name, bool has_basis,
                 const PurposeLookup& purposes, std::vector<Violation>* violations) {
  const Json* const list = reader->Get(name);
  if (list == nullptr) return;
  if (!list->is_list() || list->items().size() > kListMax) {
    reader->Report(name, fmt::format("is a list of at most {} objects", kListMax));
    return;
  }
  std::vector<std::pair<std::string, Json>> entries;  // by canonical bytes, for one order
  for (size_t i = 0; i < list->items().size(); ++i) {
    FieldReader entry(list->items()[i], fmt::format("{}[{}].", reader->PathOf(name), i),
                      violations);
    std::vector<FoundPurpose> narrowed;
    entry.Require("purposes");
    const auto ids = CanonicalPurposes(&entry, "purposes", purposes, &narrowed);
    const auto processing = Processings(&entry);
    std::optional<std::string> basis;
    if (has_basis) {
      entry.Require("basis");
      basis = entry.OneOf("basis", kBases);
    }
    entry.Finish();
    const auto add = [&](std::vector<std::string> of, std::vector<std::string> words) {
      Json normal;
      normal.Set("purposes", ListOf(std::move(of)));
      if (!words.empty()) normal.Set("processing", ListOf(std::move(words)));
      SetText(&normal, "basis", basis);
      entries.emplace_back(document::Canonical(normal), std::move(normal));
    };
    if (!ids.empty()) add(ids, processing.value_or(std::vector<std::string>{}));
    for (const FoundPurpose& purpose : narrowed) {
      std::vector<std::string> words;
      for (const std::string& word : purpose.processing) {
        const bool is_allowed =
            !processing.has_value() || processing->empty() ||
            std::find(processing->begin(), processing->end(), word) != processing->end();
        if (is_allowed) words.push_back(word);
      }
      if (!words.empty()) add({purpose.id}, words);
    }
  }
  std::sort(entries.begin(), entries.end(),
            [](const auto& a, const auto& b) { return a.first < b.first; });
  Json normal = Json::EmptyList();
  for (auto& [bytes, entry] : entries) normal.Append(std::move(entry));
  body->Set(name, std::move(normal));
}

void CopyTime(FieldReader* reader, Json* body, std::string_view name) {
  if (const auto time = reader->Time(name)) body->Set(name, TimeText(*time));
}

void CopyDeclaration(FieldReader* reader, Json* body, const PurposeLookup& purposes,
                     std::vector<Violation>* violations) {
  const Json* const json = reader->Get("declaration");
  if (json == nullptr) return;
  FieldReader inner(*json, reader->PathOf("declaration."), violations);
  Json declaration = Json::EmptyObject();
  CopyEntries(&inner, &declaration, "grants", true, purposes, violations);
  CopyEntries(&inner, &declaration, "prohibits", false, purposes, violations);
  for (const std::string_view name : {"consent_classes", "categories", "labels", "regions"}) {
    CopyTexts(&inner, &declaration, name);
  }
  CopyTime(&inner, &declaration, "retain_until");
  inner.Finish();
  body->Set("declaration", std::move(declaration));
}

// `restrict`, `prohibits`, `retain_until` of versions: they narrow only.
void CopyNarrowing(FieldReader* reader, Json* body, const PurposeLookup& purposes,
                   std::vector<Violation>* violations) {
  if (reader->Get("restrict") != nullptr) {
    body->Set("restrict", ListOf(CanonicalPurposes(reader, "restrict", purposes, nullptr)));
  }
  CopyEntries(reader, body, "prohibits", false, purposes, violations);
  CopyTime(reader, body, "retain_until");
}

std::optional<std::string> DatasetOf(FieldReader* reader, std::string_view field,
                                     std::string_view reference) {
  auto name = control::ParseDatasetReference(reference);
  if (!name.has_value()) {
    reader->Report(field, fmt::format("`{}` is no dataset: {{ns}}/{{name}}, each percent-encoded, "
                                      "then @digest or @label, or nothing for all versions",
                                      reference));
  }
  return name;
}

// `{m}@{n}` as the resource name of a model version.
std::optional<std::string> ModelVersionOf(FieldReader* reader, std::string_view field,
                                          std::string_view reference) {
  const size_t at = reference.rfind('@');
  if (at != std::string_view::npos && at > 0) {
    const auto model = control::DecodeSegment(reference.substr(0, at));
    const auto version = base::ParseInt64(reference.substr(at + 1));
    if (model.has_value() && version.has_value() && *version > 0 &&
        *version <= std::numeric_limits<int32_t>::max()) {
      return control::ModelVersionName(*model, static_cast<int32_t>(*version));
    }
  }
  reader->Report(field, fmt::format("`{}` is no model version: {{model}}@{{number}}", reference));
  return std::nullopt;
}

void CopyDatasets(FieldReader* reader, Json* body, std::string_view name) {
  const auto texts = reader->Texts(name, kEdgesPerItemMax, kReferenceBytesMax);
  if (!texts.has_value()) return;
  std::vector<std::string> names;
  for (size_t i = 0; i < texts->size(); ++i) {
    if (auto dataset = DatasetOf(reader, fmt::format("{}[{}]", name, i), (*texts)[i])) {
      names.push_back(std::move(*dataset));
    }
  }
  body->Set(name, ListOf(std::move(names)));
}

bool IsModelName(std::string_view name) {
  return name.find_first_of("/:@") == std::string_view::npos;
}

std::optional<std::string> ModelOf(FieldReader* reader, std::string_view field) {
  auto model = reader->RequiredText(field, kModelBytesMax);
  if (model.has_value() && !IsModelName(*model)) {
    reader->Report(field, fmt::format("`{}` holds one of / : @", *model));
    return std::nullopt;
  }
  return model;
}

void ReadDataset(FieldReader* reader, const PurposeLookup& purposes,
                 std::vector<Violation>* violations, Item* item) {
  Json& body = item->body;
  const auto name_space = reader->Text("namespace", kNamespaceBytesMax).value_or("default");
  const auto name = reader->RequiredText("name", kNameBytesMax);
  body.Set("namespace", name_space);
  SetText(&body, "name", name);
  SetText(&body, "type", reader->OneOf("type", kTypes));
  SetText(&body, "description", reader->Text("description", kTextBytesMax));
  CopyTexts(reader, &body, "owners");
  SetText(&body, "license", reader->Text("license", kWordBytesMax));
  CopyTags(reader, &body);
  if (const auto serve_time = reader->Bool("serve_time")) body.Set("serve_time", *serve_time);
  SetText(&body, "space", reader->Text("space", kWordBytesMax));
  if (const auto dims = reader->Int("dims", 1, 1 << 20)) body.Set("dims", *dims);
  if (const auto made_by = reader->Text("made_by", kReferenceBytesMax)) {
    SetText(&body, "made_by", ModelVersionOf(reader, "made_by", *made_by));
  }
  if (const Json* const synthetic = reader->Get("synthetic")) {
    const double share = synthetic->is_bool() ? (synthetic->AsBool() ? 1.0 : 0.0)
                         : synthetic->is_int() || synthetic->is_double() ? synthetic->AsDouble()
                                                                         : -1.0;
    if (share >= 0 && share <= 1) {
      body.Set("synthetic", share);
    } else {
      reader->Report("synthetic", "is true, false or a share of 0 to 1");
    }
  }
  CopyDeclaration(reader, &body, purposes, violations);
  if (name.has_value()) item->subject = control::DatasetName(name_space, *name);
}

void ReadDatasetVersion(FieldReader* reader, const PurposeLookup& purposes,
                        std::vector<Violation>* violations, Item* item) {
  Json& body = item->body;
  std::optional<std::string> dataset;
  if (const auto reference = reader->RequiredText("dataset", kReferenceBytesMax)) {
    dataset = DatasetOf(reader, "dataset", *reference);
    if (dataset.has_value() && dataset->find("/versions/") != std::string::npos) {
      reader->Report("dataset", "names a version; the dataset itself is wanted");
      dataset.reset();
    }
  }
  SetText(&body, "dataset", dataset);
  CopyDigest(reader, &body, "digest");
  const auto label = reader->Text("label", kWordBytesMax);
  SetText(&body, "label", label);
  if (reader->Get("digest") == nullptr && reader->Get("label") == nullptr) {
    reader->Report("digest", "is missing, and so is `label`: one of them names the version");
  }
  SetText(&body, "uri", reader->Text("uri", kTextBytesMax));
  if (const Json* const schema = reader->Get("schema")) body.Set("schema", *schema);
  constexpr int64_t kMax = std::numeric_limits<int64_t>::max();
  for (const std::string_view name : {"rows", "bytes"}) {
    if (const auto count = reader->Int(name, 0, kMax)) body.Set(name, std::to_string(*count));
  }
  CopyDatasets(reader, &body, "parents");
  CopyNarrowing(reader, &body, purposes, violations);
  const Json* const digest = body.Find("digest");
  if (dataset.has_value() && (digest != nullptr || label.has_value())) {
    item->subject =
        control::DatasetVersionName(*dataset, digest != nullptr ? digest->AsText() : *label);
  }
}

void ReadRun(FieldReader* reader, Item* item) {
  Json& body = item->body;
  const auto id = reader->RequiredText("id", kModelBytesMax);
  SetText(&body, "id", id);
  if (const auto job = reader->Text("job", kReferenceBytesMax)) {
    const auto parts = base::Split(*job, '/');
    const auto name_space = control::DecodeSegment(parts.front());
    const auto name = control::DecodeSegment(parts.back());
    if (parts.size() != 2 || !name_space.has_value() || !name.has_value()) {
      reader->Report("job",
                     fmt::format("`{}` is no job: {{ns}}/{{name}}, each percent-encoded", *job));
    } else {
      body.Set("job", control::JobName(*name_space, *name));
    }
  }
  SetText(&body, "state", reader->OneOf("state", kRunStates));
  CopyTime(reader, &body, "started_at");
  CopyTime(reader, &body, "ended_at");
  CopyDigest(reader, &body, "code_digest");
  CopyDigest(reader, &body, "params_digest");
  CopyDatasets(reader, &body, "reads");
  CopyDatasets(reader, &body, "writes");
  SetText(&body, "parent_run", reader->Text("parent_run", kModelBytesMax));
  CopyTags(reader, &body);
  if (id.has_value()) item->subject = control::RunName(*id);
}

void ReadModel(FieldReader* reader, Item* item) {
  Json& body = item->body;
  const auto name = ModelOf(reader, "name");
  SetText(&body, "name", name);
  SetText(&body, "description", reader->Text("description", kTextBytesMax));
  if (const Json* const aliases = reader->Get("aliases")) {
    Json copy = Json::EmptyObject();
    if (aliases->is_object()) {
      for (const auto& [alias, version] : aliases->members()) {
        const bool is_number = version.is_int() && version.AsInt() > 0 &&
                               version.AsInt() <= std::numeric_limits<int32_t>::max();
        if (is_number && !alias.empty() && alias.size() <= kWordBytesMax) {
          copy.Set(alias, version);
        } else {
          reader->Report("aliases." + alias, "is the number of a version");
        }
      }
    } else {
      reader->Report("aliases", "is an object of version numbers");
    }
    body.Set("aliases", std::move(copy));
  }
  CopyTags(reader, &body);
  if (name.has_value()) item->subject = control::ModelName(*name);
}

void ReadModelVersion(FieldReader* reader, const PurposeLookup& purposes,
                      std::vector<Violation>* violations, Item* item) {
  Json& body = item->body;
  const auto model = ModelOf(reader, "model");
  SetText(&body, "model", model);
  const auto version = reader->Int("version", 1, std::numeric_limits<int32_t>::max());
  if (version.has_value()) body.Set("version", *version);
  CopyDigest(reader, &body, "weights_digest");
  CopyDigest(reader, &body, "config_digest");
  SetText(&body, "uri", reader->Text("uri", kTextBytesMax));
  if (const auto run = reader->Text("run", kModelBytesMax)) {
    body.Set("run", control::RunName(*run));
  }
  for (const std::string_view name : {"inputs", "evaluated", "serves"}) {
    CopyDatasets(reader, &body, name);
  }
  if (const Json* const parents = reader->Get("parents")) {
    std::vector<std::pair<std::string, Json>> sorted;
    if (!parents->is_list() || parents->items().size() > kEdgesPerItemMax) {
      reader->Report("parents", fmt::format("is a list of at most {} objects", kEdgesPerItemMax));
    } else {
      for (size_t i = 0; i < parents->items().size(); ++i) {
        FieldReader entry(parents->items()[i], fmt::format("{}[{}].", reader->PathOf("parents"), i),
                          violations);
        Json parent;
        if (const auto reference = entry.RequiredText("model", kReferenceBytesMax)) {
          SetText(&parent, "model", ModelVersionOf(&entry, "model", *reference));
        }
        parent.Set("role", entry.OneOf("role", kRoles).value_or("FINE_TUNE"));
        entry.Finish();
        sorted.emplace_back(document::Canonical(parent), std::move(parent));
      }
    }
    std::sort(sorted.begin(), sorted.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    Json list = Json::EmptyList();
    for (auto& [bytes, parent] : sorted) list.Append(std::move(parent));
    body.Set("parents", std::move(list));
  }
  CopyNarrowing(reader, &body, purposes, violations);
  if (const auto profiling = reader->Bool("profiling")) body.Set("profiling", *profiling);
  SetText(&body, "stage", reader->Text("stage", kWordBytesMax));
  SetText(&body, "description", reader->Text("description", kTextBytesMax));
  CopyTags(reader, &body);
  if (!model.has_value()) return;
  item->subject = version.has_value()
                      ? control::ModelVersionName(*model, static_cast<int32_t>(*version))
                      : control::ModelName(*model) + "/versions/";
}

void ReadEdge(FieldReader* reader, Item* item) {
  const auto kind =
      reader->Require("edge") == nullptr ? std::nullopt : reader->OneOf("edge", kEdges);
  const auto end = [&](std::string_view field, std::string_view is_run_for,
                       std::string_view is_model_for) -> std::optional<std::string> {
    const auto reference = reader->RequiredText(field, kReferenceBytesMax);
    if (!reference.has_value() || !kind.has_value()) return std::nullopt;
    const std::string word = "," + *kind + ",";
    if (is_run_for.find(word) != std::string_view::npos) return control::RunName(*reference);
    if (is_model_for.find(word) != std::string_view::npos) {
      return ModelVersionOf(reader, field, *reference);
    }
    return DatasetOf(reader, field, *reference);
  };
  const auto from = end("from", ",WRITE,TRAINED,", ",PARENT,MADE_BY,");
  const auto to = end("to", ",READ,", ",TRAINED,INPUT,PARENT,SERVES,EVALUATED,");
  SetText(&item->body, "edge", kind);
  SetText(&item->body, "from", from);
  SetText(&item->body, "to", to);
  SetText(&item->body, "role", reader->OneOf("role", kRoles));
  if (kind.has_value() && from.has_value() && to.has_value()) {
    item->subject = fmt::format("edges/{}/{}/{}", *kind, *from, *to);
  }
}

}  // namespace

std::optional<FactKind> ParseItemKind(std::string_view word) {
  for (const auto& [name, kind] : kKinds) {
    if (name == word) return kind;
  }
  return std::nullopt;
}

std::string_view NameOf(FactKind kind) {
  for (const auto& [name, candidate] : kKinds) {
    if (candidate == kind) return name;
  }
  return "REQUEST";
}

std::optional<Item> ParseItem(const Json& json, std::optional<FactKind> kind,
                              const std::string& path, const PurposeLookup& purposes,
                              std::vector<Violation>* violations) {
  const size_t before = violations->size();
  FieldReader reader(json, path, violations);
  if (!kind.has_value()) {
    static constexpr std::string_view kWords[] = {"DATASET", "DATASET_VERSION", "RUN",
                                                  "MODEL",   "MODEL_VERSION",   "EDGE"};
    reader.Require("kind");
    const auto word = reader.OneOf("kind", kWords);
    if (!word.has_value()) return std::nullopt;
    kind = ParseItemKind(*word);
  }
  Item item;
  item.kind = *kind;
  item.body = Json::EmptyObject();
  item.valid_from_us = reader.Time("valid_from");
  item.valid_to_us = reader.Time("valid_to");
  switch (item.kind) {
    case FactKind::kDataset:
      ReadDataset(&reader, purposes, violations, &item);
      break;
    case FactKind::kDatasetVersion:
      ReadDatasetVersion(&reader, purposes, violations, &item);
      break;
    case FactKind::kRun:
      ReadRun(&reader, &item);
      break;
    case FactKind::kModel:
      ReadModel(&reader, &item);
      break;
    case FactKind::kModelVersion:
      ReadModelVersion(&reader, purposes, violations, &item);
      break;
    case FactKind::kEdge:
      ReadEdge(&reader, &item);
      break;
    case FactKind::kRequest:
      return std::nullopt;
  }
  if (item.valid_from_us.has_value() && item.valid_to_us.has_value() &&
      *item.valid_to_us <= *item.valid_from_us) {
    reader.Report("valid_to", "is not after `valid_from`");
  }
  reader.Finish();
  if (violations->size() > before) return std::nullopt;
  // As it comes back from a fact: another order or spelling of numbers would be another statement.
  auto normal = document::ParseJson(document::Canonical(item.body));
  LW_CHECK(normal.ok(), "canonical JSON does not parse: {}", base::MessageOf(normal.status()));
  item.body = *std::move(normal);
  return item;
}

absl::Status StatusOf(const std::vector<Violation>& violations, std::string_view reason) {
  if (violations.empty()) return absl::OkStatus();
  std::vector<std::string> lines;
  Json list = Json::EmptyList();
  for (const Violation& violation : violations) {
    lines.push_back(fmt::format("`{}`: {}", violation.field, violation.message));
    Json member;
    member.Set("field", violation.field);
    member.Set("message", violation.message);
    list.Append(std::move(member));
  }
  const bool is_purpose = violations.front().message.starts_with("unknown purpose");
  absl::Status status =
      base::InvalidArgument(is_purpose ? kPurposeUnknown : reason, "{}", fmt::join(lines, "; "));
  status.SetPayload("lineward/violations", absl::Cord(base::ToAbsl(document::Canonical(list))));
  return status;
}

bool IsDigest(std::string_view text) {
  const auto is_hex = [](std::string_view digits) {
    return digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
  };
  if (text.starts_with("sha256:")) return text.size() == 7 + 64 && is_hex(text.substr(7));
  if (text.starts_with("sha512:")) return text.size() == 7 + 128 && is_hex(text.substr(7));
  return false;
}

}  // namespace lineward::registry
