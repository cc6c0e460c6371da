#include "tools/lineward/output.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <cstdlib>

#include "lineward/base/strings.h"
#include "lineward/http/message.h"

namespace lineward::cli {
namespace {

using document::Json;

const Json* At(const Json& value, std::string_view path) {
  const Json* at = &value;
  for (const std::string_view part : base::Split(path, '.')) {
    at = at->Find(part);
    if (at == nullptr) return nullptr;
  }
  return at;
}

std::string CsvCell(std::string text) {
  // What a spreadsheet would take for a formula.
  if (!text.empty() && std::string_view("=+-@\t\r").find(text[0]) != std::string_view::npos &&
      !base::ParseInt64(text).has_value()) {
    text.insert(0, 1, '\'');
  }
  if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

// Characters on a terminal: UTF-8 sequences count once.
size_t Width(std::string_view text) {
  return static_cast<size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

bool WantsColor(const Invocation& call, bool is_terminal) {
  const std::string when = call.Text("color", "auto");
  if (when == "always") return true;
  if (when == "never" || std::getenv("NO_COLOR") != nullptr) return false;
  if (const char* force = std::getenv("CLICOLOR_FORCE"); force != nullptr && *force != '0') {
    return true;
  }
  const char* term = std::getenv("TERM");
  return is_terminal && (term == nullptr || std::string_view(term) != "dumb");
}

std::string_view ColorOf(std::string_view cell) {
  if (cell.starts_with("\xe2\x9c\x93 ")) return "\x1b[32m";
  if (cell.starts_with("? ")) return "\x1b[33m";
  if (cell.starts_with("\xe2\x9c\x97 ")) return "\x1b[31m";
  return "";
}

}  // namespace

std::string OutcomeText(std::string_view outcome) {
  if (outcome == "ALLOW") return "\xe2\x9c\x93 ALLOW";
  if (outcome == "QUARANTINE") return "? QUARANTINE";
  if (outcome == "BLOCK") return "\xe2\x9c\x97 BLOCK";
  return std::string(outcome);
}

std::string TextAt(const Json& value, std::string_view path) {
  const Json* at = At(value, path);
  if (at == nullptr || at->is_null()) return "";
  if (at->is_text()) return at->AsText();
  return http::WriteJson(*at);
}

Output::Output(const Invocation& call, std::vector<Column> columns)
    : format_(call.Text("output", call.command->Name() == "decision watch" ? "jsonl" : "table")),
      columns_(std::move(columns)),
      is_quiet_(call.Has("quiet")),
      has_color_(WantsColor(call, isatty(STDOUT_FILENO) == 1)) {
  const std::string fields = call.Text("fields");
  if (fields.empty()) return;
  std::vector<Column> chosen;
  for (const std::string_view field : base::Split(fields, ',')) {
    const auto known = std::find_if(columns_.begin(), columns_.end(),
                                    [field](const Column& c) { return c.path == field; });
    std::string title(field);
    if (known != columns_.end() && !known->title.empty()) title = known->title;
    std::transform(title.begin(), title.end(), title.begin(),
                   [](unsigned char c) { return std::toupper(c); });
    chosen.push_back({std::string(field), title});
  }
  columns_ = std::move(chosen);
}

bool Output::PrintedSchema(const Invocation& call, const std::vector<Column>& columns,
                           bool is_list) {
  if (call.Text("output") != "schema") return false;
  Json properties;
  for (const Column& column : columns) {
    const std::string top = column.path.substr(0, column.path.find('.'));
    Json any = Json::EmptyObject();
    properties.Set(top, std::move(any));
  }
  Json row;
  row.Set("type", "object");
  row.Set("properties", std::move(properties));
  Json schema;
  schema.Set("$schema", "https://json-schema.org/draft/2020-12/schema");
  schema.Set("title", call.command->Name());
  if (is_list) {
    schema.Set("description", "one object of jsonl; json is the document of the REST route");
  }
  for (const auto& [key, value] : row.members()) schema.Set(key, value);
  fmt::print("{}\n", document::Pretty(schema));
  return true;
}

void Output::PrintCsvHead() {
  if (has_head_) return;
  has_head_ = true;
  std::string line;
  for (const Column& column : columns_) line += (line.empty() ? "" : ",") + column.path;
  fmt::print("{}\r\n", line);
}

void Output::Row(const Json& row) {
  ++rows_;
  if (format_ == "jsonl") {
    fmt::print("{}\n", http::WriteJson(row));
    return;
  }
  if (format_ == "csv") {
    PrintCsvHead();
    std::string line;
    for (size_t i = 0; i < columns_.size(); ++i) {
      if (i > 0) line += ',';
      line += CsvCell(TextAt(row, columns_[i].path));
    }
    fmt::print("{}\r\n", line);
    return;
  }
  if (format_ != "table") return;
  std::vector<std::string> cells;
  for (const Column& column : columns_) {
    if (column.title.empty()) continue;
    std::string cell = TextAt(row, column.path);
    if (column.path == "outcome" || column.path.ends_with(".outcome")) cell = OutcomeText(cell);
    cells.push_back(cell.empty() ? "-" : std::move(cell));
  }
  table_.push_back(std::move(cells));
}

void Output::PrintTable() {
  if (table_.empty()) return;
  std::vector<std::string> head;
  for (const Column& column : columns_) {
    if (!column.title.empty()) head.push_back(column.title);
  }
  std::vector<size_t> widths;
  for (const std::string& title : head) widths.push_back(Width(title));
  for (const auto& cells : table_) {
    for (size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], Width(cells[i]));
  }
  const auto print = [&](const std::vector<std::string>& cells, bool is_head) {
    std::string line;
    for (size_t i = 0; i < cells.size(); ++i) {
      const bool is_number = !is_head && base::ParseInt64(cells[i]).has_value();
      const std::string pad(widths[i] - Width(cells[i]), ' ');
      const std::string_view color = has_color_ && !is_head ? ColorOf(cells[i]) : "";
      if (is_number) line += pad;
      line += color;
      line += cells[i];
      if (!color.empty()) line += "\x1b[0m";
      if (!is_number) line += pad;
      line += "  ";
    }
    while (line.ends_with(' ')) line.pop_back();
    fmt::print("{}\n", line);
  };
  print(head, true);
  for (const auto& cells : table_) print(cells, false);
}

void Output::EndList(const Json& whole) {
  if (format_ == "json") {
    fmt::print("{}\n", document::Pretty(whole));
  } else if (format_ == "csv") {
    PrintCsvHead();
  } else if (format_ == "table") {
    PrintTable();
  }
}

void Output::One(const Json& thing) {
  if (format_ == "json") {
    fmt::print("{}\n", document::Pretty(thing));
    return;
  }
  if (format_ != "table") {
    Row(thing);
    return;
  }
  size_t width = 0;
  for (const Column& column : columns_) {
    if (!column.title.empty()) width = std::max(width, Width(column.title));
  }
  for (const Column& column : columns_) {
    if (column.title.empty()) continue;
    std::string cell = TextAt(thing, column.path);
    if (cell.empty()) continue;
    if (column.path == "outcome" || column.path.ends_with(".outcome")) cell = OutcomeText(cell);
    const std::string_view color = has_color_ ? ColorOf(cell) : "";
    fmt::print("{}{}  {}{}{}\n", column.title, std::string(width - Width(column.title), ' '), color,
               cell, color.empty() ? "" : "\x1b[0m");
  }
}

void Output::Note(std::string_view text) const {
  if (!is_quiet_) fmt::print(stderr, "{}\n", text);
}

}  // namespace lineward::cli
