#include "policy/src/countries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace lineward::policy {
namespace {

TEST(Countries, AreSortedAndFoundAtTheirIndex) {
  for (size_t i = 0; i < kCountries; ++i) {
    EXPECT_EQ(CountryIndex(CountryCode(i)), i);
    if (i == 0) continue;
    EXPECT_LT(CountryCode(i - 1), CountryCode(i));
  }
  EXPECT_EQ(CountryCode(0), "AD");
  EXPECT_EQ(CountryCode(kCountries - 1), "ZW");
}

TEST(Countries, HoldWhatIso3166Assigned) {
  for (const char* code :
       {"DE", "FR", "US", "JP", "BR", "GB", "SS", "BQ", "CW", "SX", "AX", "XK"}) {
    EXPECT_EQ(CountryIndex(code).has_value(), std::string(code) != "XK") << code;
  }
}

TEST(Countries, RefuseReservedLowerCaseAndLongerCodes) {
  for (const char* code : {"", "D", "de", "UK", "EU", "AN", "SU", "YU", "DEU", "ZZ", "A ", " D"}) {
    EXPECT_EQ(CountryIndex(code), std::nullopt) << code;
  }
}

}  // namespace
}  // namespace lineward::policy
