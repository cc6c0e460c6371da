// The examples of docs/formats are promotions that the decoder takes.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <string>
#include <vector>

#include "lineward/base/strings.h"
#include "lineward/event/decode.h"
#include "tests/support/shared_data.h"

namespace lineward::event {
namespace {

std::string Document(const std::string& name) {
  return support::ReadFile(fmt::format("{}/docs/formats/{}", LINEWARD_SOURCE_DIR, name));
}

void ExpectGood(const std::string& json) {
  Scratch scratch;
  const Decoded decoded = Decode({}, json, SourceOptions(), &scratch);
  EXPECT_TRUE(decoded.ok()) << json << ": " << CauseName(decoded.error.cause) << " "
                            << FieldName(decoded.error.field);
}

TEST(DocumentExamples, OfTheSchemaAreGood) {
  simdjson::dom::parser parser;
  simdjson::dom::element schema = parser.parse(Document("promotion.schema.json"));
  int count = 0;
  for (simdjson::dom::element example : schema["examples"].get_array()) {
    ExpectGood(simdjson::minify(example));
    ++count;
  }
  EXPECT_EQ(count, 2);
}

TEST(DocumentExamples, OfTheSchemaNameEveryFieldOfTheMessage) {
  simdjson::dom::parser parser;
  simdjson::dom::element schema = parser.parse(Document("promotion.schema.json"));
  int field = 0;
  for (const auto [name, property] : schema["properties"].get_object()) {
    ++field;
    // `eventId` is `event_id`.
    std::string original;
    for (const char c : name) {
      if (c >= 'A' && c <= 'Z') original.push_back('_');
      original.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
    }
    EXPECT_EQ(original, FieldName(field));
  }
  EXPECT_EQ(field, 30);
}

TEST(DocumentExamples, OfTheChannelsAreGood) {
  constexpr std::string_view kMark = "        payload: {\"";
  const std::string document = Document("asyncapi.yaml");
  int count = 0;
  for (const std::string_view line : base::Split(document, '\n')) {
    if (!line.starts_with(kMark)) continue;
    ExpectGood(std::string(line.substr(kMark.size() - 2)));
    ++count;
  }
  EXPECT_EQ(count, 2);
}

}  // namespace
}  // namespace lineward::event
