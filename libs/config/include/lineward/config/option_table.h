#pragma once

// One declaration per option: key, sentence, bounds, bound to the field that holds it, whose
// initialiser is the default. From the table come the strict reading of file, environment and
// flags, the effective print with origins, the JSON Schema, docs/CONFIG.md and
// config/lineward.yaml.
//
// Order of precedence: flag > environment > file > default. An unknown or repeated key, a wrong
// type and a value out of bounds are findings, all of them reported at once. Environment name: `.`
// becomes
// `__`, upper case, prefix `LINEWARD_` (`gate.commit_interval` = LINEWARD_GATE__COMMIT_INTERVAL).
//
// A table does not own the fields; they must outlive it. Not thread-safe.

#include <absl/time/time.h>

#include <cstdint>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/config/values.h"

namespace lineward::config {

// What all options have. `min` and `max` are inclusive and written like the value (`10ms`, `1s`).
struct OptionText {
  std::string_view sentence;      // for people, with its final stop
  bool needs_restart = true;      // false: a reload takes it
  std::string_view example = {};  // for docs and config/lineward.yaml; else the default
  std::string_view min = {};
  std::string_view max = {};
  std::vector<std::string_view> choices = {};  // the only values that a text may have
};

struct Finding {
  std::string place;    // `lineward.yaml:12:3`, `environment LINEWARD_X`, `flag --x`
  std::string message;  // with the nearest known name or the bound
};

struct Setting {
  std::string name;
  std::string value;
};

struct LoadInput {
  std::string file_name;             // as shown in findings; empty = no file
  std::string file_bytes;            // at most 1 MiB
  std::vector<Setting> environment;  // LINEWARD_* variables only
  std::vector<Setting> flags;        // key=value
  std::string secrets_folder;        // where `{file: NAME}` is looked up
};

class OptionTable {
 public:
  OptionTable();
  ~OptionTable();
  OptionTable(const OptionTable&) = delete;
  OptionTable& operator=(const OptionTable&) = delete;

  void Bind(std::string_view key, bool* field, OptionText text);
  void Bind(std::string_view key, int64_t* field, OptionText text);
  void Bind(std::string_view key, double* field, OptionText text);  // a ratio, 0 to 1
  void Bind(std::string_view key, absl::Duration* field, OptionText text);
  void Bind(std::string_view key, ByteSize* field, OptionText text);
  void Bind(std::string_view key, std::string* field, OptionText text);
  void Bind(std::string_view key, Address* field, OptionText text);
  void Bind(std::string_view key, Secret* field, OptionText text);
  void Bind(std::string_view key, std::vector<std::string>* field, OptionText text);
  // A map of text to text with free keys (`kafka.librdkafka`).
  void Bind(std::string_view key, std::map<std::string, std::string>* field, OptionText text);

  // A list of objects: `bind(item, table)` binds the fields of one item by their short keys.
  // Items come from the file only, as a whole list.
  template <typename T>
  void BindList(std::string_view key, std::vector<T>* field, OptionText text,
                void (*bind)(T* item, OptionTable* table)) {
    const auto make = [field, bind](size_t count) {
      field->assign(count, T{});
      std::vector<std::unique_ptr<OptionTable>> tables;
      for (T& item : *field) {
        tables.push_back(std::make_unique<OptionTable>());
        bind(&item, tables.back().get());
      }
      return tables;
    };
    auto sample = std::make_shared<T>();
    auto sample_table = std::make_unique<OptionTable>();
    bind(sample.get(), sample_table.get());
    BindItems(key, std::move(text), make, std::move(sample_table), std::move(sample));
  }

  // Sets every field that file, environment or flags name. The findings are empty if all is well;
  // else the fields hold whatever was readable and must not be used.
  std::vector<Finding> Load(const LoadInput& input);

  // All keys, sorted.
  std::vector<std::string> Keys() const;
  // `key: value` lines as effective now; with `origin`, each followed by `# <where it came from>`.
  std::string Print(bool with_origin) const;
  // JSON Schema (draft 2020-12) of the file.
  std::string JsonSchema() const;
  // The table of docs/CONFIG.md, Markdown.
  std::string Docs() const;
  // config/lineward.yaml: every option, commented out, with sentence, bounds and example.
  std::string DefaultFile() const;

 private:
  using MakeItems = std::function<std::vector<std::unique_ptr<OptionTable>>(size_t count)>;
  // `sample` keeps alive the item that `sample_table` is bound to: what schema and docs describe.
  void BindItems(std::string_view key, OptionText text, MakeItems make,
                 std::unique_ptr<OptionTable> sample_table, std::shared_ptr<void> sample);

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// `place: message` lines joined by LF.
std::string FormatFindings(const std::vector<Finding>& findings);

// The LINEWARD_* variables of this process, sorted by name.
std::vector<Setting> ReadEnvironment();

}  // namespace lineward::config
