#include "registry/src/field_reader.h"

#include <gtest/gtest.h>

#include "tests/unit/registry/world.h"

namespace lineward::registry {
namespace {

TEST(FieldReader, TellsEachWrongTypeWithItsPath) {
  const document::Json json = Parse(R"({"text":1,"bool":"x","int":1.5,"time":"now","list":{}})");
  std::vector<Violation> violations;
  FieldReader reader(json, "a.", &violations);
  EXPECT_FALSE(reader.Text("text", 10).has_value());
  EXPECT_FALSE(reader.Bool("bool").has_value());
  EXPECT_FALSE(reader.Int("int", 0, 9).has_value());
  EXPECT_FALSE(reader.Time("time").has_value());
  EXPECT_FALSE(reader.Texts("list", 1, 1).has_value());
  reader.Finish();
  ASSERT_EQ(violations.size(), 5u);
  EXPECT_EQ(violations[0].field, "a.text");
}

TEST(FieldReader, TakesBigIntegersAsText) {
  const document::Json json = Parse(R"({"rows":"9007199254740993"})");
  std::vector<Violation> violations;
  FieldReader reader(json, "", &violations);
  EXPECT_EQ(reader.Int("rows", 0, INT64_MAX), 9007199254740993);
  EXPECT_TRUE(violations.empty());
}

TEST(FieldReader, NullCountsAsAbsentAndUnknownMembersAreTold) {
  const document::Json json = Parse(R"({"name":null,"nmae":"x"})");
  std::vector<Violation> violations;
  FieldReader reader(json, "", &violations);
  EXPECT_EQ(reader.Get("name"), nullptr);
  reader.Finish();
  ASSERT_EQ(violations.size(), 1u);
  EXPECT_EQ(violations[0].message, "is not known (nearest: `name`)");
}

}  // namespace
}  // namespace lineward::registry
