#include "registry/src/view_codec.h"

#include <gtest/gtest.h>

#include "tests/unit/registry/world.h"

namespace lineward::registry {
namespace {

// Every cut of good bytes, and one byte more, is refused.
template <typename Decode>
void ExpectOnlyWhole(const std::string& bytes, Decode decode) {
  EXPECT_TRUE(decode(bytes).has_value());
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode(bytes.substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(decode(bytes + "x").has_value());
}

TEST(ViewCodec, KeepsAnEntity) {
  const Entity entity{.kind = FactKind::kModelVersion,
                      .name = "models/ranker/versions/1",
                      .body = Parse(R"({"model":"ranker","version":1})"),
                      .created_seq = 3,
                      .seq = 9,
                      .recorded_at_us = -5,
                      .actor = "ann",
                      .node = 7};
  const std::string bytes = EncodeEntity(entity);
  EXPECT_EQ(DecodeEntity(entity.name, bytes), entity);
  ExpectOnlyWhole(bytes, [](std::string_view cut) { return DecodeEntity("n", cut); });
}

TEST(ViewCodec, KeepsAnEdge) {
  const lineage::EdgeFacts edge{.kind = lineage::EdgeKind::kParent,
                                .from = 1,
                                .to = 2,
                                .role = lineage::ParentRole::kTeacher,
                                .valid_from_us = 10,
                                .valid_to_us = 20,
                                .seq = 4};
  const std::string bytes = EncodeEdge(edge);
  const auto read = DecodeEdge(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(EncodeEdge(*read), bytes);
  EXPECT_EQ(read->role, lineage::ParentRole::kTeacher);
  EXPECT_EQ(read->valid_to_us, 20);
  ExpectOnlyWhole(bytes, DecodeEdge);
}

TEST(ViewCodec, RefusesAKindThatDoesNotExist) {
  std::string edge = EncodeEdge({.from = 1, .to = 2});
  edge[0] = 12;
  EXPECT_FALSE(DecodeEdge(edge).has_value());
  std::string entity = EncodeEntity(Entity());
  entity[0] = static_cast<char>(FactKind::kRequest);
  EXPECT_FALSE(DecodeEntity("n", entity).has_value());
}

TEST(ViewCodec, KeepsAnAnswer) {
  const StoredAnswer answer{
      .body_sha256 = "ab", .http_status = 201, .body = "{}", .recorded_at_us = 12};
  EXPECT_EQ(DecodeStoredAnswer(EncodeStoredAnswer(answer)), answer);
  ExpectOnlyWhole(EncodeStoredAnswer(answer), DecodeStoredAnswer);
}

TEST(ViewCodec, KeepsAMark) {
  const FactMark mark{.seq = 8,
                      .chain = std::string(32, 'c'),
                      .recorded_at_us = 77,
                      .read_offset = 12,
                      .read_seq = 7};
  EXPECT_EQ(DecodeFactMark(EncodeFactMark(mark)), mark);
  ExpectOnlyWhole(EncodeFactMark(mark), DecodeFactMark);
}

TEST(ViewCodec, NumbersSortAsTheirKeys) {
  EXPECT_LT(NumberKey(255), NumberKey(256));
  EXPECT_EQ(ParseNumberKey(NumberKey(1'000'000)), 1'000'000u);
  EXPECT_FALSE(ParseNumberKey("short").has_value());
}

}  // namespace
}  // namespace lineward::registry
