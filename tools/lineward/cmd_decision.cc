// lineward decision get | list | count | watch | explain | search

#include <fmt/format.h>

#include <algorithm>
#include <limits>

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

constexpr int64_t kLimitDefault = 50;
constexpr int64_t kPageMax = 1'000;

std::vector<Column> ListColumns() {
  return {{"id", "ID"},
          {"outcome", "OUTCOME"},
          {"reason", "REASON"},
          {"model", "MODEL"},
          {"model_version", "VERSION"},
          {"purpose", "PURPOSE"},
          {"surface", "SURFACE"},
          {"decided_at", "DECIDED AT"},
          {"event_time", ""},
          {"topic", ""},
          {"partition", ""},
          {"offset", ""},
          {"jurisdiction", ""},
          {"mode", ""},
          {"policy_set", ""},
          {"rules", ""},
          {"reasons", ""},
          {"trace_id", ""},
          {"event_id", ""},
          {"item_id", ""},
          {"malformed", ""},
          {"registry_seq", ""}};
}

std::vector<Column> GetColumns() {
  return {{"id", "decision"},
          {"outcome", "outcome"},
          {"reason", "reason"},
          {"reasons", "reasons"},
          {"rules", "rules"},
          {"obligations", "obligations"},
          {"model", "model"},
          {"model_version", "version"},
          {"purpose", "purpose"},
          {"surface", "surface"},
          {"jurisdiction", "jurisdiction"},
          {"consent", "consent"},
          {"basis", "basis"},
          {"malformed", "malformed"},
          {"decided_at", "decided at"},
          {"event_time", "event time"},
          {"policy_set", "policy set"},
          {"binding", "binding"},
          {"registry_seq", "registry seq"},
          {"trace_id", "trace"},
          {"event_id", "event"},
          {"item_id", "item"},
          {"topic", ""},
          {"partition", ""},
          {"offset", ""},
          {"route", ""},
          {"mode", ""},
          {"log.partition", "log partition"},
          {"log.entry", "log entry"},
          {"log.row", "log row"},
          {"proof_state", "proof"},
          {"meta.as_of", "as of"},
          {"meta.complete", ""}};
}

void NoteMeta(const Output& output, const Json& answer, std::string_view rows) {
  const Json* meta = answer.Find("meta");
  if (meta == nullptr) return;
  const bool is_complete = TextAt(*meta, "complete") == "true";
  if (!is_complete) {
    output.Note(fmt::format("warning: incomplete: {}", TextAt(*meta, "missing")));
  }
  if (output.is_table()) {
    output.Note(fmt::format("as of {}, {}, {}", TextAt(*meta, "as_of"),
                            is_complete ? "complete" : "incomplete", rows));
  }
}

int64_t LimitOf(const Invocation& call) {
  if (call.Has("all")) return std::numeric_limits<int64_t>::max();
  return base::ParseInt64(call.Text("limit")).value_or(kLimitDefault);
}

bool IsBadLimit(const Invocation& call) {
  if (!call.Has("limit")) return false;
  const auto limit = base::ParseInt64(call.Text("limit"));
  return !limit.has_value() || *limit < 1;
}

std::string RequireComplete(const Invocation& call) {
  return call.Has("require-complete") ? "true" : "";
}

int Get(const Invocation& call) {
  if (Output::PrintedSchema(call, GetColumns(), false)) return kDone;
  Remote remote(call);
  const auto answer =
      remote.Get(fmt::format("/v1/decisions/{}{}", control::EncodeSegment(call.Text("id")),
                             Query({{"wait_ms", call.Text("wait-ms")}})));
  if (!answer.ok()) return Fail(call, answer.status());
  Output output(call, GetColumns());
  output.One(*answer);
  return kDone;
}

