#include "policy/src/cel/library.h"

#include <algorithm>
#include <tuple>

#include "lineward/base/check.h"
#include "policy/src/cel/syntax.h"

namespace lineward::policy::cel {
namespace {

struct Row {
  std::string_view name;
  Function function;
  Form form;
  std::string_view signatures;  // `int, int -> int; A -> B`
};

constexpr std::string_view kOrdered =
    "bool, bool -> bool; int, int -> bool; uint, uint -> bool; double, double -> bool;"
    "int, uint -> bool; int, double -> bool; uint, int -> bool; uint, double -> bool;"
    "double, int -> bool; double, uint -> bool; string, string -> bool; bytes, bytes -> bool;"
    "timestamp, timestamp -> bool; duration, duration -> bool";
constexpr std::string_view kTexts = "string, string -> bool";
constexpr std::string_view kOfTimestamp = "timestamp -> int; timestamp, string -> int";
constexpr std::string_view kOfTime = "timestamp -> int; timestamp, string -> int; duration -> int";
constexpr std::string_view kSizes = "string -> int; bytes -> int; list(A) -> int; map(A, B) -> int";

constexpr Row kRows[] = {
    {"+", Function::kAdd, Form::kOperator,
     "int, int -> int; uint, uint -> uint; double, double -> double; string, string -> string;"
     "bytes, bytes -> bytes; list(A), list(A) -> list(A); timestamp, duration -> timestamp;"
     "duration, timestamp -> timestamp; duration, duration -> duration"},
    {"-", Function::kSubtract, Form::kOperator,
     "int, int -> int; uint, uint -> uint; double, double -> double;"
     "timestamp, timestamp -> duration; timestamp, duration -> timestamp;"
     "duration, duration -> duration"},
    {"*", Function::kMultiply, Form::kOperator,
     "int, int -> int; uint, uint -> uint; double, double -> double"},
    {"/", Function::kDivide, Form::kOperator,
     "int, int -> int; uint, uint -> uint; double, double -> double"},
    {"%", Function::kModulo, Form::kOperator, "int, int -> int; uint, uint -> uint"},
    {kNegationSymbol, Function::kNegate, Form::kOperator, "int -> int; double -> double"},
    {"!", Function::kNot, Form::kOperator, "bool -> bool"},
    {"==", Function::kEqual, Form::kOperator, "A, A -> bool"},
    {"!=", Function::kNotEqual, Form::kOperator, "A, A -> bool"},
    {"<", Function::kLess, Form::kOperator, kOrdered},
    {"<=", Function::kLessEqual, Form::kOperator, kOrdered},
    {">", Function::kGreater, Form::kOperator, kOrdered},
    {">=", Function::kGreaterEqual, Form::kOperator, kOrdered},
    {"in", Function::kIn, Form::kOperator, "A, list(A) -> bool; A, map(A, B) -> bool"},
    {kIndexingSymbol, Function::kIndex, Form::kOperator, "list(A), int -> A; map(A, B), A -> B"},
    {"size", Function::kSize, Form::kGlobal, kSizes},
    {"size", Function::kSize, Form::kMember, kSizes},
    {"contains", Function::kContains, Form::kMember, kTexts},
    {"startsWith", Function::kStartsWith, Form::kMember, kTexts},
    {"endsWith", Function::kEndsWith, Form::kMember, kTexts},
    {"matches", Function::kMatches, Form::kGlobal, kTexts},
    {"matches", Function::kMatches, Form::kMember, kTexts},
    {"bool", Function::kToBool, Form::kGlobal, "bool -> bool; string -> bool"},
    {"int", Function::kToInt, Form::kGlobal,
     "int -> int; uint -> int; double -> int; string -> int; timestamp -> int"},
    {"uint", Function::kToUint, Form::kGlobal,
     "uint -> uint; int -> uint; double -> uint; string -> uint"},
    {"double", Function::kToDouble, Form::kGlobal,
     "double -> double; int -> double; uint -> double; string -> double"},
    {"string", Function::kToString, Form::kGlobal,
     "string -> string; bool -> string; int -> string; uint -> string; double -> string;"
     "bytes -> string; timestamp -> string; duration -> string"},
    {"bytes", Function::kToBytes, Form::kGlobal, "bytes -> bytes; string -> bytes"},
    {"timestamp", Function::kToTimestamp, Form::kGlobal,
     "timestamp -> timestamp; string -> timestamp; int -> timestamp"},
    {"duration", Function::kToDuration, Form::kGlobal, "duration -> duration; string -> duration"},
    {"dyn", Function::kDyn, Form::kGlobal, "A -> dyn"},
    {"type", Function::kTypeOf, Form::kGlobal, "A -> type"},
    {"getFullYear", Function::kGetFullYear, Form::kMember, kOfTimestamp},
    {"getMonth", Function::kGetMonth, Form::kMember, kOfTimestamp},
    {"getDate", Function::kGetDate, Form::kMember, kOfTimestamp},
    {"getDayOfMonth", Function::kGetDayOfMonth, Form::kMember, kOfTimestamp},
    {"getDayOfWeek", Function::kGetDayOfWeek, Form::kMember, kOfTimestamp},
    {"getDayOfYear", Function::kGetDayOfYear, Form::kMember, kOfTimestamp},
    {"getHours", Function::kGetHours, Form::kMember, kOfTime},
    {"getMinutes", Function::kGetMinutes, Form::kMember, kOfTime},
    {"getSeconds", Function::kGetSeconds, Form::kMember, kOfTime},
    {"getMilliseconds", Function::kGetMilliseconds, Form::kMember, kOfTime},
};

Type TypeOf(std::string_view text) {
  const std::optional<Type> type = Type::Parse(text);
  LW_CHECK(type.has_value(), "{}", text);
  return *type;
}

// Splits at each `separator` that stands outside parentheses; spaces around the parts go.
std::vector<std::string_view> Parts(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  int depth = 0;
  size_t start = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] == '(') ++depth;
    if (i < text.size() && text[i] == ')') --depth;
    if (i < text.size() && (text[i] != separator || depth > 0)) continue;
    std::string_view part = text.substr(start, i - start);
    while (part.starts_with(' ')) part.remove_prefix(1);
    while (part.ends_with(' ')) part.remove_suffix(1);
    parts.push_back(part);
    start = i + 1;
  }
  return parts;
}

