#pragma once

// The strict subset of YAML that our files are written in, as a tree with the place of every value.
//
// Taken: one document of maps, lists and scalars in block or flow style, comments, a BOM, CRLF.
// Refused, each with its place: anchors, aliases, tags, merge keys, a second document, duplicate
// keys, keys that are no text, tabs in indentation, control characters, invalid UTF-8, anything
// over `YamlLimits`. A scalar is its text whatever it looks like (`NO`, `1.10`, `null`); a key
// without a value is `kEmpty`, which no reader of ours takes for a value. Pure, any thread.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/document/place.h"

namespace lineward::document {

struct YamlEntry;

struct YamlNode {
  enum class Kind : uint8_t { kEmpty, kText, kList, kMap };

  Kind kind = Kind::kEmpty;
  Place place;
  std::string text;                // kText
  std::vector<YamlNode> items;     // kList
  std::vector<YamlEntry> entries;  // kMap, in file order, keys unique

  bool is_empty() const { return kind == Kind::kEmpty; }
  bool is_text() const { return kind == Kind::kText; }
  bool is_list() const { return kind == Kind::kList; }
  bool is_map() const { return kind == Kind::kMap; }

  // The value under `key`, or null: no such key, or no map.
  const YamlNode* Find(std::string_view key) const;
};

struct YamlEntry {
  std::string key;
  Place place;  // of the key
  YamlNode value;
};

struct YamlLimits {
  size_t bytes_max = 1 << 20;  // a file that people read is far below it
  size_t depth_max = 32;       // the root map is 1
};

struct YamlProblem {
  Place place;
  bool is_limit = false;  // a limit was passed; else the text is wrong
  std::string message;    // in the style of an error message, without place and file name
};

// `root` is absent if the text could not be read as a whole. Duplicate keys are all reported and
// the first of them kept; after any other problem reading stops.
struct YamlDocument {
  std::optional<YamlNode> root;
  std::vector<YamlProblem> problems;

  bool ok() const { return root.has_value() && problems.empty(); }
};

YamlDocument ParseYaml(std::string_view bytes, const YamlLimits& limits = {});

// "list", "map", "text" or "nothing": for messages.
std::string_view KindName(YamlNode::Kind kind);

}  // namespace lineward::document
