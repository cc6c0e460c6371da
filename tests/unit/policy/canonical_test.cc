#include "policy/src/canonical.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/document/json.h"
#include "policy/src/reader.h"
#include "tests/unit/policy/builders.h"

namespace lineward::policy {
namespace {

// The set of the vector in policy-files design, section 6, as files.
std::vector<SourceFile> VectorFiles(const document::Json& vector) {
  std::vector<SourceFile> files;
  for (const auto& [name, text] : vector.Find("files")->members()) {
    files.push_back({name + ".yaml", text.AsText()});
  }
  return files;
}

class Vector : public testing::Test {
 protected:
  void SetUp() override {
    LW_SHARED_DATA_OR_SKIP(path, "vectors/policy.json");
    vector = *document::ParseJson(support::ReadFile(path))->Find("set_id");
  }
  document::Json vector;
};

TEST_F(Vector, GivesTheCanonicalBytesAndTheSetId) {
  const Source source = MustParse(VectorFiles(vector));
  EXPECT_EQ(source.canonical, vector.Find("canonical")->AsText());
  EXPECT_EQ(source.id, vector.Find("id")->AsText());
}

TEST_F(Vector, ReadsCanonicalBytesBackToThemselves) {
  Findings findings;
  const auto source = ParseCanonical(vector.Find("canonical")->AsText(), &findings);
  ASSERT_TRUE(source.ok()) << AllFindings(findings) << source.status();
  EXPECT_EQ(source->id, vector.Find("id")->AsText());
}

TEST_F(Vector, RefusesBytesThatAreNotInCanonicalForm) {
  std::string bytes = vector.Find("canonical")->AsText();
  Findings findings;
  const auto spaced = ParseCanonical(" " + bytes, &findings);
  EXPECT_EQ(base::ReasonOf(spaced.status()), "POLICY_SET_INVALID");
  bytes.replace(bytes.find("\"engine\":\"1\""), 12, "\"engine\":\"2\"");
  EXPECT_EQ(ParseCanonical(bytes, &findings).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(Vector, IgnoresOrderAndNamesOfFiles) {
  std::vector<SourceFile> files = VectorFiles(vector);
  for (int i = 0; i < 4; ++i) {
    std::rotate(files.begin(), files.begin() + 1, files.end());
    files[0].name = std::to_string(i) + ".yaml";
    EXPECT_EQ(MustParse(files).id, vector.Find("id")->AsText());
  }
}

TEST_F(Vector, ChangesItsIdWithOneRule) {
  std::vector<SourceFile> files = VectorFiles(vector);
  for (SourceFile& file : files) {
    const size_t at = file.bytes.find("seconds: 60");
    if (at != std::string::npos) file.bytes.replace(at, 11, "seconds: 61");
  }
  EXPECT_NE(MustParse(files).id, vector.Find("id")->AsText());
}

TEST_F(Vector, WritesDoublesAsItsTable) {
  for (const document::Json& pair : vector.Find("doubles")->items()) {
    const auto value = ParseDouble(pair.items()[0].AsText());
    ASSERT_TRUE(value.has_value()) << pair.items()[0].AsText();
    EXPECT_EQ(FormatDouble(*value), pair.items()[1].AsText());
  }
}

}  // namespace
}  // namespace lineward::policy
