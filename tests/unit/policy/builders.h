#pragma once

// Small policy sets for tests of this lib.

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "lineward/policy/policy_set.h"
#include "lineward/policy/source.h"
#include "tests/support/shared_data.h"

namespace lineward::policy {

inline std::string ShippedTaxonomy() {
  return support::ReadFile(std::string(LINEWARD_SOURCE_DIR) + "/config/policies/taxonomy.yaml");
}

// A file of a kind: `apiVersion` and `kind` before `body`.
inline SourceFile File(std::string_view kind, std::string_view body) {
  return {std::string(kind) + ".yaml",
          "apiVersion: lineward/v1\nkind: " + std::string(kind) + "\n" + std::string(body)};
}

inline std::string AllFindings(const Findings& findings) {
  std::string text;
  for (const Finding& finding : findings.Sorted()) text += ToText(finding) + "\n";
  return text;
}

inline Source MustParse(const std::vector<SourceFile>& files) {
  Findings findings;
  absl::StatusOr<Source> source = Parse(files, &findings);
  EXPECT_TRUE(source.ok()) << AllFindings(findings);
  return source.ok() ? *std::move(source) : Source{};
}

inline std::vector<SourceFile> WithTaxonomy(std::vector<SourceFile> files) {
  files.push_back({"taxonomy.yaml", ShippedTaxonomy()});
  return files;
}

// The shipped taxonomy alone with an empty vocabulary.
inline Source PlainSource() { return MustParse(WithTaxonomy({File("Vocabulary", "")})); }

}  // namespace lineward::policy
