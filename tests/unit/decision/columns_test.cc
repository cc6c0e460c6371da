#include "lineward/decision/columns.h"

#include <gtest/gtest.h>

#include <string>

#include "lineward/decision/block.h"
#include "tests/conformance/formats/random_blocks.h"
#include "tests/support/seed.h"

namespace lineward::decision {
namespace {

TEST(Columns, ScanHoldsWhatWasAppended) {
  RandomBlocks blocks(support::Seed());
  BlockBuilder builder(&blocks.fragments());
  for (size_t rows : {1, 40, 300}) {
    blocks.Draw(rows);
    const BlockView view = BlockView::Parse(blocks.Build(&builder).bytes).value();
    const ScanColumns& scan = view.scan();
    for (size_t i = 0; i < rows; ++i) {
      const RowFacts& row = blocks.rows()[i];
      EXPECT_EQ(scan.offsets[i], row.offset);
      EXPECT_EQ(scan.event_time_us[i], row.event_time_us);
      EXPECT_EQ(scan.positions[i], row.position);
      EXPECT_EQ(scan[FragmentColumn::kVerdict].at(i), blocks.fragments().bytes(row.verdict));
      EXPECT_EQ(scan[FragmentColumn::kMarks].at(i), blocks.fragments().bytes(row.marks));
      size_t facts = 0;
      for (const FactColumn& column : scan.facts) {
        const auto value = DecodeFact(column.values.at(i));
        if (!value.has_value()) continue;
        ASSERT_LT(facts, row.facts.size());
        EXPECT_EQ(column.field, row.facts[facts].field);
        EXPECT_EQ(*value, row.facts[facts].value);
        ++facts;
      }
      EXPECT_EQ(facts, row.facts.size());
    }
  }
}

TEST(Columns, AValueStandsOnceInItsDictionary) {
  RandomBlocks blocks(support::Seed());
  blocks.Draw(200);
  BlockBuilder builder(&blocks.fragments());
  const BlockView view = BlockView::Parse(blocks.Build(&builder).bytes).value();
  const ValueColumn& verdicts = view.scan()[FragmentColumn::kVerdict];
  for (size_t i = 0; i < verdicts.distinct(); ++i) {
    for (size_t j = 0; j < i; ++j) EXPECT_NE(verdicts.value(i), verdicts.value(j));
  }
}

TEST(Columns, AnAbsentColumnHasEmptyValues) {
  const ValueColumn column;
  EXPECT_TRUE(column.is_absent());
  EXPECT_EQ(column.at(3), "");
  EXPECT_FALSE(DecodeFact("").has_value());
}

}  // namespace
}  // namespace lineward::decision
