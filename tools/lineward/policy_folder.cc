#include "tools/lineward/policy_folder.h"

#include <algorithm>
#include <filesystem>

#include "lineward/base/status.h"
#include "tools/lineward/remote.h"

namespace lineward::cli {

absl::StatusOr<std::vector<policy::SourceFile>> ReadPolicyFolder(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<std::string> paths;
  for (fs::recursive_directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string extension = at->path().extension().string();
    if (at->is_regular_file(error) && (extension == ".yaml" || extension == ".yml")) {
      paths.push_back(fs::relative(at->path(), folder, error).generic_string());
    }
    if (paths.size() > policy::kFilesMax) break;
  }
  if (error) {
    return base::NotFound("FILE_NOT_FOUND", "cannot read `{}`: {}", folder, error.message());
  }
  if (paths.empty()) return base::InvalidArgument("USAGE", "`{}` holds no YAML file", folder);
  if (paths.size() > policy::kFilesMax) {
    return base::InvalidArgument("USAGE", "`{}` holds more than {} files", folder,
                                 policy::kFilesMax);
  }
  std::sort(paths.begin(), paths.end());
  std::vector<policy::SourceFile> files;
  for (const std::string& path : paths) {
    LW_ASSIGN_OR_RETURN(std::string content, ReadInput(folder + "/" + path));
    files.push_back({.name = path, .bytes = std::move(content)});
  }
  return files;
}

}  // namespace lineward::cli
