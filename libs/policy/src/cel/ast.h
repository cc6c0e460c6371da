#pragma once

// The checked tree: names resolved, functions chosen, each node with its type. Owns its texts; a
// value, immutable once made; any thread.

#include <cstdint>
#include <string>
#include <vector>

#include "policy/src/cel/env.h"
#include "policy/src/cel/library.h"
#include "policy/src/cel/syntax.h"
#include "policy/src/cel/type.h"
#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

enum class NodeKind : uint8_t {
  kConstant,
  kVariable,     // index: in the activation
  kLocal,        // index: of the enclosing macros from the outside
  kSelect,       // text: the field
  kHas,          // text: the field
  kHasVariable,  // index
  kCall,         // function
  kHostCall,     // index: the function of the env
  kAnd,
  kOr,
  kConditional,
  kList,
  kMap,      // keys and values in turn
  kMacro,    // range, body, and of kMapIf the transformation
  kFailure,  // of the unchecked language: what the checker could not resolve
};

struct Node {
  NodeKind kind = NodeKind::kConstant;
  Macro macro = Macro::kAll;
  Function function = Function::kAdd;
  uint32_t index = 0;
  uint32_t offset = 0;  // in the source
  Type type = {};
  Value constant = {};  // also the failure of kFailure
  std::string_view text = {};
  std::vector<NodeId> children = {};
};

struct Ast {
  Syntax syntax;  // texts of constants and fields live here
  std::vector<Node> nodes;
  NodeId root = 0;

  const Node& node(NodeId id) const { return nodes[id]; }
  const Type& type() const { return nodes[root].type; }
};

}  // namespace lineward::policy::cel
