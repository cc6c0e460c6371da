#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lineward::support {

// Path of `name` (`vectors/decode.json`) in the folder of data made elsewhere: LINEWARD_DATA, else
// `../shared/data` beside the source tree. nullopt where it is absent: skip the test and say so.
std::optional<std::string> SharedData(std::string_view name);

// The whole file; an empty string if it cannot be read.
std::string ReadFile(const std::string& path);

}  // namespace lineward::support

// Sets `path` (std::string) or skips the test where the data folder is absent.
#define LW_SHARED_DATA_OR_SKIP(path, name)                                   \
  const auto path##_or = ::lineward::support::SharedData(name);              \
  if (!path##_or.has_value()) GTEST_SKIP() << "no outside data: " << (name); \
  const std::string path = *path##_or
