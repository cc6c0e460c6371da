#include "lineward/config/option_table.h"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "config/src/codec.h"
#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/config/reasons.h"
#include "lineward/document/json.h"
#include "lineward/document/nearest.h"
#include "lineward/document/yaml.h"

extern char** environ;

namespace lineward::config {
namespace {

using document::Json;
using document::YamlDocument;
using document::YamlEntry;
using document::YamlNode;

constexpr std::string_view kEnvironmentPrefix = "LINEWARD_";

// Variables that are no options: client defaults and the switches of tests.
constexpr std::string_view kReservedVariables[] = {
    "LINEWARD_CONFIG", "LINEWARD_ENDPOINT", "LINEWARD_PROFILE",  "LINEWARD_TOKEN_FILE",
    "LINEWARD_OUTPUT", "LINEWARD_FAULT",    "LINEWARD_SABOTAGE", "LINEWARD_KAFKA",
    "LINEWARD_DATA",   "LINEWARD_SEED"};

std::string VariableOf(std::string_view key) {
  std::string name(kEnvironmentPrefix);
  for (const char c : key) {
    if (c == '.') {
      name += "__";
    } else {
      name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
  }
  return name;
}

std::string PlaceOf(const std::string& file, const document::Place& place) {
  return fmt::format("{}:{}:{}", file, place.line, place.column);
}

}  // namespace

struct OptionTable::Impl {
  struct Entry {
    std::string key;
    std::string type;
    OptionText text;
    std::string default_value;
    std::string origin = "default";
    bool is_set = false;
    std::function<absl::Status(std::string_view)> read;
    std::function<std::string()> print;
    Json schema;
    bool is_secret = false;
    bool is_list = false;
    bool is_map = false;
    std::map<std::string, std::string>* map_field = nullptr;
    Secret* secret_field = nullptr;
    MakeItems make_items;
    std::shared_ptr<void> sample;
    std::unique_ptr<OptionTable> sample_table;
    std::vector<std::unique_ptr<OptionTable>> items;
  };

  Entry* Add(std::string_view key, std::string_view type, OptionText text) {
    LW_CHECK(!entries.contains(std::string(key)), "option `{}` is bound twice", key);
    LW_CHECK(!text.sentence.empty(), "option `{}` has no sentence", key);
    Entry& entry = entries[std::string(key)];
    entry.key = key;
    entry.type = type;
    entry.text = std::move(text);
    return &entry;
  }

  template <typename T>
  void BindScalar(std::string_view key, T* field, OptionText option) {
    Entry* const entry = Add(key, Codec<T>::kType, std::move(option));
    entry->default_value = Codec<T>::Format(*field);
    entry->print = [field] { return Codec<T>::Format(*field); };
    entry->schema.Set("type", Codec<T>::kSchemaType);
    if (!entry->text.choices.empty()) {
      Json choices = Json::EmptyList();
      for (const std::string_view choice : entry->text.choices) choices.Append(choice);
      entry->schema.Set("enum", choices);
    }
    entry->read = [entry, field](std::string_view value) -> absl::Status {
      LW_ASSIGN_OR_RETURN(const T parsed, Codec<T>::Parse(value));
      LW_RETURN_IF_ERROR(CheckBounds(*entry, value, parsed));
      *field = parsed;
      return absl::OkStatus();
    };
  }

  template <typename T>
  static absl::Status CheckBounds(const Entry& entry, std::string_view value, const T& parsed) {
    const OptionText& text = entry.text;
    if (!text.choices.empty() &&
        std::find(text.choices.begin(), text.choices.end(), value) == text.choices.end()) {
      return base::InvalidArgument(kConfigInvalid, "`{}`: `{}` is none of {}{}", entry.key, value,
                                   fmt::join(text.choices, ", "),
                                   document::NearestHint(value, text.choices));
    }
    if constexpr (Codec<T>::kHasOrder) {
      if (!text.min.empty() && parsed < Codec<T>::Parse(text.min).value()) {
        return base::OutOfRange(kConfigInvalid, "`{}`: `{}` is below the least value {}", entry.key,
                                value, text.min);
      }
      if (!text.max.empty() && parsed > Codec<T>::Parse(text.max).value()) {
        return base::OutOfRange(kConfigInvalid, "`{}`: `{}` is above the greatest value {}",
                                entry.key, value, text.max);
      }
    }
    return absl::OkStatus();
  }

  // One load: gathers findings while it sets fields.
  struct Loader {
    Impl* table;
    const LoadInput* input;
    std::string prefix;  // of keys in messages: `gate.sources[0].`
    std::vector<Finding>* findings;

