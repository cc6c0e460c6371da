// lineward policy publish

#include <fmt/format.h>

#include "lineward/base/status.h"
#include "lineward/http/message.h"
#include "tools/lineward/commands.h"
#include "tools/lineward/output.h"
#include "tools/lineward/policy_folder.h"
#include "tools/lineward/remote.h"

namespace lineward::cli {
namespace {

using document::Json;

// The files of a folder as the server takes them.
absl::StatusOr<Json> ReadFolder(const std::string& folder) {
  LW_ASSIGN_OR_RETURN(const auto sources, ReadPolicyFolder(folder));
  Json files = Json::EmptyList();
  for (const policy::SourceFile& source : sources) {
    Json file;
    file.Set("name", source.name);
    file.Set("content", source.bytes);
    files.Append(std::move(file));
  }
  return files;
}

int Publish(const Invocation& call) {
  const std::vector<Column> columns = {
      {"policy_set", "policy set"},     {"state", "state"},      {"epoch", "epoch"},
      {"changed", "changed"},           {"rules", "rules"},      {"bindings", "bindings"},
      {"tests_passed", "tests passed"}, {"warnings", "warnings"}};
  if (Output::PrintedSchema(call, columns, false)) return kDone;
  const auto files = ReadFolder(call.Text("dir", "config/policies"));
  if (!files.ok()) return Fail(call, files.status());
  Json body;
  body.Set("files", *files);
  if (const std::string reason = call.Text("reason"); !reason.empty()) body.Set("reason", reason);
  body.Set("request_id", NewRequestId());
  Remote remote(call);
  const auto answer = remote.Post(
      std::string("/v1/policySets:propose") + (call.Has("dry-run") ? "?validate_only=true" : ""),
      body);
  if (!answer.ok()) {
    const int code = Fail(call, answer.status());
    // A set that does not pass its checks is a finding, not a usage error.
    return base::ReasonOf(answer.status()) == "POLICY_SET_INVALID" ? kFindings : code;
  }
  Output(call, columns).One(*answer);
  return kDone;
}

}  // namespace

void AddPolicyCommands(std::vector<Command>* commands) {
  commands->push_back({"policy",
                       "publish",
                       "Checks, tests and publishes the policy set of a folder",
                       {{"dir", "Folder (default config/policies)", false}},
                       {{"--reason", "TEXT", "Why, 3 to 500 characters"}},
                       Publish});
}

}  // namespace lineward::cli
