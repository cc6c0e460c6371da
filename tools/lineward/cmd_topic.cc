// lineward event send | validate, topic inspect | lag, consent record

#include <fmt/format.h>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/control/names.h"
#include "lineward/event/decode.h"
#include "lineward/http/message.h"
#include "tools/lineward/commands.h"
#include "tools/lineward/output.h"
#include "tools/lineward/remote.h"

namespace lineward::cli {
namespace {

using document::Json;

constexpr size_t kSendBatch = 500;           // of at most 1,000 that a call takes
constexpr size_t kSendBatchBytes = 4 << 20;  // of 8 MiB
constexpr size_t kConsentBatch = 1'000;

// The promotions of a file: one JSON object, or one per line.
std::vector<std::string_view> Documents(std::string_view content) {
  if (document::ParseJson(content).ok()) return {content};
  std::vector<std::string_view> lines;
  for (std::string_view line : base::Split(content, '\n')) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") != std::string_view::npos) lines.push_back(line);
  }
  return lines;
}

std::string KeyOf(std::string_view text, const std::string& field) {
  if (field.empty()) return "";
  const auto json = document::ParseJson(text);
  return json.ok() ? TextAt(*json, field) : std::string();
}

int Send(const Invocation& call) {
  const std::vector<Column> columns = {
      {"decision", "DECISION"}, {"partition", "PARTITION"}, {"offset", "OFFSET"}};
  if (Output::PrintedSchema(call, columns, true)) return kDone;
  const auto content = ReadInput(call.Text("file"));
  if (!content.ok()) return Fail(call, content.status());
  const std::string topic = call.Text("topic", "promotions");
  const std::string target = fmt::format("/v1/topics/{}/records", control::EncodeSegment(topic));
  std::optional<int64_t> partition;
  if (const std::string text = call.Text("partition"); !text.empty()) {
    partition = base::ParseInt64(text);
    if (!partition.has_value()) return FailUsage(call, "`--partition` is no number");
  }
  const std::string key = call.Text("key");
  const std::string key_field = call.Text("key-field", "subject_id");
  Remote remote(call);
  Output output(call, columns);
  Json all = Json::EmptyList();
  std::vector<std::string_view> documents;
  if (call.Has("raw")) {
    documents = {*content};
  } else {
    documents = Documents(*content);
  }
  if (documents.empty()) return FailUsage(call, "the file holds nothing to send");
  for (size_t at = 0; at < documents.size();) {
    Json records = Json::EmptyList();
    size_t bytes = 0;
    for (; at < documents.size() && records.items().size() < kSendBatch &&
           (bytes == 0 || bytes + documents[at].size() < kSendBatchBytes);
         ++at) {
      bytes += documents[at].size();
      Json record;
      // As bytes, so that what is sent is what the file holds, well formed or not.
      record.Set("value", base::ToBase64(documents[at]));
      const std::string record_key = key.empty() ? KeyOf(documents[at], key_field) : key;
      if (!record_key.empty()) record.Set("key", record_key);
      if (partition.has_value()) record.Set("partition", *partition);
      records.Append(std::move(record));
    }
    Json body;
    body.Set("records", std::move(records));
    if (call.Has("dry-run")) continue;
    const auto answer = remote.Post(target, body, /*is_idempotent=*/false);
    if (!answer.ok()) {
      output.EndList(Json());
      if (output.rows() > 0) {
        output.Note(
            fmt::format("warning: {} of {} records were sent", output.rows(), documents.size()));
      }
      return Fail(call, answer.status());
    }
    const Json* sent = answer->Find("records");
    if (sent == nullptr || !sent->is_list()) continue;
    for (const Json& line : sent->items()) {
      output.Row(line);
      if (output.is_json()) all.Append(line);
    }
  }
  Json whole;
  whole.Set("records", std::move(all));
  output.EndList(whole);
  return kDone;
}

int Validate(const Invocation& call) {
  const std::vector<Column> columns = {{"line", "LINE"},   {"valid", "VALID"},
                                       {"cause", "CAUSE"}, {"field", "FIELD"},
                                       {"byte", "BYTE"},   {"advice", "ADVICE"}};
  if (Output::PrintedSchema(call, columns, true)) return kDone;
  const auto content = ReadInput(call.Text("file"));
  if (!content.ok()) return Fail(call, content.status());
  Output output(call, columns);
  Json all = Json::EmptyList();
  event::Scratch scratch;
  event::SourceOptions options;
  std::vector<std::string_view> documents = {*content};
  if (!call.Has("raw")) documents = Documents(*content);
  size_t bad = 0;
  for (size_t i = 0; i < documents.size(); ++i) {
    const event::Decoded decoded = event::Decode({}, documents[i], options, &scratch);
    Json line;
    line.Set("line", static_cast<int64_t>(i + 1));
    line.Set("valid", decoded.ok());
    if (!decoded.ok()) {
      ++bad;
      line.Set("cause", event::CauseName(decoded.error.cause));
      line.Set("field", event::FieldName(decoded.error.field));
      line.Set("byte", static_cast<int64_t>(decoded.error.byte));
      line.Set("advice", event::CauseAdvice(decoded.error.cause));
    }
    output.Row(line);
    if (output.is_json()) all.Append(std::move(line));
  }
  Json whole;
  whole.Set("events", std::move(all));
  output.EndList(whole);
  if (output.is_table()) {
    output.Note(fmt::format("{} events, {} malformed", documents.size(), bad));
  }
  return bad == 0 ? kDone : kFindings;
}

int Inspect(const Invocation& call) {
  const std::vector<Column> columns = {{"partition", "PARTITION"},
                                       {"offset", "OFFSET"},
                                       {"timestamp", "TIMESTAMP"},
                                       {"value_bytes", "BYTES"},
                                       {"value_sha256", ""},
                                       {"headers", "HEADERS"},
                                       {"json", ""},
                                       {"value", ""},
                                       {"key_base64", ""},
                                       {"masked", ""}};
  if (Output::PrintedSchema(call, columns, true)) return kDone;
  Remote remote(call);
  const auto answer = remote.Get(fmt::format(
      "/v1/topics/{}/records{}", control::EncodeSegment(call.Text("topic")),
      Query({{"last", call.Text("last")},
             {"partition", call.Text("partition")},
             {"offset", call.Text("offset")},
             {"limit", call.Has("offset") && !call.Has("limit") ? "1" : call.Text("limit")}})));
  if (!answer.ok()) return Fail(call, answer.status());
  Output output(call, columns);
  if (const Json* records = answer->Find("records"); records != nullptr && records->is_list()) {
    for (const Json& record : records->items()) output.Row(record);
  }
  output.EndList(*answer);
  return kDone;
}

int Lag(const Invocation& call) {
  const std::vector<Column> columns = {{"partition", "PARTITION"},
                                       {"start", "START"},
                                       {"end", "END"},
                                       {"next", "NEXT"},
                                       {"lag", "LAG"}};
  if (Output::PrintedSchema(call, columns, true)) return kDone;
  Remote remote(call);
  const auto answer =
      remote.Get("/v1/topics/" + control::EncodeSegment(call.Text("topic", "promotions")));
  if (!answer.ok()) return Fail(call, answer.status());
  Output output(call, columns);
  if (const Json* partitions = answer->Find("partitions");
      partitions != nullptr && partitions->is_list()) {
    for (const Json& partition : partitions->items()) output.Row(partition);
  }
  output.EndList(*answer);
  return kDone;
}

// Items one per line, or `{"items": [...]}`.
int RecordConsent(const Invocation& call) {
  const std::vector<Column> columns = {
      {"accepted", "accepted"}, {"unchanged", "unchanged"}, {"refused", "refused"}};
  if (Output::PrintedSchema(call, columns, false)) return kDone;
  const auto content = ReadInput(call.Text("file"));
  if (!content.ok()) return Fail(call, content.status());
  Json::List items;
  if (const auto whole = document::ParseJson(*content);
      whole.ok() && whole->Find("items") != nullptr && whole->Find("items")->is_list()) {
    items = whole->Find("items")->items();
  } else {
    size_t number = 0;
    for (const std::string_view line : Documents(*content)) {
      ++number;
      auto item = document::ParseJson(line);
      if (!item.ok()) {
        return Fail(call, base::Annotate(item.status(), "{}:{}", call.Text("file"), number));
      }
      items.push_back(*std::move(item));
    }
  }
  Remote remote(call);
  int64_t accepted = 0;
  int64_t unchanged = 0;
  Json refused = Json::EmptyList();
  for (size_t at = 0; at < items.size(); at += kConsentBatch) {
    Json batch = Json::EmptyList();
    for (size_t i = at; i < std::min(items.size(), at + kConsentBatch); ++i) {
      batch.Append(items[i]);
    }
    Json body;
    body.Set("items", std::move(batch));
    if (call.Has("dry-run")) continue;
    const auto answer = remote.Post("/v1/consents:record", body);
    if (!answer.ok()) return Fail(call, answer.status());
    accepted += base::ParseInt64(TextAt(*answer, "accepted")).value_or(0);
    unchanged += base::ParseInt64(TextAt(*answer, "unchanged")).value_or(0);
    if (const Json* list = answer->Find("refused"); list != nullptr && list->is_list()) {
      for (Json item : list->items()) {
        if (const Json* index = item.Find("index"); index != nullptr && index->is_int()) {
          item.Set("index", index->AsInt() + static_cast<int64_t>(at));
        }
        refused.Append(std::move(item));
      }
    }
  }
  const bool has_refused = !refused.items().empty();
  Json whole;
  whole.Set("accepted", accepted);
  whole.Set("unchanged", unchanged);
  whole.Set("refused", std::move(refused));
  Output output(call, columns);
  output.One(whole);
  return has_refused ? kFindings : kDone;
}

}  // namespace

