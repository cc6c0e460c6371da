#include "store/src/info_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "tests/support/temp_dir.h"

namespace lineward::store {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

std::string ReadFile(const std::string& path) {
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  return text.str();
}

void Say(InfoLog* log, const char* format, ...) {
  va_list arguments;
  va_start(arguments, format);
  log->Logv(format, arguments);
  va_end(arguments);
}

TEST(InfoLog, WritesALineAtOnce) {
  const support::TempDir folder;
  InfoLog log(folder.path());
  Say(&log, "file %d of %s", 7, "x");
  EXPECT_THAT(ReadFile(folder / "LOG"), EndsWith(" file 7 of x\n"));
}

TEST(InfoLog, KeepsTheLogOfTheLastProcess) {
  const support::TempDir folder;
  {
    Say(std::make_unique<InfoLog>(folder.path()).get(), "first");
  }
  InfoLog log(folder.path());
  Say(&log, "second");
  EXPECT_THAT(ReadFile(folder / "LOG.old"), HasSubstr("first"));
  EXPECT_THAT(ReadFile(folder / "LOG"), ::testing::Not(HasSubstr("first")));
}

TEST(InfoLog, BeginsAnewAtItsLimit) {
  const support::TempDir folder;
  InfoLog log(folder.path());
  const std::string line(kInfoLineBytesMax - 1, 'x');
  for (size_t i = 0; i <= kInfoLogBytesMax / kInfoLineBytesMax; ++i) Say(&log, "%s", line.c_str());
  EXPECT_LE(std::filesystem::file_size(folder / "LOG"), kInfoLogBytesMax);
  EXPECT_LE(std::filesystem::file_size(folder / "LOG.old"), kInfoLogBytesMax);
}

TEST(InfoLog, LeavesOutWhatCannotBeWritten) {
  const support::TempDir folder;
  const std::filesystem::path none = folder.path() / "none";
  InfoLog log(none);
  Say(&log, "lost");
  Say(&log, "lost as well");
  EXPECT_FALSE(std::filesystem::exists(none / "LOG"));
}

}  // namespace
}  // namespace lineward::store