    void Report(std::string place, std::string message) const {
      findings->push_back({std::move(place), std::move(message)});
    }

    void ReadMap(const YamlNode& map, const std::string& path) const {
      for (const YamlEntry& member : map.entries) {
        const std::string key = path.empty() ? member.key : path + "." + member.key;
        const auto entry = table->entries.find(key);
        if (entry != table->entries.end()) {
          ReadEntry(&entry->second, member);
        } else if (table->IsPrefix(key)) {
          if (member.value.is_map()) {
            ReadMap(member.value, key);
          } else {
            Report(PlaceOf(input->file_name, member.place),
                   fmt::format("`{}{}` is a group of options, not {}", prefix, key,
                               document::KindName(member.value.kind)));
          }
        } else {
          Report(PlaceOf(input->file_name, member.place),
                 fmt::format("unknown option `{}{}`{}", prefix, key,
                             document::NearestHint(key, table->NamesLike(key))));
        }
      }
    }

    void ReadEntry(Entry* entry, const YamlEntry& member) const {
      const std::string place = PlaceOf(input->file_name, member.place);
      const std::string origin = fmt::format("file {}:{}", input->file_name, member.place.line);
      const YamlNode& value = member.value;
      if (entry->make_items) {
        ReadItems(entry, value, place, origin);
      } else if (entry->is_secret) {
        const YamlNode* const file = value.Find("file");
        if (file == nullptr || !file->is_text() || value.entries.size() != 1) {
          Report(place, fmt::format("`{}{}` is a secret: write {{file: NAME}}, never the value",
                                    prefix, entry->key));
          return;
        }
        Apply(entry, file->text, place, origin);
      } else if (entry->is_map) {
        ReadTextMap(entry, value, place, origin);
      } else if (entry->is_list) {
        std::vector<std::string> items;
        bool is_texts = value.is_list();
        for (const YamlNode& item : value.items) {
          is_texts = is_texts && item.is_text();
          items.push_back(item.text);
        }
        if (!is_texts) {
          Report(place, fmt::format("`{}{}` is a list of texts, not {}", prefix, entry->key,
                                    document::KindName(value.kind)));
          return;
        }
        Apply(entry, JoinList(items), place, origin);
      } else if (!value.is_text()) {
        Report(place, fmt::format("`{}{}` is {}, not {}", prefix, entry->key, entry->type,
                                  document::KindName(value.kind)));
      } else {
        Apply(entry, value.text, place, origin);
      }
    }

    void ReadTextMap(Entry* entry, const YamlNode& value, const std::string& place,
                     const std::string& origin) const {
      if (!value.is_map()) {
        Report(place, fmt::format("`{}{}` is a map, not {}", prefix, entry->key,
                                  document::KindName(value.kind)));
        return;
      }
      entry->map_field->clear();
      for (const YamlEntry& member : value.entries) {
        if (!member.value.is_text()) {
          Report(PlaceOf(input->file_name, member.place),
                 fmt::format("`{}{}.{}` is a text, not {}", prefix, entry->key, member.key,
                             document::KindName(member.value.kind)));
          continue;
        }
        (*entry->map_field)[member.key] = member.value.text;
      }
      entry->origin = origin;
      entry->is_set = true;
    }

    void ReadItems(Entry* entry, const YamlNode& value, const std::string& place,
                   const std::string& origin) const {
      if (!value.is_list()) {
        Report(place, fmt::format("`{}{}` is a list, not {}", prefix, entry->key,
                                  document::KindName(value.kind)));
        return;
      }
      entry->items = entry->make_items(value.items.size());
      for (size_t i = 0; i < value.items.size(); ++i) {
        if (!value.items[i].is_map()) {
          Report(PlaceOf(input->file_name, value.items[i].place),
                 fmt::format("`{}{}[{}]` is a map, not {}", prefix, entry->key, i,
                             document::KindName(value.items[i].kind)));
          continue;
        }
        const Loader inner{entry->items[i]->impl_.get(), input,
                           fmt::format("{}{}[{}].", prefix, entry->key, i), findings};
        inner.ReadMap(value.items[i], "");
      }
      entry->origin = origin;
      entry->is_set = true;
    }

    void Apply(Entry* entry, std::string_view value, const std::string& place,
               const std::string& origin) const {
      absl::Status status = entry->read(value);
      if (status.ok() && entry->is_secret) status = ReadSecret(entry->secret_field);
      if (!status.ok()) {
        std::string message(base::MessageOf(status));
        if (message.find(entry->key) == std::string::npos) {
          message = fmt::format("`{}{}`: {}", prefix, entry->key, message);
        }
        Report(place, std::move(message));
        return;
      }
      entry->origin = origin;
      entry->is_set = true;
    }

