#include "tests/conformance/cel/cases.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdlib>
#include <filesystem>
#include <limits>

#include "lineward/base/check.h"
#include "lineward/base/strings.h"
#include "policy/src/cel/times.h"
#include "tests/support/shared_data.h"

namespace lineward::policy::cel {
namespace {

using document::Json;

const std::string kFolder = LINEWARD_SOURCE_DIR "/tests/conformance/cel";

const std::string& TextOf(const Json& object, std::string_view key) {
  static const std::string& empty = *new std::string();
  const Json* found = object.Find(key);
  return found == nullptr ? empty : found->AsText();
}

bool IsSet(const Json& object, std::string_view key) {
  const Json* found = object.Find(key);
  return found != nullptr && found->AsBool();
}

double DoubleFrom(const Json& number) {
  if (!number.is_text()) return number.AsDouble();
  if (number.AsText() == "NaN") return std::numeric_limits<double>::quiet_NaN();
  const double infinity = std::numeric_limits<double>::infinity();
  return number.AsText() == "Infinity" ? infinity : -infinity;
}

// A `cel.expr.Type` of the kinds that Tier A has.
Type TypeFrom(const Json& type) {
  if (const Json* primitive = type.Find("primitive")) {
    const std::string& name = primitive->AsText();
    return *Type::Parse(name == "INT64"    ? "int"
                        : name == "UINT64" ? "uint"
                        : name == "BOOL"   ? "bool"
                        : name == "DOUBLE" ? "double"
                        : name == "STRING" ? "string"
                                           : "bytes");
  }
  if (const Json* list = type.Find("listType"))
    return Type::List(TypeFrom(*list->Find("elemType")));
  if (const Json* map = type.Find("mapType")) {
    return Type::Map(TypeFrom(*map->Find("keyType")), TypeFrom(*map->Find("valueType")));
  }
  if (TextOf(type, "messageType") == "google.protobuf.Duration") return TypeKind::kDuration;
  LW_CHECK(type.Find("null") != nullptr, "{}", document::Canonical(type));
  return TypeKind::kNull;
}

bool AreMapsSame(const Value& a, const Value& b) {
  for (size_t i = 0; i < a.entries().size(); i += 2) {
    bool is_found = false;
    for (size_t j = 0; j < b.entries().size(); j += 2) {
      is_found = is_found || (IsSame(a.entries()[i], b.entries()[j]) &&
                              IsSame(a.entries()[i + 1], b.entries()[j + 1]));
    }
    if (!is_found) return false;
  }
  return true;
}

}  // namespace

std::optional<Cases> Cases::Load(std::string* reason) {
  if (!std::filesystem::exists(kFolder + "/node_modules")) {
    *reason = "no tests/conformance/cel/node_modules: `tools/dev setup` installs them with Node";
    return std::nullopt;
  }
  const std::string file = LINEWARD_BINARY_DIR "/cel_tests.json";
  const std::string command = fmt::format("node {}/write_tests.js {}", kFolder, file);
  if (std::system(command.c_str()) != 0) {
    *reason = "`" + command + "` failed";
    return std::nullopt;
  }
  const auto tests = document::ParseJson(support::ReadFile(file));
  LW_CHECK(tests.ok(), "{}", tests.status().ToString());
  Cases cases;
  for (const Json& test : tests->items()) cases.Read(test);
  return cases;
}

void Cases::Read(const Json& test) {
  Case& one = list_.emplace_back();
  one.id = TextOf(test, "id");
  one.suite = TextOf(test, "suite");
  one.expression = TextOf(test, "expr");
  one.env.container = TextOf(test, "container");
  one.env.is_dynamic = IsSet(test, "disableCheck");
  if (const Json* declared = test.Find("typeEnv")) {
    for (const Json& variable : declared->items()) {
      const Json* type = variable.Find("ident")->Find("type");
      one.env.variables.push_back({TextOf(variable, "name"), TypeFrom(*type)});
    }
  }
  one.variables.assign(one.env.variables.size(), Value::Failed(Failure::kAbsent));
  if (const Json* bindings = test.Find("bindings")) {
    for (const auto& [name, binding] : bindings->members()) {
      for (size_t i = 0; i < one.env.variables.size(); ++i) {
        if (one.env.variables[i].name != name) continue;
        one.variables[i] = ValueOf(*binding.Find("value"));
      }
    }
  }
  if (const Json* value = test.Find("value")) {
    one.expected = ValueOf(*value);
  } else {
    LW_CHECK(test.Find("evalError") != nullptr, "{}", one.id);
  }
}

Value Cases::Text(std::string text, bool is_string) {
  const std::string& kept = texts_.emplace_back(std::move(text));
  return is_string ? Value::String(kept) : Value::Bytes(kept);
}

Value Cases::ListOf(const Json& list) {
  std::vector<Value> items;
  if (const Json* values = list.Find("values")) {
    for (const Json& value : values->items()) items.push_back(ValueOf(value));
  }
  return Value::List(values_.emplace_back(std::move(items)));
}

Value Cases::MapOf(const Json& map) {
  std::vector<Value> items;
  if (const Json* entries = map.Find("entries")) {
    for (const Json& entry : entries->items()) {
      items.push_back(ValueOf(*entry.Find("key")));
      items.push_back(ValueOf(*entry.Find("value")));
    }
  }
  return Value::Map(values_.emplace_back(std::move(items)));
}

Value Cases::ValueOf(const Json& value) {
  const auto& [kind, content] = value.members().front();
  if (kind == "nullValue") return {};
  if (kind == "boolValue") return Value::Bool(content.AsBool());
  if (kind == "int64Value") return Value::Int(*base::ParseInt64(content.AsText()));
  if (kind == "uint64Value") return Value::Uint(*base::ParseUint64(content.AsText()));
  if (kind == "doubleValue") return Value::Double(DoubleFrom(content));
  if (kind == "stringValue") return Text(content.AsText());
  if (kind == "bytesValue") return Text(*base::FromBase64(content.AsText()), false);
  if (kind == "listValue") return ListOf(content);
  if (kind == "mapValue") return MapOf(content);
  if (kind == "typeValue") return Value::TypeNamed(Text(content.AsText()).text());
  LW_CHECK(kind == "objectValue" && TextOf(content, "@type").ends_with(".Duration"), "{}", kind);
  return ParseDuration(TextOf(content, "value"));
}

Value Cases::Flipped(const Value& value) {
  switch (value.kind()) {
    case Kind::kBool:
      return Value::Bool(!value.as_bool());
    case Kind::kInt:
      return Value::Int(value.as_int() == 0 ? 1 : 0);
    case Kind::kString:
      return Text(std::string(value.text()) + "!");
    default:
      return Text("flipped");
  }
}

bool IsSame(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return false;
  switch (a.kind()) {
    case Kind::kDouble:
      return a.as_double() == b.as_double() ||
             (std::isnan(a.as_double()) && std::isnan(b.as_double()));
    case Kind::kList:
      if (a.size() != b.size()) return false;
      for (size_t i = 0; i < a.size(); ++i) {
        if (!IsSame(a.items()[i], b.items()[i])) return false;
      }
      return true;
    case Kind::kMap:
      return a.size() == b.size() && AreMapsSame(a, b);
    default:
      return ToText(a) == ToText(b);
  }
}

}  // namespace lineward::policy::cel
