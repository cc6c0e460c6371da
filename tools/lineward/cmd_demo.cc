// lineward demo: a node of this process, an empty shop, the whole story

#include <fmt/format.h>
#include <stdlib.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>
#include <thread>

#include "lineward/base/status.h"
#include "lineward/base/thread.h"
#include "lineward/config/option_table.h"
#include "services/node/node.h"
#include "services/node/options.h"
#include "tools/lineward/commands.h"
#include "tools/lineward/demo.h"
#include "tools/lineward/remote.h"

namespace lineward::cli {
namespace {

constexpr const char* kKeptState = "./demo-state";
constexpr std::chrono::milliseconds kStepInterval{20};

// The folder of one run: kept where it can be seen, else one that goes with the process.
absl::StatusOr<std::string> StateFolder(const Invocation& call) {
  if (const std::string given = call.Text("state"); !given.empty()) return given;
  if (call.Has("keep")) return std::string(kKeptState);
  std::string pattern = (std::filesystem::temp_directory_path() / "lineward-demo-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) {
    return base::Unavailable("USAGE", "no folder for the demo can be made as `{}`", pattern);
  }
  return pattern;
}

int Demo(const Invocation& call) {
  const bool keeps = call.Has("keep");
  const auto state = StateFolder(call);
  if (!state.ok()) return Fail(call, state.status());
  std::error_code ec;
  if (std::filesystem::exists(*state + "/log", ec)) {
    return FailUsage(call,
                     fmt::format("`{}` holds an older demo: remove it, or name another folder "
                                 "by --state",
                                 *state));
  }
  services::AllOptions options;
  config::OptionTable table;
  services::BindAllOptions(&options, &table);
  config::LoadInput input;
  input.secrets_folder = ".";
  const std::string port = keeps ? "8080" : "0";
  const std::string admin_port = keeps ? "9464" : "0";
  const std::pair<const char*, std::string> settings[] = {
      {"environment", "dev"},
      {"instance_id", "demo"},
      {"state_dir", *state},
      {"transport", "embedded"},
      {"topics.partitions", "2"},
      {"policy.require_signatures", "false"},
      {"auth.mode", "none"},
      {"http.listen", "127.0.0.1:" + call.Text("port", port)},
      {"admin.listen", "127.0.0.1:" + call.Text("admin-port", admin_port)},
      {"log.level", "error"},
      {"lifecycle.drain_delay", "0s"},
      {"ledger.min_free", "0B"}};
  for (const auto& [key, value] : settings) input.flags.push_back({key, value});
  const auto findings = table.Load(input);
  if (!findings.empty()) return FailUsage(call, findings.front().message);

  services::BlockStopSignals();
  const auto begin = std::chrono::steady_clock::now();
  auto node = services::Node::Start(options, table, Version());
  if (!node.ok()) {
    Fail(call, node.status());
    return services::ServeExitOf(node.status());
  }
  DemoOptions demo;
  demo.http_endpoint = fmt::format("http://127.0.0.1:{}", (*node)->http_port());
  demo.admin_endpoint = fmt::format("http://127.0.0.1:{}", (*node)->admin_port());
  demo.keeps_running = keeps;
  demo.state_dir = *state;
  demo.start_seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  demo.wait_control = [&node] { return (*node)->WaitControl(absl::Seconds(60)); };
  demo.print = [](std::string_view line) {
    fmt::print("{}\n", line);
    std::fflush(stdout);
  };

  // The story asks over HTTP, while the node is watched here.
  std::atomic<bool> is_told = false;
  absl::Status told;
  absl::Status stepped;
  {
    const std::jthread teller = base::StartThread("lw-demo", [&](std::stop_token) {
      told = TellDemo(demo);
      is_told.store(true);
    });
    while (!is_told.load() && stepped.ok()) {
      stepped = (*node)->Step();
      std::this_thread::sleep_for(kStepInterval);
    }
  }
  int code = stepped.ok() ? kDone : services::ServeExitOf(stepped);
  if (!stepped.ok()) Fail(call, stepped);
  if (!told.ok()) code = Fail(call, told);
  if (code == kDone && keeps) return (*node)->Run();
  (*node)->Stop();
  node->reset();
  if (!keeps && call.Text("state").empty()) std::filesystem::remove_all(*state, ec);
  return code;
}

}  // namespace

void AddDemoCommand(std::vector<Command>* commands) {
  commands->push_back(
      {"demo",
       "",
       "One node on the embedded transport, a shop's data, the whole story",
       {},
       {{"--keep", "", "Leaves it running on 127.0.0.1:8080, state in ./demo-state"},
        {"--state", "DIR", "Where its data go (an empty or new folder)"},
        {"--port", "PORT", "Port of the HTTP interface"},
        {"--admin-port", "PORT", "Port of metrics and health"}},
       Demo,
       false});
}

}  // namespace lineward::cli
