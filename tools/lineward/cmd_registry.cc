// lineward dataset | model | run register | get | list, import, purpose list

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/control/names.h"
#include "lineward/http/message.h"
#include "tools/lineward/commands.h"
#include "tools/lineward/output.h"
#include "tools/lineward/remote.h"

namespace lineward::cli {
namespace {

using document::Json;

constexpr size_t kImportBatch = 500;
constexpr size_t kPageMax = 1'000;

const std::vector<Column>& RegisterColumns() {
  static const std::vector<Column> columns = {
      {"name", "NAME"}, {"created", "CREATED"}, {"registry_seq", "SEQ"}, {"warnings", "WARNINGS"}};
  return columns;
}

// The items of a JSON Lines file with their line numbers.
struct Line {
  size_t number = 0;
  Json item;
};

absl::StatusOr<std::vector<Line>> ReadLines(const std::string& path) {
  LW_ASSIGN_OR_RETURN(const std::string content, ReadInput(path));
  std::vector<Line> lines;
  size_t number = 0;
  for (const std::string_view text : base::Split(content, '\n')) {
    ++number;
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    auto item = document::ParseJson(text);
    if (!item.ok()) return base::Annotate(item.status(), "{}:{}", path, number);
    lines.push_back({number, *std::move(item)});
  }
  return lines;
}

int Import(const Invocation& call) {
  const std::vector<Column> columns = {{"line", "LINE"},
                                       {"name", "NAME"},
                                       {"created", "CREATED"},
                                       {"warnings", "WARNINGS"},
                                       {"error", "ERROR"}};
  if (Output::PrintedSchema(call, columns, true)) return kDone;
  const std::string format = call.Text("format", "jsonl");
  if (format != "jsonl") {
    return FailUsage(call, fmt::format("format `{}` is not supported yet, jsonl is", format));
  }
  const auto lines = ReadLines(call.Text("file"));
  if (!lines.ok()) return Fail(call, lines.status());
  Remote remote(call);
  Output output(call, columns);
  Json all = Json::EmptyList();
  const auto tell = [&](Json row) {
    output.Row(row);
    if (output.is_json()) all.Append(std::move(row));
  };
  size_t failed = 0;
  const std::string target =
      std::string("/v1/registry:register") + (call.Has("dry-run") ? "?validate_only=true" : "");
  for (size_t at = 0; at < lines->size(); at += kImportBatch) {
    const size_t end = std::min(lines->size(), at + kImportBatch);
    Json items = Json::EmptyList();
    for (size_t i = at; i < end; ++i) items.Append((*lines)[i].item);
    Json body;
    body.Set("items", std::move(items));
    body.Set("request_id", NewRequestId());
    const auto answer = remote.Post(target, body);
    if (!answer.ok()) {
      const int code = ExitOf(answer.status());
      // All or nothing: a wrong item takes its batch with it, and is named by the violations.
      if (code == kUnavailable || code == kForbidden) {
        output.EndList(Json());
        return Fail(call, answer.status());
      }
      failed += end - at;
      Fail(call, answer.status());
      for (size_t i = at; i < end; ++i) {
        Json row;
        row.Set("line", static_cast<int64_t>((*lines)[i].number));
        row.Set("error", base::ReasonOf(answer.status()));
        tell(std::move(row));
      }
      continue;
    }
    const Json* done = answer->Find("items");
    for (size_t i = at; i < end; ++i) {
      Json row;
      row.Set("line", static_cast<int64_t>((*lines)[i].number));
      if (done != nullptr && done->is_list() && i - at < done->items().size()) {
        for (const auto& [key, value] : done->items()[i - at].members()) row.Set(key, value);
      }
      tell(std::move(row));
    }
  }
  Json whole;
  whole.Set("items", std::move(all));
  output.EndList(whole);
  if (output.is_table()) {
    output.Note(fmt::format("{} items, {} failed", lines->size(), failed));
  }
  return failed == 0 ? kDone : kFindings;
}

int RegisterTo(const Invocation& call, const std::string& target) {
  if (Output::PrintedSchema(call, RegisterColumns(), false)) return kDone;
  const auto content = ReadInput(call.Text("file"));
  if (!content.ok()) return Fail(call, content.status());
  auto body = document::ParseJson(*content);
  if (!body.ok()) return Fail(call, base::Annotate(body.status(), "{}", call.Text("file")));
  if (body->is_object() && body->Find("request_id") == nullptr) {
    body->Set("request_id", NewRequestId());
  }
  Remote remote(call);
  const auto answer =
      remote.Post(target + (call.Has("dry-run") ? "?validate_only=true" : ""), *body);
  if (!answer.ok()) return Fail(call, answer.status());
  Output(call, RegisterColumns()).One(*answer);
  return kDone;
}

int GetFrom(const Invocation& call, const std::string& target, const std::vector<Column>& columns) {
  if (Output::PrintedSchema(call, columns, false)) return kDone;
  Remote remote(call);
  const auto answer = remote.Get(target);
  if (!answer.ok()) return Fail(call, answer.status());
  Output output(call, columns);
  if (output.is_table() && !call.Has("fields")) {
    // What an entity has depends on what was declared, so people get all of it.
    for (const auto& [key, value] : answer->members()) {
      fmt::print("{:<20} {}\n", key, TextAt(*answer, key));
    }
    return kDone;
  }
  output.One(*answer);
  return kDone;
}

int ListFrom(const Invocation& call, const std::string& path, std::string_view collection,
             const std::vector<Column>& columns) {
  if (Output::PrintedSchema(call, columns, true)) return kDone;
  Remote remote(call);
  Output output(call, columns);
  size_t left = call.Has("all") ? SIZE_MAX : base::ParseUint64(call.Text("limit")).value_or(50);
  Json whole;
  Json all = Json::EmptyList();
  std::string token;
  do {
    auto page =
        remote.Get(path + (collection == "purposes"
                               ? std::string()
                               : Query({{"page_size", std::to_string(std::min(left, kPageMax))},
                                        {"page_token", token}})));
    if (!page.ok()) return Fail(call, page.status());
    if (const Json* items = page->Find(collection); items != nullptr && items->is_list()) {
      for (const Json& item : items->items()) {
        if (left == 0) break;
        --left;
        output.Row(item);
        if (output.is_json()) all.Append(item);
      }
    }
    token = TextAt(*page, "next_page_token");
    whole = *std::move(page);
  } while (left > 0 && !token.empty());
  if (output.is_json()) whole.Set(collection, std::move(all));
  output.EndList(whole);
  return kDone;
}

std::vector<Column> DatasetColumns() {
  return {{"name", "NAME"}, {"type", "TYPE"}, {"owners", "OWNERS"}, {"declaration", ""}};
}
std::vector<Column> ModelColumns() {
  return {{"name", "NAME"}, {"description", "DESCRIPTION"}, {"aliases", "ALIASES"}};
}
std::vector<Column> RunColumns() {
  return {{"name", "NAME"}, {"job", "JOB"}, {"state", "STATE"}, {"reads", ""}, {"writes", ""}};
}

// `namespace/name`, the namespace percent-encoded as in resource names.
int GetDataset(const Invocation& call) {
  const std::string name = call.Text("name");
  const size_t slash = name.find('/');
  if (slash == std::string::npos) {
    return FailUsage(call, fmt::format("`{}` is no `namespace/name`", name));
  }
  const auto encode_rest = control::EncodeSegment(name.substr(slash + 1));
  return GetFrom(call, "/v1/datasets/" + name.substr(0, slash) + "/" + encode_rest,
                 DatasetColumns());
}

// `model` or `model@version`.
int GetModel(const Invocation& call) {
  const std::string name = call.Text("name");
  const size_t at = name.rfind('@');
  std::string target = "/v1/models/" + control::EncodeSegment(name.substr(0, at));
  if (at != std::string::npos) target += "/versions/" + control::EncodeSegment(name.substr(at + 1));
  return GetFrom(call, target, ModelColumns());
}

}  // namespace

void AddRegistryCommands(std::vector<Command>* commands) {
  const std::vector<ArgumentSpec> file = {{"file", "JSON file, or - for stdin"}};
  commands->push_back(
      {"dataset", "register", "Registers a dataset", file, {}, [](const Invocation& call) {
         return RegisterTo(call, "/v1/datasets:register");
       }});
  commands->push_back({"dataset",
                       "get",
                       "One dataset",
                       {{"name", "namespace/name, such as default/clicks"}},
                       {},
                       GetDataset});
  commands->push_back({"dataset", "list", "Datasets by name", {}, {}, [](const Invocation& call) {
                         return ListFrom(call, "/v1/datasets", "datasets", DatasetColumns());
                       }});
  commands->push_back(
      {"model", "register", "Registers a model", file, {}, [](const Invocation& call) {
         return RegisterTo(call, "/v1/models:register");
       }});
  commands->push_back({"model",
                       "get",
                       "One model, or one version of it",
                       {{"name", "Model, or model@version"}},
                       {},
                       GetModel});
  commands->push_back({"model", "list", "Models by name", {}, {}, [](const Invocation& call) {
                         return ListFrom(call, "/v1/models", "models", ModelColumns());
                       }});
  commands->push_back({"run", "register", "Registers a run", file, {}, [](const Invocation& call) {
                         return RegisterTo(call, "/v1/runs:register");
                       }});
  commands->push_back({"run", "get", "One run", {{"id", "Run id"}}, {}, [](const Invocation& call) {
                         return GetFrom(call, "/v1/runs/" + control::EncodeSegment(call.Text("id")),
                                        RunColumns());
                       }});
  commands->push_back({"import",
                       "",
                       "Registers the items of a file",
                       {{"file", "JSON Lines file, or - for stdin"}},
                       {{"--format", "FORMAT", "jsonl"}},
                       Import});
  commands->push_back(
      {"purpose", "list", "Purposes of the taxonomy in force", {}, {}, [](const Invocation& call) {
         return ListFrom(call, "/v1/purposes", "purposes",
                         {{"id", "PURPOSE"}, {"retired", ""}, {"parents", "PARENTS"}});
       }});
}

}  // namespace lineward::cli
