#include "policy/src/cel/folding.h"

#include <algorithm>
#include <cstdint>

namespace lineward::policy::cel {
namespace {

constexpr size_t kKeptBytesMax = 64 << 10;

constexpr int64_t kOpen = -1;            // depends on the evaluation
constexpr int64_t kClosed = UINT32_MAX;  // depends on nothing

// Otherwise the outermost macro whose element the node reads. Children stand before their parents.
int64_t OuterLocal(const Node& node, const std::vector<int64_t>& outer) {
  switch (node.kind) {
    case NodeKind::kVariable:
    case NodeKind::kHasVariable:
    case NodeKind::kHostCall:
    case NodeKind::kFailure:
      return kOpen;
    case NodeKind::kLocal:
      return node.index;
    default:
      break;
  }
  const bool names_zone = node.kind == NodeKind::kCall && node.function >= Function::kGetFullYear &&
                          node.children.size() == 2;
  int64_t least = names_zone ? kOpen : kClosed;
  for (size_t i = 0; i < node.children.size(); ++i) {
    int64_t child = outer[node.children[i]];
    // The element of the macro itself is bound in its bodies.
    if (node.kind == NodeKind::kMacro && i > 0 && child == node.index) child = kClosed;
    least = std::min(least, child);
  }
  return least;
}

size_t BytesOf(const Value& value, size_t left) {
  if (left == 0) return 1;
  size_t bytes = sizeof(Value);
  if (value.is(Kind::kString) || value.is(Kind::kBytes)) bytes += value.size();
  if (!value.is(Kind::kList) && !value.is(Kind::kMap)) return bytes;
  for (const Value& item : value.is(Kind::kList) ? value.items() : value.entries()) {
    if (bytes >= left) break;
    bytes += BytesOf(item, left - bytes);
  }
  return bytes;
}

Value Copy(const Value& value, Program* program) {
  switch (value.kind()) {
    case Kind::kString:
      return Value::String(program->texts.emplace_back(value.text()));
    case Kind::kBytes:
      return Value::Bytes(program->texts.emplace_back(value.text()));
    case Kind::kList:
    case Kind::kMap: {
      std::vector<Value> items;
      const bool is_list = value.is(Kind::kList);
      for (const Value& item : is_list ? value.items() : value.entries()) {
        items.push_back(Copy(item, program));
      }
      const std::vector<Value>& kept = program->values.emplace_back(std::move(items));
      return is_list ? Value::List(kept) : Value::Map(kept);
    }
    default:
      return value;
  }
}

}  // namespace

std::vector<bool> ConstantNodes(const Ast& ast) {
  std::vector<int64_t> outer;
  std::vector<bool> are_constant;
  for (const Node& node : ast.nodes) {
    outer.push_back(OuterLocal(node, outer));
    are_constant.push_back(outer.back() == kClosed);
  }
  return are_constant;
}

std::optional<Value> Keep(const Value& value, Program* program) {
  if (BytesOf(value, kKeptBytesMax) >= kKeptBytesMax) return std::nullopt;
  return Copy(value, program);
}

}  // namespace lineward::policy::cel
