#pragma once

// Functions of strings and bytes. Pure; any thread. Only `Matches` with a pattern that is compiled
// on the spot allocates; programs compile theirs beforehand.

#include <re2/re2.h>

#include <memory>
#include <string_view>

#include "policy/src/cel/library.h"
#include "policy/src/cel/scratch.h"
#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

// Code points of a string, bytes of bytes, entries of a list or map.
Value SizeOf(const Value& value, Scratch* scratch) noexcept;

// kContains, kStartsWith, kEndsWith.
Value TestText(Function function, const Value& text, const Value& part, Scratch* scratch) noexcept;

// The compiled pattern (RE2, any part of a text may match); not `ok()` if it is bad or needs more
// memory than a policy may ask for.
std::unique_ptr<const re2::RE2> CompileRegex(std::string_view pattern);

// Whether a pattern is short enough to be compiled at all.
bool IsRegexSize(std::string_view pattern);

// Whether `pattern` matches a part of `text`. The first compiles the pattern,
// kBadRegex if that fails; in a program that has it compiled, the second.
Value Matches(const Value& text, const Value& pattern, Scratch* scratch) noexcept;
Value Matches(const Value& text, const re2::RE2& pattern, Scratch* scratch) noexcept;

}  // namespace lineward::policy::cel
