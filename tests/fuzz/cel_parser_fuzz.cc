// Any text as an expression: parsed, checked as a policy's and in the unchecked language. Whatever
// is wrong has a place in the text.

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "lineward/base/check.h"
#include "policy/src/cel/checker.h"
#include "policy/src/cel/profile.h"

namespace {

using lineward::policy::cel::Check;
using lineward::policy::cel::Env;
using lineward::policy::cel::Problem;
using lineward::policy::cel::Problems;
using lineward::policy::cel::TypeKind;

const Env& World() {
  static const Env& env = *new Env{
      .variables = {{"rank", TypeKind::kInt},
                    {"event.rank", TypeKind::kInt, true},
                    {"event.surface", TypeKind::kString},
                    {"labels", lineward::policy::cel::Type::List(TypeKind::kString)}},
      .functions = {{"purpose.under", {TypeKind::kString, TypeKind::kString}, TypeKind::kBool}}};
  return env;
}

void CheckPlaces(std::string_view source, const Problems& problems) {
  const auto lines = 1 + std::count(source.begin(), source.end(), '\n');
  for (const Problem& problem : problems) {
    LW_CHECK(problem.place.line >= 1 && problem.place.line <= lines);
    LW_CHECK(problem.place.column >= 1 && problem.place.column <= source.size() + 1);
    LW_CHECK(!problem.message.empty());
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view source(reinterpret_cast<const char*>(data), size);
  Problems problems;
  const auto ast = Check(source, World(), &problems);
  LW_CHECK(ast.has_value() == problems.empty());
  if (ast) CheckProfile(*ast, World(), &problems);
  CheckPlaces(source, problems);

  Env unchecked = World();
  unchecked.is_dynamic = true;
  Problems more;
  const bool is_parsed = Check(source, unchecked, &more).has_value();
  LW_CHECK(is_parsed || !ast);  // what checks also stands unchecked
  return 0;
}