std::vector<Overload> ReadRows() {
  std::vector<Overload> overloads;
  for (const Row& row : kRows) {
    for (std::string_view signature : Parts(row.signatures, ';')) {
      const size_t arrow = signature.find(" -> ");
      Overload overload{row.name, row.function, row.form, {}, TypeOf(signature.substr(arrow + 4))};
      for (std::string_view parameter : Parts(signature.substr(0, arrow), ',')) {
        overload.parameters.push_back(TypeOf(parameter));
      }
      overloads.push_back(std::move(overload));
    }
  }
  std::stable_sort(overloads.begin(), overloads.end(), [](const Overload& a, const Overload& b) {
    return std::tie(a.form, a.name) < std::tie(b.form, b.name);
  });
  return overloads;
}

const std::vector<Overload>& All() {
  static const std::vector<Overload>& overloads = *new std::vector<Overload>(ReadRows());
  return overloads;
}

}  // namespace

std::span<const Overload> OverloadsOf(std::string_view name, Form form) {
  const std::vector<Overload>& all = All();
  const auto is_before = [](const Overload& a, const std::pair<Form, std::string_view>& key) {
    return std::tie(a.form, a.name) < std::tie(key.first, key.second);
  };
  const auto first = std::lower_bound(all.begin(), all.end(), std::pair(form, name), is_before);
  auto last = first;
  while (last != all.end() && last->form == form && last->name == name) ++last;
  return {first, last};
}

std::vector<std::string_view> FunctionNames(Form form) {
  std::vector<std::string_view> names;
  for (const Overload& overload : All()) {
    if (overload.form != form) continue;
    if (names.empty() || names.back() != overload.name) names.push_back(overload.name);
  }
  return names;
}

}  // namespace lineward::policy::cel
