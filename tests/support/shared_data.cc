#include "tests/support/shared_data.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace lineward::support {

std::optional<std::string> SharedData(std::string_view name) {
  const char* const root = std::getenv("LINEWARD_DATA");
  const std::filesystem::path folder =
      root != nullptr
          ? std::filesystem::path(root)
          : std::filesystem::path(LINEWARD_SUPPORT_SOURCE_DIR) / ".." / "shared" / "data";
  const auto path = folder / name;
  if (!std::filesystem::exists(path)) return std::nullopt;
  return path.string();
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

}  // namespace lineward::support
