#include <gtest/gtest.h>

#include "policy/src/cel/names.h"
#include "policy/src/cel/parser.h"

namespace lineward::policy::cel {
namespace {

std::optional<QualifiedName> NameIn(std::string_view source) {
  const auto parsed = Parse(source);
  const Syntax& syntax = std::get<Syntax>(parsed);
  std::optional<QualifiedName> name = QualifiedNameOf(syntax, syntax.node(syntax.root));
  if (name) name->first = {};  // it points into the tree
  return name;
}

const Env& Nested() {
  static const Env& env = *new Env{.variables = {{"a.b.x", TypeKind::kInt},
                                                 {"a.x", TypeKind::kInt},
                                                 {"x", TypeKind::kInt},
                                                 {"event.rank", TypeKind::kInt}},
                                   .container = "a.b"};
  return env;
}

TEST(CelNames, JoinsSelectionsToOneName) {
  EXPECT_EQ(NameIn("a.b.c")->text, "a.b.c");
  EXPECT_TRUE(NameIn(".a.b")->is_absolute);
  EXPECT_EQ(NameIn("f(a).b"), std::nullopt);
  EXPECT_EQ(NameIn("a[0].b"), std::nullopt);
  EXPECT_EQ(NameIn("a.`b`"), std::nullopt);
}

TEST(CelNames, LooksFromTheInnermostContainerOutwards) {
  const Names names(Nested());
  EXPECT_EQ(names.VariableIndex({.text = "x"}), 0u);
  EXPECT_EQ(names.VariableIndex({.text = "x", .is_absolute = true}), 2u);
  EXPECT_EQ(names.VariableIndex({.text = "y"}), std::nullopt);
}

TEST(CelNames, KnowsWhatANameBeginsWith) {
  const Names names(Nested());
  EXPECT_TRUE(names.BeginsKnown({.text = "x.y.z"}));
  EXPECT_TRUE(names.BeginsKnown({.text = "event.rank"}));
  EXPECT_TRUE(names.BeginsKnown({.text = "int.x"}));
  EXPECT_FALSE(names.BeginsKnown({.text = "event.rankings"}));
  EXPECT_FALSE(names.BeginsKnown({.text = "event"}));
}

TEST(CelNames, NamesTheNearestVariable) {
  EXPECT_EQ(Names(Nested()).Hint("evnt.rank"), " (nearest: `event.rank`)");
  EXPECT_EQ(Names(Nested()).Hint("something.else"), "");
}

TEST(CelNames, KnowsTheNamesOfTypes) {
  EXPECT_EQ(NameOfType("google.protobuf.Duration"), "google.protobuf.Duration");
  EXPECT_EQ(NameOfType("dyn"), std::nullopt);
}

}  // namespace
}  // namespace lineward::policy::cel
