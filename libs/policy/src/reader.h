#pragma once

// Typed reading of a file's tree: each reader takes the value of one key, reports what is wrong
// with it and goes on, so that all findings of a set come at once. Not thread-safe.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/document/yaml.h"
#include "lineward/policy/findings.h"
#include "lineward/policy/source.h"

namespace lineward::policy {

// `id` of policy-files design, section 1, and `id@digits`.
bool IsId(std::string_view text);
bool IsPid(std::string_view text);

// A finite JSON number; its canonical text is the shortest that reads back.
std::optional<double> ParseDouble(std::string_view text);
std::string FormatDouble(double value);

// A range of names with what each stands for.
template <typename T>
using Words = std::initializer_list<std::pair<std::string_view, T>>;

class Reader {
 public:
  // `is_canonical`: times are µs since 1970, as in canonical bytes.
  Reader(Findings* findings, std::string file, uint32_t index, bool is_canonical)
      : findings_(findings), file_(std::move(file)), index_(index), is_canonical_(is_canonical) {}

  Origin At(const document::YamlNode& node) const { return {index_, node.place}; }
  const std::string& file() const { return file_; }
  bool is_canonical() const { return is_canonical_; }
  Findings* findings() const { return findings_; }
  // The file's bytes, which must outlive the reader: places inside scalars are found in them.
  void SetBytes(std::string_view bytes) { bytes_ = bytes; }
  // Of byte `offset` of a scalar's text; the scalar's own without the file's bytes.
  document::Place PlaceIn(const document::YamlNode& scalar, size_t offset) const;
  // The rule that findings are about from now on.
  void SetRule(std::string rule) { rule_ = std::move(rule); }

  void Error(uint16_t code, document::Place place, std::string message);

  // True if `node` is a map, after a finding for each key that is not one of `keys` and each
  // without a value. Words of `what`: "a rule".
  bool Map(const document::YamlNode& node, std::string_view what,
           std::span<const std::string_view> keys);
  // The items of a list; empty after a finding if it is none. `required`: absent is a finding.
  const std::vector<document::YamlNode>& List(const document::YamlNode& map, std::string_view key,
                                              bool required = false);

  // Values of keys; nullopt if absent (a finding if `required`) or wrong (a finding).
  std::optional<std::string> Text(const document::YamlNode& map, std::string_view key,
                                  bool required = false);
  std::optional<std::string> Id(const document::YamlNode& map, std::string_view key,
                                bool required = true);
  std::optional<std::string> Pid(const document::YamlNode& map, std::string_view key,
                                 bool required = true);
  std::optional<int64_t> Int(const document::YamlNode& map, std::string_view key, int64_t min,
                             int64_t max, bool required = false);
  bool Bool(const document::YamlNode& map, std::string_view key, bool otherwise);
  std::optional<int64_t> Time(const document::YamlNode& map, std::string_view key);
  Window WindowOf(const document::YamlNode& map, std::string_view key);
  // A list of texts, each once, sorted; `code` LP110 if over kValuesPerListMax and `is_limited`.
  std::vector<std::string> Texts(const document::YamlNode& map, std::string_view key,
                                 bool required = false, bool is_limited = true);

  template <typename T>
  std::optional<T> Word(const document::YamlNode& map, std::string_view key, Words<T> words,
                        bool required = false) {
    const document::YamlNode* node = map.Find(key);
    const std::optional<std::string> text = Text(map, key, required);
    if (!text.has_value()) return std::nullopt;
    std::vector<std::string_view> names;
    for (const auto& [name, value] : words) {
      if (name == *text) return value;
      names.push_back(name);
    }
    NoSuchWord(node->place, key, *text, names);
    return std::nullopt;
  }

 private:
  void NoSuchWord(document::Place place, std::string_view key, std::string_view text,
                  std::span<const std::string_view> names);

  Findings* const findings_;
  const std::string file_;
  const uint32_t index_;
  const bool is_canonical_;
  std::string_view bytes_;
  std::string rule_;
};

}  // namespace lineward::policy
