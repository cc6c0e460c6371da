#pragma once

// Functions of strings and bytes. Pure; any thread. Only `Matches` with a pattern that is compiled
// on the spot allocates; programs compile theirs beforehand.

#include <re2/re2.h>

#include <memory>
#include <optional>
#include <string_view>

#include "policy/src/cel/library.h"
#include "policy/src/cel/pattern.h"
#include "policy/src/cel/scratch.h"
#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

// Code points of a string, bytes of bytes, entries of a list or map.
Value SizeOf(const Value& value, Scratch* scratch) noexcept;

// kContains, kStartsWith, kEndsWith.
Value TestText(Function function, const Value& text, const Value& part, Scratch* scratch) noexcept;

// A pattern of `matches`, compiled: by RE2, and as a machine of our own where that takes it. With
// the machine a match neither allocates nor locks. Immutable.
struct Regex {
  std::unique_ptr<const re2::RE2> re2;
  std::optional<Pattern> machine;
};

// Any part of a text may match; `re2` is not `ok()` if the pattern is bad or needs more memory than
// a policy may ask for.
Regex CompileRegex(std::string_view pattern);

// Whether a pattern is short enough to be compiled at all.
bool IsRegexSize(std::string_view pattern);

// Whether `pattern` matches a part of `text`. The first compiles the pattern and asks RE2,
// kBadRegex if that fails; in a program that has it compiled, the second asks the machine.
Value Matches(const Value& text, const Value& pattern, Scratch* scratch) noexcept;
Value Matches(const Value& text, const Regex& pattern, Scratch* scratch) noexcept;

}  // namespace lineward::policy::cel
