#include "lineward/ledger/query.h"

#include <gtest/gtest.h>

namespace lineward::ledger {
namespace {

TEST(Facet, NamesAreReadBack) {
  for (uint8_t i = 0; i <= static_cast<uint8_t>(Facet::kDay); ++i) {
    const auto facet = static_cast<Facet>(i);
    EXPECT_EQ(ParseFacet(FacetName(facet)), facet);
  }
  EXPECT_FALSE(ParseFacet("subject").has_value());
}

}  // namespace
}  // namespace lineward::ledger
