// A gate in a process of its own on a real Kafka, for stories that kill it, and the small world
// around it (tests/support/control_writer.h).
//
//   gate_process world A TOPIC PARTITIONS   makes the topics, publishes registry and policies
//   gate_process policies A EFFECT EPOCH    publishes a set that permits or forbids all, as EPOCH
//   gate_process gate A TOPIC               says `takes signals`, decides until SIGTERM, drains
//   gate_process measure A TOPIC EVENTS COMMIT_MS NAME LEDGER
//                                           decides EVENTS promotions as group and seat NAME, with
//                                           folder LEDGER (not `-`) beside a ledger that folds
//                                           them; then prints a line of JSON: events, wall and CPU
//                                           seconds, CPU by stage of the gate and by thread
//
// Group and seat of `gate` are named as the topic, so that stories on one broker do not meet.

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>

#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/control/follower.h"
#include "lineward/gate/gate.h"
#include "lineward/ledger/follower.h"
#include "lineward/ledger/ledger.h"
#include "lineward/stream/kafka.h"
#include "lineward/telemetry/metrics.h"
#include "tests/support/control_writer.h"

namespace lineward::integration {
namespace {

template <typename T>
T Must(absl::StatusOr<T> value) {
  LW_CHECK(value.ok(), "{}", base::MessageOf(value.status()));
  return *std::move(value);
}

struct Measure {
  // 0: until SIGTERM.
  uint64_t events = 0;
  absl::Duration commit_interval = absl::ZeroDuration();
  std::string name = {};
  std::string ledger_folder = {};
};

// A ledger that is empty at first, and what follows the log for it.
class Folding {
 public:
  Folding(stream::Transport* transport, const std::string& folder) {
    ledger::LedgerOptions options;
    options.data_dir = folder;
    options.log_id = Must(transport->LogId());
    options.min_free_bytes = 0;
    ledger_ = Must(ledger::Ledger::Open(options, {}));
    follower_ = Must(ledger::Follower::Start(transport, ledger_.get(), {}, telemetry::Logger()));
  }
  uint64_t Rows() const { return ledger_->Stats().rows; }

 private:
  std::unique_ptr<ledger::Ledger> ledger_;
  std::unique_ptr<ledger::Follower> follower_;
};

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// CPU seconds of this process by name of thread: `"lw-gate-0": 1.20, "rdk:main": 0.10`.
std::string CpuByThread() {
  std::map<std::string, double> seconds;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "stat");
    const std::string text((std::istreambuf_iterator<char>(file)), {});
    const size_t open = text.find('(');
    const size_t close = text.rfind(')');
    if (open == std::string::npos || close == std::string::npos) continue;
    const auto fields = base::Split(std::string_view(text).substr(close + 2), ' ');
    // utime and stime are fields 14 and 15 of the line, 11 and 12 behind the name.
    const double ticks = static_cast<double>(base::ParseInt64(fields[11]).value_or(0) +
                                             base::ParseInt64(fields[12]).value_or(0));
    seconds[text.substr(open + 1, close - open - 1)] +=
        ticks / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  std::string json;
  for (const auto& [name, value] : seconds) {
    json += fmt::format("{}\"{}\": {:.2f}", json.empty() ? "" : ", ", name, value);
  }
  return json;
}

std::string CpuByStage(const gate::GateMetrics& metrics) {
  constexpr std::array<std::string_view, gate::kStages> kNames = {"decode", "decide", "seal",
                                                                  "send"};
  std::string json;
  for (size_t i = 0; i < kNames.size(); ++i) {
    json += fmt::format("{}\"{}\": {:.3f}", i == 0 ? "" : ", ", kNames[i],
                        metrics.stage_cpu_seconds[i]->Value());
  }
  return json;
}

// Waits for a signal, or until what `measure` asks for is committed, and folded if `folding`.
void AwaitEnd(const sigset_t& signals, const gate::Gate& gate, const gate::GateMetrics& metrics,
              const Folding* folding, const Measure& measure) {
  int caught = 0;
  if (measure.events == 0) {
    sigwait(&signals, &caught);
    return;
  }
  const timespec tick{0, 5'000'000};
  std::optional<std::chrono::steady_clock::time_point> begun;
  double cpu_before = 0;
  while (sigtimedwait(&signals, nullptr, &tick) < 0) {
    if (!begun.has_value() && gate.NotReadyCause().empty()) {
      begun = std::chrono::steady_clock::now();
      cpu_before = CpuSeconds();
    }
    if (gate.Committed() < measure.events) continue;
    if (folding != nullptr && folding->Rows() < measure.events) continue;
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - *begun).count();
    std::printf("%s\n",
                fmt::format("{{\"events\": {}, \"seconds\": {:.3f}, \"cpu_seconds\": {:.3f}, "
                            "\"cpu_by_stage\": {{{}}}, \"cpu_by_thread\": {{{}}}}}",
                            gate.Committed(), seconds, CpuSeconds() - cpu_before,
                            CpuByStage(metrics), CpuByThread())
                    .c_str());
    return;
  }
}