void AddTopicCommands(std::vector<Command>* commands) {
  const FlagSpec raw = {"--raw", "", "The whole file is one record's value, in any framing"};
  commands->push_back({"event",
                       "send",
                       "Sends promotions, one JSON object per line",
                       {{"file", "File, or - for stdin"}},
                       {{"--topic", "TOPIC", "Default promotions"},
                        {"--partition", "N", "Partition; else by key, else in turn"},
                        {"--key", "TEXT", "Key of all records"},
                        {"--key-field", "FIELD", "Field that is the key (default subject_id)"},
                        raw},
                       Send});
  commands->push_back({"event",
                       "validate",
                       "Checks promotions without a server",
                       {{"file", "File, or - for stdin"}},
                       {raw},
                       Validate});
  commands->push_back({"topic",
                       "inspect",
                       "Records of a topic",
                       {{"topic", "Topic"}},
                       {{"--last", "N", "The last N of each partition"},
                        {"--partition", "P", "Of this partition"},
                        {"--offset", "O", "From this offset on"}},
                       Inspect});
  commands->push_back({"topic",
                       "lag",
                       "Ends of a topic and how far it was read",
                       {{"topic", "Topic (default promotions)", false}},
                       {},
                       Lag});
  commands->push_back({"consent",
                       "record",
                       "Records consent statements, one JSON item per line",
                       {{"file", "File, or - for stdin"}},
                       {},
                       RecordConsent});
}

}  // namespace lineward::cli
