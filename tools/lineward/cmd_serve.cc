// lineward serve, health, config check | print | schema | docs

#include <fmt/format.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/config/option_table.h"
#include "lineward/control/names.h"
#include "lineward/http/message.h"
#include "services/node/node.h"
#include "services/node/options.h"
#include "tools/lineward/commands.h"
#include "tools/lineward/output.h"
#include "tools/lineward/remote.h"

namespace lineward::cli {
namespace {

using document::Json;

constexpr const char* kDefaultFile = "lineward.yaml";

// Options as file, environment and flags give them.
struct Loaded {
  services::AllOptions options;
  config::OptionTable table;
  std::vector<config::Finding> findings;
};

absl::Status Load(const Invocation& call, Loaded* loaded) {
  services::BindAllOptions(&loaded->options, &loaded->table);
  config::LoadInput input;
  std::string path = call.Text("config");
  const char* named = std::getenv("LINEWARD_CONFIG");
  const bool is_named = !path.empty() || named != nullptr;
  if (path.empty() && named != nullptr) path = named;
  if (path.empty()) {
    const char* folder = std::getenv("CONFIGURATION_DIRECTORY");
    path = folder == nullptr ? kDefaultFile : fmt::format("{}/{}", folder, kDefaultFile);
  }
  std::ifstream in(path, std::ios::binary);
  if (in) {
    std::stringstream bytes;
    bytes << in.rdbuf();
    input.file_name = std::filesystem::path(path).filename().string();
    input.file_bytes = bytes.str();
  } else if (is_named) {
    return base::InvalidArgument("CONFIG_INVALID", "cannot read `{}`", path);
  }
  const char* credentials = std::getenv("CREDENTIALS_DIRECTORY");
  input.secrets_folder = credentials != nullptr
                             ? std::string(credentials)
                             : std::filesystem::path(path).parent_path().string();
  if (input.secrets_folder.empty()) input.secrets_folder = ".";
  input.environment = config::ReadEnvironment();
  if (const std::string roles = call.Text("roles"); !roles.empty()) {
    input.flags.push_back({"roles", roles});
  }
  for (const std::string& setting : call.Texts("set")) {
    const size_t equals = setting.find('=');
    if (equals == std::string::npos) {
      return base::InvalidArgument("USAGE", "--set: `{}` is no `key=value`", setting);
    }
    input.flags.push_back({setting.substr(0, equals), setting.substr(equals + 1)});
  }
  loaded->findings = loaded->table.Load(input);
  if (loaded->findings.empty()) {
    loaded->findings = services::CheckNodeOptions(loaded->options.node);
  }
  if (loaded->options.node.instance_id.empty()) {
    char host[256] = {};
    if (gethostname(host, sizeof(host) - 1) == 0) loaded->options.node.instance_id = host;
  }
  return absl::OkStatus();
}

int PrintFindings(const Loaded& loaded) {
  for (const config::Finding& finding : loaded.findings) {
    fmt::print(stderr, "error: {}: {}        [CONFIG_INVALID]\n", finding.place, finding.message);
  }
  return kUsage;
}

int Serve(const Invocation& call) {
  Loaded loaded;
  if (const absl::Status status = Load(call, &loaded); !status.ok()) return Fail(call, status);
  if (!loaded.findings.empty()) return PrintFindings(loaded);
  if (call.Has("check")) return kDone;
  services::BlockStopSignals();
  auto node = services::Node::Start(loaded.options, loaded.table, Version());
  if (!node.ok()) {
    Fail(call, node.status());
    return services::ServeExitOf(node.status());
  }
  return (*node)->Run();
}

int ConfigCheck(const Invocation& call) {
  Loaded loaded;
  if (const absl::Status status = Load(call, &loaded); !status.ok()) return Fail(call, status);
  if (!loaded.findings.empty()) return PrintFindings(loaded);
  return kDone;
}

int ConfigPrint(const Invocation& call) {
  Loaded loaded;
  if (const absl::Status status = Load(call, &loaded); !status.ok()) return Fail(call, status);
  if (!loaded.findings.empty()) return PrintFindings(loaded);
  fmt::print("{}", loaded.table.Print(call.Has("origin")));
  return kDone;
}

int ConfigShow(std::string (config::OptionTable::*show)() const) {
  services::AllOptions options;
  config::OptionTable table;
  services::BindAllOptions(&options, &table);
  fmt::print("{}", (table.*show)());
  return kDone;
}

int Health(const Invocation& call) {
  const std::vector<Column> columns = {{"name", "CHECK"}, {"ok", "OK"}, {"cause", "WAITS FOR"}};
  if (Output::PrintedSchema(call, columns, true)) return kDone;
  std::string target = "/readyz";
  if (const std::string role = call.Text("role"); !role.empty()) {
    target += "/" + control::EncodeSegment(role);
  }
  // A process that is not ready answers 503: an answer, no reason to ask again.
  http::ClientOptions options;
  options.endpoint = call.Text("admin-endpoint", "http://127.0.0.1:9464");
  http::Client client(options);
  const auto answer = client.Call(http::Method::kGet, target + "?verbose");
  if (!answer.ok()) return Fail(call, answer.status());
  const auto report = document::ParseJson(answer->body);
  const Json* checks = report.ok() ? report->Find("checks") : nullptr;
  if (checks == nullptr || !checks->is_list() || (answer->status != 200 && answer->status != 503)) {
    return Fail(
        call, base::Unavailable("ANSWER_INVALID", "`{}` gave no health report", options.endpoint));
  }
  if (!call.Has("quiet")) {
    Output output(call, columns);
    for (const Json& check : checks->items()) output.Row(check);
    output.EndList(*report);
  }
  return answer->status == 200 ? kDone : kUnhealthy;
}

}  // namespace

void AddServeCommands(std::vector<Command>* commands) {
  const FlagSpec config_file = {"--config", "FILE",
                                "Configuration (else LINEWARD_CONFIG, else lineward.yaml)"};
  const FlagSpec set = {"--set", "KEY=VALUE", "Sets an option over file and environment", true};
  const FlagSpec roles = {"--roles", "LIST", "gate,ledger,registry"};
  commands->push_back({"serve",
                       "",
                       "Runs the chosen roles",
                       {},
                       {roles, config_file, set, {"--check", "", "Check the configuration only"}},
                       Serve,
                       false});
  commands->push_back({"health",
                       "",
                       "Whether a process, or one role of it, is ready",
                       {{"role", "gate, ledger, registry or http", false}},
                       {},
                       Health});
  commands->push_back({"config",
                       "check",
                       "Checks the configuration",
                       {},
                       {config_file, set, roles},
                       ConfigCheck,
                       false});
  commands->push_back({"config",
                       "print",
                       "The options in force",
                       {},
                       {config_file,
                        set,
                        roles,
                        {"--effective", "", "All of them (the default)"},
                        {"--origin", "", "Where each value comes from"}},
                       ConfigPrint,
                       false});
  commands->push_back(
      {"config",
       "schema",
       "JSON Schema of the configuration",
       {},
       {},
       [](const Invocation&) { return ConfigShow(&config::OptionTable::JsonSchema); },
       false});
  commands->push_back({"config",
                       "docs",
                       "docs/CONFIG.md, or the default file",
                       {},
                       {{"--file", "", "The commented default file"}},
                       [](const Invocation& call) {
                         return ConfigShow(call.Has("file") ? &config::OptionTable::DefaultFile
                                                            : &config::OptionTable::Docs);
                       },
                       false});
}

}  // namespace lineward::cli