int List(const Invocation& call) {
  if (Output::PrintedSchema(call, ListColumns(), true)) return kDone;
  if (IsBadLimit(call)) return FailUsage(call, "`--limit` is no number above 0");
  Remote remote(call);
  Output output(call, ListColumns());
  int64_t left = LimitOf(call);
  Json whole;
  Json all = Json::EmptyList();
  std::string token;
  do {
    auto page =
        remote.Get("/v1/decisions" + Query({{"filter", call.Text("filter")},
                                            {"page_size", std::to_string(std::min(left, kPageMax))},
                                            {"page_token", token},
                                            {"require_complete", RequireComplete(call)}}));
    if (!page.ok()) return Fail(call, page.status());
    const Json* decisions = page->Find("decisions");
    if (decisions == nullptr || !decisions->is_list()) {
      return Fail(call, base::Unavailable("ANSWER_INVALID", "the answer has no `decisions`"));
    }
    for (const Json& decision : decisions->items()) {
      output.Row(decision);
      if (output.is_json()) all.Append(decision);
      if (--left == 0) break;
    }
    token = TextAt(*page, "next_page_token");
    whole = *std::move(page);
  } while (left > 0 && !token.empty());
  if (output.is_json()) whole.Set("decisions", std::move(all));
  output.EndList(whole);
  if (output.rows() == 0 && output.is_table()) {
    output.Note(fmt::format("no decisions match (as of {})", TextAt(whole, "meta.as_of")));
  } else {
    NoteMeta(output, whole,
             fmt::format("{} rows{}", output.rows(), token.empty() ? "" : ", there are more"));
  }
  return kDone;
}

int Count(const Invocation& call) {
  std::vector<Column> columns;
  std::string by;
  for (const std::string& value : call.Texts("by")) by += (by.empty() ? "" : ",") + value;
  if (!by.empty()) {
    for (const std::string_view name : base::Split(by, ',')) {
      std::string title(name);
      for (char& c : title) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
      columns.push_back({std::string(name), title});
    }
  }
  columns.push_back({"count", "COUNT"});
  if (Output::PrintedSchema(call, columns, true)) return kDone;
  if (IsBadLimit(call)) return FailUsage(call, "`--limit` is no number above 0");
  Remote remote(call);
  auto answer =
      remote.Get("/v1/decisions:count" + Query({{"by", by},
                                                {"filter", call.Text("filter")},
                                                {"require_complete", RequireComplete(call)}}));
  if (!answer.ok()) return Fail(call, answer.status());
  Output output(call, columns);
  const Json* counts = answer->Find("counts");
  int64_t left = call.Has("limit") ? LimitOf(call) : std::numeric_limits<int64_t>::max();
  if (counts != nullptr && counts->is_list()) {
    for (const Json& line : counts->items()) {
      if (left-- == 0) break;
      output.Row(line);
    }
  }
  output.EndList(*answer);
  NoteMeta(output, *answer,
           fmt::format("{}{} rows", TextAt(*answer, "at_least") == "true" ? "at least " : "",
                       TextAt(*answer, "rows")));
  return kDone;
}

int Watch(const Invocation& call) {
  if (Output::PrintedSchema(call, ListColumns(), true)) return kDone;
  Remote remote(call);
  Output output(call, ListColumns());
  int64_t left = call.Has("limit") ? LimitOf(call) : std::numeric_limits<int64_t>::max();
  bool has_ended = false;
  // Lags come every 15 s: three of them missing is a dead connection.
  const absl::Status status =
      remote.Lines("/v1/decisions:watch" +
                       Query({{"since", call.Text("since")}, {"filter", call.Text("filter")}}),
                   std::chrono::seconds(45), [&](std::string_view line) {
                     const auto json = document::ParseJson(line);
                     if (!json.ok()) return true;
                     if (json->Find("id") == nullptr) {
                       has_ended |= json->Find("end") != nullptr;
                       output.Note(line);
                       return true;
                     }
                     output.Row(*json);
                     std::fflush(stdout);
                     return --left > 0;
                   });
  if (!status.ok()) return Fail(call, status);
  output.EndList(Json());
  if (has_ended) {
    return Fail(call, base::Unavailable("ENDPOINT_UNREACHABLE", "the server ended the stream"));
  }
  return kDone;
}

std::vector<Column> ExplainColumns() {
  return {{"decision", ""},     {"steps", ""},        {"rules", ""},        {"near_misses", ""},
          {"lineage_path", ""}, {"nearest_edit", ""}, {"replay_equal", ""}, {"differences", ""}};
}

