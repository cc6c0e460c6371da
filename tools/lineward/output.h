#pragma once

// Answers on stdout in the asked format: `table` for people; json, jsonl, csv, schema are contracts
// with the REST fields. Everything else goes to stderr. One thread.

#include <string>
#include <string_view>
#include <vector>

#include "lineward/document/json.h"
#include "tools/lineward/cli.h"

namespace lineward::cli {

// A field of an answer: where it stands (`log.entry`) and its heading in a table; a field without
// a heading is in the other formats only.
struct Column {
  std::string path;
  std::string title;
};

class Output {
 public:
  // `--output schema`: prints the JSON Schema of one row and gives true; the command is done.
  static bool PrintedSchema(const Invocation& call, const std::vector<Column>& columns,
                            bool is_list);

  Output(const Invocation& call, std::vector<Column> columns);

  // One row of a list.
  void Row(const document::Json& row);
  // Ends a list; `whole` is the `json` document (its rows in REST's own shape).
  void EndList(const document::Json& whole);
  // A single thing.
  void One(const document::Json& thing);

  // To stderr, unless --quiet.
  void Note(std::string_view text) const;

  bool is_table() const { return format_ == "table"; }
  bool is_json() const { return format_ == "json"; }
  size_t rows() const { return rows_; }

 private:
  void PrintTable();
  void PrintCsvHead();

  const std::string format_;
  std::vector<Column> columns_;
  const bool is_quiet_;
  const bool has_color_;
  std::vector<std::vector<std::string>> table_;
  size_t rows_ = 0;
  bool has_head_ = false;
};

// The value at the dotted `path` as text: lists and objects as JSON; empty if absent.
std::string TextAt(const document::Json& value, std::string_view path);

// `✓ ALLOW`, `? QUARANTINE`, `✗ BLOCK`.
std::string OutcomeText(std::string_view outcome);

}  // namespace lineward::cli
