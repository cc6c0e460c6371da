#include "tests/support/child_test.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <vector>

namespace lineward::support {

ChildResult RunChildTest(const std::string& test,
                         const std::map<std::string, std::string>& environment) {
  const std::string filter = "--gtest_filter=" + test;
  std::vector<const char*> arguments = {"/proc/self/exe", filter.c_str(),
                                        "--gtest_also_run_disabled_tests", "--gtest_brief=1",
                                        nullptr};
  std::vector<std::string> texts;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!environment.contains(text.substr(0, text.find('=')))) texts.push_back(text);
  }
  for (const auto& [name, value] : environment) texts.push_back(name + "=" + value);
  std::vector<const char*> variables;
  for (const std::string& text : texts) variables.push_back(text.c_str());
  variables.push_back(nullptr);

  const pid_t pid = ::fork();
  if (pid == 0) {
    ::execve(arguments[0], const_cast<char* const*>(arguments.data()),
             const_cast<char* const*>(variables.data()));
    ::_exit(127);
  }
  int status = 0;
  ChildResult result;
  if (pid < 0 || ::waitpid(pid, &status, 0) != pid) return {0, 127};
  if (WIFSIGNALED(status)) result.signal = WTERMSIG(status);
  if (WIFEXITED(status)) result.exit_code = WEXITSTATUS(status);
  return result;
}

}  // namespace lineward::support