int Explain(const Invocation& call) {
  if (Output::PrintedSchema(call, ExplainColumns(), false)) return kDone;
  Remote remote(call);
  const auto answer =
      remote.Get(fmt::format("/v1/decisions/{}:explain{}", control::EncodeSegment(call.Text("id")),
                             Query({{"wait_ms", call.Text("wait-ms")}})));
  if (!answer.ok()) return Fail(call, answer.status());
  Output output(call, ExplainColumns());
  const std::string outcome = TextAt(*answer, "decision.outcome");
  if (!output.is_table()) {
    output.One(*answer);
  } else {
    fmt::print("{}  {}  {}\n", TextAt(*answer, "decision.id"), OutcomeText(outcome),
               TextAt(*answer, "decision.reason"));
    const auto list = [&](std::string_view key) -> const Json::List& {
      static const Json::List kNone;
      const Json* found = answer->Find(key);
      return found != nullptr && found->is_list() ? found->items() : kNone;
    };
    for (const Json& step : list("steps")) {
      fmt::print("  {:>2} {:<14} {:<12} {}\n", TextAt(step, "number"), TextAt(step, "name"),
                 TextAt(step, "result"), TextAt(step, "detail"));
    }
    for (const Json& rule : list("rules")) {
      fmt::print("  rule {}: {} {}\n", TextAt(rule, "rule"), TextAt(rule, "effect"),
                 TextAt(rule, "detail"));
    }
    for (const Json& rule : list("near_misses")) {
      fmt::print("  near miss {}: {}\n", TextAt(rule, "rule"), TextAt(rule, "detail"));
    }
    std::string path;
    for (const Json& node : list("lineage_path")) {
      if (!node.is_text()) continue;
      path += (path.empty() ? "" : " \xe2\x86\x90 ") + node.AsText();
    }
    if (!path.empty()) fmt::print("  lineage  {}\n", path);
    if (const std::string edit = TextAt(*answer, "nearest_edit"); !edit.empty()) {
      fmt::print("  to allow it: {}\n", edit);
    }
    if (TextAt(*answer, "replay_equal") != "true") {
      output.Note("warning: the evaluation of now differs from the record: " +
                  TextAt(*answer, "differences"));
    }
  }
  if (TextAt(*answer, "replay_equal") == "false") return kIntegrity;
  const std::string fail_on = call.Text("fail-on");
  if (outcome == "BLOCK" && !fail_on.empty()) return kBlock;
  if (outcome == "QUARANTINE" && fail_on == "quarantine") return kQuarantine;
  return kDone;
}

int Search(const Invocation& call) {
  const std::vector<Column> columns = {
      {"kind", "KIND"}, {"name", "NAME"}, {"matched", "MATCHED"}, {"outcome", "OUTCOME"}};
  if (Output::PrintedSchema(call, columns, true)) return kDone;
  Remote remote(call);
  const auto answer = remote.Get("/v1/search" + Query({{"q", call.Text("word")}}));
  if (!answer.ok()) return Fail(call, answer.status());
  Output output(call, columns);
  if (const Json* hits = answer->Find("hits"); hits != nullptr && hits->is_list()) {
    for (const Json& hit : hits->items()) output.Row(hit);
  }
  output.EndList(*answer);
  if (output.rows() == 0 && output.is_table()) {
    output.Note("nothing found; searched: " + TextAt(*answer, "searched"));
  }
  return kDone;
}

}  // namespace

void AddDecisionCommands(std::vector<Command>* commands) {
  const std::vector<ArgumentSpec> id = {{"id", "Decision id, such as promotions-3-10442"}};
  const FlagSpec wait = {"--wait-ms", "MS", "Wait until it is visible, at most 10000"};
  commands->push_back({"decision", "get", "One decision", id, {wait}, Get});
  commands->push_back({"decision",
                       "list",
                       "Decisions, newest first; --filter 'outcome = BLOCK AND model = \"ranker\"'",
                       {},
                       {},
                       List});
  commands->push_back(
      {"decision",
       "count",
       "Counts by one or two facets",
       {},
       {{"--by", "FACETS", "outcome, reason, rule, model, purpose, topic, hour, ...", true}},
       Count});
  commands->push_back({"decision",
                       "watch",
                       "Decisions as they become visible",
                       {},
                       {{"--since", "TIME", "From this time on, at most 1 h back"}},
                       Watch});
  commands->push_back({"decision",
                       "explain",
                       "Why a promotion was allowed, quarantined or blocked",
                       id,
                       {wait, {"--fail-on", "OUTCOME", "block or quarantine: exit 3 or 4"}},
                       Explain});
  commands->push_back({"decision",
                       "search",
                       "What an id, trace or event belongs to",
                       {{"word", "Decision id, topic/partition/offset, trace id, event id"}},
                       {},
                       Search});
}

}  // namespace lineward::cli
