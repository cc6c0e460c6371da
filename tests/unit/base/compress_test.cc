#include "lineward/base/compress.h"

#include <gtest/gtest.h>

namespace lineward::base {
namespace {

TEST(Zstd, GivesBackWhatItTook) {
  const std::string text(10'000, 'a');
  const std::string frame = ZstdCompress(text);
  EXPECT_LT(frame.size(), 100u);
  EXPECT_EQ(ZstdDecompress(frame, text.size()).value(), text);
}

TEST(Zstd, RefusesAnotherSizeATailAndDamage) {
  const std::string frame = ZstdCompress("some text that is long enough to be a frame");
  EXPECT_FALSE(ZstdDecompress(frame, 42).ok());
  EXPECT_FALSE(ZstdDecompress(frame + "x", 43).ok());
  EXPECT_FALSE(ZstdDecompress(frame.substr(0, frame.size() - 1), 43).ok());
  EXPECT_TRUE(ZstdDecompress(frame, 43).ok());
}

TEST(Zstd, TellsTheSizeOfAFrame) {
  EXPECT_EQ(ZstdRawSize(ZstdCompress(std::string(1234, 'a'))).value(), 1234u);
  EXPECT_FALSE(ZstdRawSize("").ok());
  EXPECT_FALSE(ZstdRawSize("no frame").ok());
}

}  // namespace
}  // namespace lineward::base
