#include "lineward/telemetry/log.h"

#include <gtest/gtest.h>

#include "lineward/base/mutex.h"
#include "tests/support/manual_clock.h"

namespace lineward::telemetry {
namespace {

constexpr LogEvent kStarted{"test_started", LogLevel::kInfo};
constexpr LogEvent kNoise{"test_noise", LogLevel::kDebug};

class LogTest : public testing::Test {
 protected:
  LogOptions Options() {
    LogOptions options;
    options.clock = &clock_;
    options.write = [this](std::string_view line) { lines_.emplace_back(line); };
    return options;
  }

  support::ManualClock clock_;
  std::vector<std::string> lines_;  // read after the sink's end
};

TEST_F(LogTest, WritesOneJsonLinePerStatement) {
  {
    LogSink sink(Options());
    Logger(&sink, "gate", "loop")
        .Write(kStarted, "loop \"0\" started",
               {{"topic", "promotions"}, {"offset", 42}, {"x", true}});
  }
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_EQ(lines_[0],
            R"({"ts":"2026-03-01T12:00:00.000000000Z","level":"info","event":"test_started",)"
            R"("msg":"loop \"0\" started","service":"lineward","role":"gate","module":"loop",)"
            R"("topic":"promotions","offset":42,"data":{"x":true}})"
            "\n");
}

TEST_F(LogTest, ReplacesWhatIsNotUtf8) {
  {
    LogSink sink(Options());
    Logger(&sink, "", "").Write(kStarted, "a\xFFz\n");
  }
  EXPECT_NE(lines_.at(0).find(R"("msg":"a\ufffdz\u000a")"), std::string::npos) << lines_[0];
}

TEST_F(LogTest, HoldsBackBeyondTenLinesASecondAndSaysHowMany) {
  {
    LogSink sink(Options());
    const Logger logger(&sink, "", "");
    for (int i = 0; i < 25; ++i) logger.Write(kStarted, "again");
    clock_.Advance(absl::Seconds(1));
    logger.Write(kStarted, "after a second");
  }
  ASSERT_EQ(lines_.size(), 11u);
  EXPECT_NE(lines_[10].find(R"("suppressed":15)"), std::string::npos) << lines_[10];
}

TEST_F(LogTest, DropsWhatIsBelowTheLevelUntilItIsLowered) {
  {
    LogSink sink(Options());
    const Logger logger(&sink, "", "");
    logger.Write(kNoise, "unseen");
    sink.SetLevel(LogLevel::kDebug);
    logger.Write(kNoise, "seen");
  }
  ASSERT_EQ(lines_.size(), 1u);
  EXPECT_NE(lines_[0].find("\"seen\""), std::string::npos);
}

TEST_F(LogTest, TextIsForPeople) {
  LogOptions options = Options();
  options.is_json = false;
  {
    LogSink sink(std::move(options));
    Logger(&sink, "gate", "loop").Write(kStarted, "started", {{"topic", "promotions"}});
  }
  EXPECT_EQ(lines_.at(0), "12:00:00.000 info  test_started started topic=promotions\n");
}

TEST(Logger, WithoutASinkDropsEverything) { Logger().Write(kStarted, "nowhere"); }

TEST(LogLevel, HasAName) {
  EXPECT_EQ(ParseLogLevel("warn"), LogLevel::kWarn);
  EXPECT_EQ(ParseLogLevel("loud"), std::nullopt);
}

}  // namespace
}  // namespace lineward::telemetry
