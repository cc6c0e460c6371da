#include "http/src/head.h"

#include <gtest/gtest.h>

#include <string>

namespace lineward::http {
namespace {

HeadVerdict Verdict(const std::string& text) { return ScanHead(text).verdict; }

TEST(ScanHead, EndsBehindTheEmptyLine) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  const HeadScan scan = ScanHead(head + "body");
  EXPECT_EQ(scan.verdict, HeadVerdict::kComplete);
  EXPECT_EQ(scan.size, head.size());
}

TEST(ScanHead, WaitsForEveryPrefixOfAHead) {
  const std::string head = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
  for (size_t size = 0; size < head.size(); ++size) {
    EXPECT_EQ(Verdict(head.substr(0, size)), HeadVerdict::kNeedMore) << size;
  }
}

TEST(ScanHead, RefusesBareLineEndsAndFoldedFields) {
  EXPECT_EQ(Verdict("GET / HTTP/1.1\nHost: a\r\n\r\n"), HeadVerdict::kMalformed);
  EXPECT_EQ(Verdict("GET / HTTP/1.1\r\nHost: a\n\r\n"), HeadVerdict::kMalformed);
  EXPECT_EQ(Verdict("GET / HTTP/1.1\rX"), HeadVerdict::kMalformed);
  EXPECT_EQ(Verdict("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"), HeadVerdict::kMalformed);
  EXPECT_EQ(Verdict("\r\nGET / HTTP/1.1\r\n\r\n"), HeadVerdict::kMalformed);
}

TEST(ScanHead, BoundsTheRequestLineAt8KiB) {
  const auto line_of = [](size_t size) {
    return "GET /" + std::string(size - 14, 'a') + " HTTP/1.1\r\n\r\n";
  };
  EXPECT_EQ(Verdict(line_of(8191)), HeadVerdict::kComplete);
  EXPECT_EQ(Verdict(line_of(8193)), HeadVerdict::kUriTooLong);
  EXPECT_EQ(Verdict("GET /" + std::string(8192, 'a')), HeadVerdict::kUriTooLong);
}

TEST(ScanHead, BoundsTheHeadAt16KiBAnd100Fields) {
  EXPECT_EQ(Verdict("GET / HTTP/1.1\r\nA: " + std::string(16384, 'a')), HeadVerdict::kTooLarge);
  std::string head = "GET / HTTP/1.1\r\n";
  for (int i = 0; i < 100; ++i) head += "A: b\r\n";
  EXPECT_EQ(Verdict(head + "\r\n"), HeadVerdict::kComplete);
  EXPECT_EQ(Verdict(head + "A: b\r\n\r\n"), HeadVerdict::kTooLarge);
}

}  // namespace
}  // namespace lineward::http