int RunGate(stream::Transport* transport, const std::string& source, const Measure& measure) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  if (measure.events == 0) {
    std::puts("takes signals");
    std::fflush(stdout);
  }
  telemetry::MetricRegistry registry;
  control::FollowerMetrics follower_metrics(&registry);
  gate::GateMetrics gate_metrics(&registry);
  const auto follower =
      Must(control::Follower::Start(transport, {}, &follower_metrics, telemetry::Logger()));
  gate::GateOptions options;
  options.sources[0].topic = source;
  options.instance_id = source;
  options.group_id = source;
  options.tenant_key = std::string(32, 'k');
  if (measure.events > 0) {
    options.commit_interval = measure.commit_interval;
    options.instance_id = measure.name;
    options.group_id = measure.name;
  }
  options.on_stopped = [](const absl::Status& status) {
    std::fprintf(stderr, "gate stopped: %s\n", status.ToString().c_str());
    kill(getpid(), SIGTERM);
  };
  std::optional<Folding> folding;
  if (!measure.ledger_folder.empty()) folding.emplace(transport, measure.ledger_folder);
  const auto gate = Must(gate::Gate::Start(options, transport, follower.get(), &gate_metrics, {}));
  AwaitEnd(signals, *gate, gate_metrics, folding.has_value() ? &*folding : nullptr, measure);
  gate->Drain();
  if (gate->StoppedBy().ok()) return 0;
  return absl::IsPermissionDenied(gate->StoppedBy()) ? 2 : 1;
}

}  // namespace
}  // namespace lineward::integration

int main(int argc, char** argv) {
  using lineward::base::ParseInt64;
  const std::map<std::string_view, int> verbs = {
      {"world", 5}, {"policies", 5}, {"gate", 4}, {"measure", 8}};
  const std::string_view verb = argc > 1 ? argv[1] : "";
  if (const auto known = verbs.find(verb); known == verbs.end() || known->second != argc) {
    std::fprintf(stderr, "usage: gate_process world|policies|gate|measure ADDRESS ...\n");
    return 64;
  }
  const auto transport =
      lineward::integration::Must(lineward::stream::OpenKafka({.bootstrap_servers = argv[2]}));
  if (verb == "world" || verb == "policies") {
    lineward::support::ControlWriter control(transport.get());
    const int64_t number = ParseInt64(argv[4]).value_or(1);
    if (verb == "policies") {
      control.PublishPolicies(argv[3], static_cast<uint64_t>(number));
      return 0;
    }
    control.CreateTopics(argv[3], static_cast<int32_t>(number));
    control.PublishRegistry();
    control.PublishPolicies();
    return 0;
  }
  lineward::integration::Measure measure;
  if (verb == "measure") {
    measure.events = static_cast<uint64_t>(ParseInt64(argv[4]).value_or(0));
    measure.commit_interval = absl::Milliseconds(ParseInt64(argv[5]).value_or(50));
    measure.name = argv[6];
    if (std::string_view(argv[7]) != "-") measure.ledger_folder = argv[7];
  }
  return lineward::integration::RunGate(transport.get(), argv[3], measure);
}
