#pragma once

// A small JSON value, its canonical bytes (RFC 8785) and a strict reader. For documents of up to
// some megabytes that are hashed, signed or shown; hot paths read bytes themselves.

#include <absl/status/statusor.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace lineward::document {

class Json;
using JsonMember = std::pair<std::string, Json>;

// null, bool, int64, double, text, list or object. A plain value. The members of an object keep the
// order in which they were set; `Canonical` sorts them.
class Json {
 public:
  using List = std::vector<Json>;
  using Object = std::vector<JsonMember>;

  Json() = default;
  Json(bool value) : value_(value) {}                           // NOLINT: a JSON literal
  Json(int value) : value_(static_cast<int64_t>(value)) {}      // NOLINT
  Json(int64_t value) : value_(value) {}                        // NOLINT
  Json(double value) : value_(value) {}                         // NOLINT
  Json(const char* value) : value_(std::string(value)) {}       // NOLINT
  Json(std::string_view value) : value_(std::string(value)) {}  // NOLINT
  Json(std::string value) : value_(std::move(value)) {}         // NOLINT
  Json(List value) : value_(std::move(value)) {}                // NOLINT
  Json(Object value) : value_(std::move(value)) {}              // NOLINT
  static Json EmptyList() { return Json(List{}); }
  static Json EmptyObject() { return Json(Object{}); }

  bool is_null() const { return std::holds_alternative<std::monostate>(value_); }
  bool is_bool() const { return std::holds_alternative<bool>(value_); }
  bool is_int() const { return std::holds_alternative<int64_t>(value_); }
  bool is_double() const { return std::holds_alternative<double>(value_); }
  bool is_text() const { return std::holds_alternative<std::string>(value_); }
  bool is_list() const { return std::holds_alternative<List>(value_); }
  bool is_object() const { return std::holds_alternative<Object>(value_); }

  // Each stops the process if the value is of another kind: ask first.
  bool AsBool() const;
  int64_t AsInt() const;
  double AsDouble() const;  // an int too
  const std::string& AsText() const;
  const List& items() const;
  List& items();
  const Object& members() const;

  // The member `key` of an object, or null: no such member, or no object.
  const Json* Find(std::string_view key) const;
  // Sets or replaces the member `key`; a null value becomes an object first.
  Json& Set(std::string_view key, Json value);
  // Appends to a list; a null value becomes a list first.
  Json& Append(Json value);

  friend bool operator==(const Json&, const Json&) = default;

 private:
  std::variant<std::monostate, bool, int64_t, double, std::string, List, Object> value_;
};

// RFC 8785 bytes: no white space, members sorted by UTF-16 code units, shortest escapes, numbers as
// ECMAScript writes them (an int64 beyond 2^53 is written exactly, in decimal). A double that is
// not finite, text that is not UTF-8 and a key twice are our bugs and stop the process.
std::string Canonical(const Json& value);

// The same content for people: two spaces of indentation, members as set.
std::string Pretty(const Json& value);

// `text` as a JSON text in quotes, escaped as RFC 8785 does.
void AppendJsonText(std::string* out, std::string_view text);

// `value` as ECMAScript writes it; it must be finite.
void AppendJsonNumber(std::string* out, double value);

// One RFC 8259 value with nothing but white space around it. Numbers without fraction and exponent
// that fit are int64, all others double. INVALID_ARGUMENT `JSON_INVALID` with line and column: not
// JSON, not UTF-8, a key twice, a number that no double holds, a lone surrogate, deeper than
// `depth_max` (the outermost is 1).
absl::StatusOr<Json> ParseJson(std::string_view text, size_t depth_max = 64);

}  // namespace lineward::document
