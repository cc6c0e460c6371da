#pragma once

// The tree as it was written, with the place of each node; operators are calls named by their
// symbol. Owns its texts; a value, immutable once parsed and expanded.

#include <cstdint>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

using NodeId = uint32_t;

enum class SyntaxKind : uint8_t {
  kLiteral,
  kName,    // text
  kSelect,  // text of children[0]
  kCall,    // text(children), or children[0].text(rest)
  kList,
  kMap,    // keys and values in turn
  kHas,    // children[0].text is there
  kMacro,  // children: range, body, and of `map` with a condition its transformation
};

enum class Macro : uint8_t { kAll, kExists, kExistsOne, kFilter, kMap, kMapIf };

// Names of operators in calls; a function cannot have them.
inline constexpr std::string_view kNegationSymbol = "-_";
inline constexpr std::string_view kIndexingSymbol = "[]";
inline constexpr std::string_view kConditionalSymbol = "?:";

struct SyntaxNode {
  SyntaxKind kind = SyntaxKind::kLiteral;
  Macro macro = Macro::kAll;
  bool is_operator = false;
  bool is_absolute = false;  // a name with a leading dot
  bool has_target = false;
  bool is_quoted = false;  // a field in back-quotes: never part of a longer name
  uint32_t offset = 0;     // of an operator the symbol, else where the node starts
  uint32_t depth = 1;
  std::string text = {};  // name, field, function; the variable of a macro
  Value literal = {};
  std::vector<NodeId> children = {};
};

struct Syntax {
  std::string source;
  std::deque<SyntaxNode> nodes;
  NodeId root = 0;

  const SyntaxNode& node(NodeId id) const { return nodes[id]; }
};

}  // namespace lineward::policy::cel
