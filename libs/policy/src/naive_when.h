#pragma once

// The oracle's reading of `when`: the checked tree walked by the interpreter, what it names looked
// up by strings. Written from policy design, sections 4 and 9; shares the expressions' parser,
// checker and interpreter with the compiled path and nothing else. Pure.

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lineward/policy/naive.h"
#include "lineward/policy/source.h"

namespace lineward::policy::naive {

// The text of a declared field by its type (times in µs); nullopt: absent or unparsable.
std::optional<std::string> FieldOf(const EventField& field, const NamedFacts& facts);

struct WhenAnswer {
  bool holds = false;
  std::string failure;  // why there is no answer: "division by zero at 1:4"; else empty
};

// What the expressions of one event read. Refers to all that it is given.
class WhenReader {
 public:
  // `purpose` is canonical; the model is known.
  WhenReader(const Source& source, const NamedFacts& facts, const Binding& binding,
             const std::string& purpose);
  ~WhenReader();

  // Of a rule with an expression.
  WhenAnswer Judge(const Rule& rule) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lineward::policy::naive