    absl::Status ReadSecret(Secret* secret) const {
      const std::filesystem::path named(secret->file);
      const std::string path =
          named.is_absolute() ? secret->file
                              : (std::filesystem::path(input->secrets_folder) / named).string();
      struct stat status{};
      if (::stat(path.c_str(), &status) != 0) {
        return base::InvalidArgument(kConfigInvalid, "secret file `{}` cannot be read", path);
      }
      if ((status.st_mode & 077) != 0) {
        return base::InvalidArgument(
            kConfigInvalid, "secret file `{}` may be read by others (mode {:o}, wanted 0400)", path,
            status.st_mode & 0777);
      }
      std::ifstream file(path, std::ios::binary);
      std::ostringstream content;
      content << file.rdbuf();
      secret->value = content.str();
      if (!file.good() && !file.eof()) {
        return base::InvalidArgument(kConfigInvalid, "secret file `{}` cannot be read", path);
      }
      if (!secret->value.empty() && secret->value.back() == '\n') secret->value.pop_back();
      return absl::OkStatus();
    }
  };

  bool IsPrefix(const std::string& key) const {
    const auto at = entries.lower_bound(key + ".");
    return at != entries.end() && at->first.starts_with(key + ".");
  }

  // Keys to compare a wrong one with: all options and their groups.
  std::vector<std::string> NamesLike(const std::string& key) const {
    std::vector<std::string> names;
    for (const auto& [name, entry] : entries) {
      names.push_back(name);
      for (size_t dot = name.find('.'); dot != std::string::npos; dot = name.find('.', dot + 1)) {
        names.push_back(name.substr(0, dot));
      }
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    std::erase_if(names, [&key](const std::string& name) { return name == key; });
    return names;
  }

  void ReadEnvironment(const Loader& loader) {
    std::map<std::string, std::map<uint64_t, std::string>> indexed;
    std::vector<std::string> variables;
    for (auto& [key, entry] : entries) {
      variables.push_back(VariableOf(key) + (entry.is_secret ? "_FILE" : ""));
    }
    for (const Setting& setting : loader.input->environment) {
      if (std::find(std::begin(kReservedVariables), std::end(kReservedVariables), setting.name) !=
          std::end(kReservedVariables)) {
        continue;
      }
      const std::string place = "environment " + setting.name;
      bool is_known = false;
      for (auto& [key, entry] : entries) {
        if (entry.make_items || entry.is_map) continue;
        const std::string variable = VariableOf(key) + (entry.is_secret ? "_FILE" : "");
        if (setting.name == variable) {
          is_known = true;
          loader.Apply(&entry, setting.value, place, place);
        } else if (entry.is_list && setting.name.starts_with(variable + "__")) {
          const auto index = base::ParseUint64(setting.name.substr(variable.size() + 2));
          if (!index.has_value()) continue;
          is_known = true;
          indexed[key][*index] = setting.value;
        }
      }
      if (!is_known) {
        loader.Report(place, fmt::format("unknown option `{}`{}", setting.name,
                                         document::NearestHint(setting.name, variables)));
      }
    }
    for (const auto& [key, values] : indexed) {
      std::vector<std::string> items;
      for (const auto& [index, value] : values) items.push_back(value);
      const std::string place = "environment " + VariableOf(key) + "__0";
      loader.Apply(&entries.find(key)->second, JoinList(items), place, place);
    }
  }

  void ReadFlags(const Loader& loader) {
    for (const Setting& flag : loader.input->flags) {
      const std::string place = "flag " + flag.name;
      const auto entry = entries.find(flag.name);
      if (entry == entries.end()) {
        loader.Report(place, fmt::format("unknown option `{}`{}", flag.name,
                                         document::NearestHint(flag.name, NamesLike(flag.name))));
      } else if (entry->second.make_items || entry->second.is_map) {
        loader.Report(place, fmt::format("`{}` can be set in the file only", flag.name));
      } else {
        loader.Apply(&entry->second, flag.value, place, place);
      }
    }
  }

  std::map<std::string, Entry> entries;
};

OptionTable::OptionTable() : impl_(std::make_unique<Impl>()) {}
OptionTable::~OptionTable() = default;

void OptionTable::Bind(std::string_view key, bool* field, OptionText text) {
  impl_->BindScalar(key, field, std::move(text));
}
void OptionTable::Bind(std::string_view key, int64_t* field, OptionText text) {
  impl_->BindScalar(key, field, std::move(text));
}
void OptionTable::Bind(std::string_view key, double* field, OptionText text) {
  if (text.min.empty()) text.min = "0";
  if (text.max.empty()) text.max = "1";
  impl_->BindScalar(key, field, std::move(text));
}
void OptionTable::Bind(std::string_view key, absl::Duration* field, OptionText text) {
  impl_->BindScalar(key, field, std::move(text));
}
void OptionTable::Bind(std::string_view key, ByteSize* field, OptionText text) {
  impl_->BindScalar(key, field, std::move(text));
}
void OptionTable::Bind(std::string_view key, std::string* field, OptionText text) {
  impl_->BindScalar(key, field, std::move(text));
}
void OptionTable::Bind(std::string_view key, Address* field, OptionText text) {
  impl_->BindScalar(key, field, std::move(text));
}

void OptionTable::Bind(std::string_view key, std::vector<std::string>* field, OptionText text) {
  impl_->BindScalar(key, field, std::move(text));
  Impl::Entry& entry = impl_->entries.find(std::string(key))->second;
  entry.is_list = true;
  entry.schema = Json();
  Json items;
  items.Set("type", "string");
  entry.schema.Set("type", "array").Set("items", items);
}

void OptionTable::Bind(std::string_view key, Secret* field, OptionText text) {
  Impl::Entry* const entry = impl_->Add(key, "secret", std::move(text));
  entry->is_secret = true;
  entry->secret_field = field;
  entry->print = [field]() -> std::string { return field->is_given() ? "***" : ""; };
  entry->read = [field](std::string_view value) -> absl::Status {
    field->file = value;
    return absl::OkStatus();
  };
  Json file;
  file.Set("type", "string");
  Json properties;
  properties.Set("file", file);
  entry->schema.Set("type", "object").Set("properties", properties);
  entry->schema.Set("additionalProperties", false);
}

void OptionTable::Bind(std::string_view key, std::map<std::string, std::string>* field,
                       OptionText text) {
  Impl::Entry* const entry = impl_->Add(key, "map", std::move(text));
  entry->is_map = true;
  entry->map_field = field;
  entry->print = [field] {
    std::vector<std::string> members;
    for (const auto& [name, value] : *field) members.push_back(name + ": " + value);
    return fmt::format("{{{}}}", fmt::join(members, ", "));
  };
  entry->default_value = entry->print();
  Json values;
  values.Set("type", "string");
  entry->schema.Set("type", "object").Set("additionalProperties", values);
}

void OptionTable::BindItems(std::string_view key, OptionText text, MakeItems make,
                            std::unique_ptr<OptionTable> sample_table,
                            std::shared_ptr<void> sample) {
  Impl::Entry* const entry = impl_->Add(key, "list of maps", std::move(text));
  entry->make_items = std::move(make);
  entry->sample = std::move(sample);
  entry->sample_table = std::move(sample_table);
  entry->print = [entry] {
    std::vector<std::string> items;
    for (const auto& item : entry->items) {
      std::vector<std::string> members;
      for (const auto& [name, member] : item->impl_->entries) {
        if (member.is_set) members.push_back(name + ": " + member.print());
      }
      items.push_back(fmt::format("{{{}}}", fmt::join(members, ", ")));
    }
    return fmt::format("[{}]", fmt::join(items, ", "));
  };
  entry->default_value = "[]";
  Json properties = Json::EmptyObject();
  for (const auto& [name, member] : entry->sample_table->impl_->entries) {
    properties.Set(name, member.schema);
  }
  Json item;
  item.Set("type", "object").Set("properties", properties).Set("additionalProperties", false);
  entry->schema.Set("type", "array").Set("items", item);
}

std::vector<Finding> OptionTable::Load(const LoadInput& input) {
  std::vector<Finding> findings;
  const Impl::Loader loader{impl_.get(), &input, "", &findings};
  if (!input.file_name.empty()) {
    const YamlDocument file = document::ParseYaml(input.file_bytes);
    for (const auto& problem : file.problems) {
      loader.Report(PlaceOf(input.file_name, problem.place), problem.message);
    }
    if (file.root.has_value() && file.root->is_map()) {
      loader.ReadMap(*file.root, "");
    } else if (file.root.has_value() && !file.root->is_empty()) {
      loader.Report(
          PlaceOf(input.file_name, file.root->place),
          fmt::format("the configuration is a map, not {}", document::KindName(file.root->kind)));
    }
  }
  impl_->ReadEnvironment(loader);
  impl_->ReadFlags(loader);
  return findings;
}

std::vector<std::string> OptionTable::Keys() const {
  std::vector<std::string> keys;
  for (const auto& [key, entry] : impl_->entries) keys.push_back(key);
  return keys;
}

std::string OptionTable::Print(bool with_origin) const {
  std::string text;
  for (const auto& [key, entry] : impl_->entries) {
    text += fmt::format("{}: {}", key, entry.print());
    if (with_origin) text += fmt::format("  # {}", entry.origin);
    text += '\n';
  }
  return text;
}

std::string OptionTable::JsonSchema() const {
  // Groups nest: `gate.commit_interval` is the property `commit_interval` of the object `gate`.
  const std::function<Json(const std::string&)> group = [&](const std::string& prefix) {
    Json properties = Json::EmptyObject();
    for (const auto& [key, entry] : impl_->entries) {
      if (!key.starts_with(prefix)) continue;
      const std::string rest = key.substr(prefix.size());
      const size_t dot = rest.find('.');
      if (dot == std::string::npos) {
        Json schema = entry.schema;
        schema.Set("description", entry.text.sentence);
        properties.Set(rest, schema);
      } else if (properties.Find(rest.substr(0, dot)) == nullptr) {
        properties.Set(rest.substr(0, dot), group(prefix + rest.substr(0, dot + 1)));
      }
    }
    Json object;
    object.Set("type", "object");
    object.Set("properties", properties);
    object.Set("additionalProperties", false);
    return object;
  };
  Json schema;
  schema.Set("$schema", "https://json-schema.org/draft/2020-12/schema");
  schema.Set("title", "lineward.yaml");
  const Json root = group("");
  for (const auto& [name, value] : root.members()) schema.Set(name, value);
  return document::Pretty(schema) + "\n";
}

std::string OptionTable::Docs() const {
  std::string text = "| option | type | default | bounds | meaning |\n|---|---|---|---|---|\n";
  for (const auto& [key, entry] : impl_->entries) {
    text += fmt::format("| `{}` | {} | {} | {} | {}{} |\n", key, entry.type,
                        entry.default_value.empty() ? "" : "`" + entry.default_value + "`",
                        BoundsText(entry.text), entry.text.sentence,
                        entry.text.needs_restart ? "" : " Reloadable.");
    if (!entry.make_items) continue;
    for (const auto& [name, member] : entry.sample_table->impl_->entries) {
      text += fmt::format("| `{}[].{}` | {} | {} | {} | {} |\n", key, name, member.type,
                          member.default_value.empty() ? "" : "`" + member.default_value + "`",
                          BoundsText(member.text), member.text.sentence);
    }
  }
  return text;
}

std::string OptionTable::DefaultFile() const {
  std::string text;
  std::vector<std::string_view> open;
  for (const auto& [key, entry] : impl_->entries) {
    const auto path = base::Split(key, '.');
    size_t shared = 0;
    while (shared < open.size() && shared + 1 < path.size() && open[shared] == path[shared]) {
      ++shared;
    }
    open.resize(shared);
    for (; shared + 1 < path.size(); ++shared) {
      text += fmt::format("{:{}}# {}:\n", "", shared * 2, path[shared]);
      open.push_back(path[shared]);
    }
    const size_t indent = (path.size() - 1) * 2;
    const std::string bounds = BoundsText(entry.text);
    text += fmt::format("{:{}}# # {}{}\n", "", indent, entry.text.sentence,
                        bounds.empty() ? "" : " (" + bounds + ")");
    std::string value(entry.text.example);
    if (value.empty()) value = entry.is_secret ? "{file: NAME}" : entry.default_value;
    if (value.empty()) value = "\"\"";
    text += fmt::format("{:{}}# {}: {}\n", "", indent, path.back(), value);
  }
  return text;
}

std::string FormatFindings(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& finding : findings) {
    if (!text.empty()) text += '\n';
    text += finding.place + ": " + finding.message;
  }
  return text;
}

std::vector<Setting> ReadEnvironment() {
  std::vector<Setting> settings;
  for (char** variable = environ; *variable != nullptr; ++variable) {
    const std::string_view text(*variable);
    const size_t equals = text.find('=');
    if (!text.starts_with(kEnvironmentPrefix) || equals == std::string_view::npos) continue;
    settings.push_back({std::string(text.substr(0, equals)), std::string(text.substr(equals + 1))});
  }
  std::sort(settings.begin(), settings.end(),
            [](const Setting& a, const Setting& b) { return a.name < b.name; });
  return settings;
}

}  // namespace lineward::config
