#pragma once

// Runs one disabled test of this same test binary in a process of its own: for what must be killed,
// or needs LINEWARD_FAULT from its first moment. The body is a `TEST(Suite, DISABLED_Name)` that
// reads its arguments by std::getenv.

#include <map>
#include <string>

namespace lineward::support {

struct ChildResult {
  int signal = 0;     // that ended it, else 0
  int exit_code = 0;  // 0 if the body passed
};

// Waits for its end. `environment` is added to ours; the child's output goes to ours.
ChildResult RunChildTest(const std::string& test,
                         const std::map<std::string, std::string>& environment);

}  // namespace lineward::support
