#include "tests/support/temp_dir.h"

#include <cstdlib>
#include <system_error>

#include "lineward/base/check.h"

namespace lineward::support {

TempDir::TempDir() {
  std::string name = (std::filesystem::temp_directory_path() / "lineward-XXXXXX").string();
  LW_CHECK(mkdtemp(name.data()) != nullptr, "mkdtemp `{}`", name);
  path_ = name;
}

TempDir::~TempDir() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

}  // namespace lineward::support
