#include "tools/lineward/cli.h"

#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "tools/lineward/remote.h"

namespace lineward::cli {
namespace {

int Call(std::vector<const char*> arguments, const std::vector<Command>& commands) {
  arguments.insert(arguments.begin(), "lineward");
  return RunCli(static_cast<int>(arguments.size()), arguments.data(), commands);
}

TEST(WorseOf, NeverLooksAtTheOrder) {
  // The highest of 1, 2, 5-10, else 11, else 3, else 4.
  const std::vector<int> ascending = {0, 4, 3, 11, 1, 2, 5, 6, 7, 8, 9, 10};
  for (size_t i = 0; i < ascending.size(); ++i) {
    for (size_t j = i; j < ascending.size(); ++j) {
      EXPECT_EQ(WorseOf(ascending[i], ascending[j]), ascending[j]);
      EXPECT_EQ(WorseOf(ascending[j], ascending[i]), ascending[j]);
    }
  }
}

TEST(ExitOf, FollowsTheTableOfTheInterfaces) {
  EXPECT_EQ(ExitOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitOf(base::InvalidArgument("X", "x")), 2);
  EXPECT_EQ(ExitOf(base::NotFound("X", "x")), 5);
  EXPECT_EQ(ExitOf(base::PermissionDenied("X", "x")), 6);
  EXPECT_EQ(ExitOf(base::Unauthenticated("X", "x")), 6);
  EXPECT_EQ(ExitOf(base::AlreadyExists("X", "x")), 7);
  EXPECT_EQ(ExitOf(base::Unavailable("X", "x")), 8);
  EXPECT_EQ(ExitOf(base::DeadlineExceeded("X", "x")), 8);
  EXPECT_EQ(ExitOf(base::DataLoss("X", "x")), 9);
}

TEST(RunCli, HandsFlagsAndArgumentsOver) {
  std::string file;
  std::vector<std::string> by;
  bool is_quiet = false;
  const std::vector<Command> commands = {{"thing",
                                          "do",
                                          "Does it",
                                          {{"file", "A file"}},
                                          {{"--by", "FIELD", "By", true}},
                                          [&](const Invocation& call) {
                                            file = call.Text("file");
                                            by = call.Texts("by");
                                            is_quiet = call.Has("quiet");
                                            return 11;
                                          }}};
  EXPECT_EQ(Call({"-q", "thing", "do", "--by", "a", "x.json", "--by=b"}, commands), 11);
  EXPECT_EQ(file, "x.json");
  EXPECT_EQ(by, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(is_quiet);
  EXPECT_EQ(Call({"thing", "do"}, commands), 2);
  EXPECT_EQ(Call({"thing", "undo"}, commands), 2);
  EXPECT_EQ(Call({"thing", "do", "x", "--nonsense"}, commands), 2);
  EXPECT_EQ(Call({"--output", "json", "thing", "do", "x"}, commands), 11);
}

TEST(Query, EncodesWhatIsGiven) {
  EXPECT_EQ(Query({{"filter", "a = \"b&c\""}, {"page_token", ""}, {"by", "x"}}),
            "?filter=a%20%3D%20%22b%26c%22&by=x");
  EXPECT_EQ(Query({}), "");
}

}  // namespace
}  // namespace lineward::cli
