#pragma once

// The tests of Tier A (policy design, section 9), read from what write_tests.js made, and how a
// result compares with what a test expects.

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/document/json.h"
#include "policy/src/cel/env.h"
#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

struct Case {
  std::string id;
  std::string suite;
  std::string expression;
  Env env;
  std::vector<Value> variables;   // of env.variables
  std::optional<Value> expected;  // none: an error
};

// Owns what the values of its cases point to; must not be copied.
class Cases {
 public:
  // Runs write_tests.js into the build folder and reads its list; nullopt with a reason if Node or
  // the package is absent.
  static std::optional<Cases> Load(std::string* reason);

  const std::vector<Case>& list() const { return list_; }

  // The value with another content of the same type where it has one: what no right result equals.
  Value Flipped(const Value& value);

 private:
  void Read(const document::Json& test);
  Value ValueOf(const document::Json& value);
  Value ListOf(const document::Json& list);
  Value MapOf(const document::Json& map);
  Value Text(std::string text, bool is_string = true);

  std::vector<Case> list_;
  std::deque<std::string> texts_;
  std::deque<std::vector<Value>> values_;
};

// Equal in type and value, NaN equal to NaN, maps in any order.
bool IsSame(const Value& a, const Value& b);

}  // namespace lineward::policy::cel
