// A gate in a process of its own on a real Kafka, for stories that kill it. The world around it is
// small: one dataset, one model `ranker@1`, one policy set that permits.
//
//   gate_process world A TOPIC PARTITIONS   makes the topics, publishes registry and policies
//   gate_process gate A TOPIC               says `takes signals`, decides until SIGTERM, drains
//   gate_process measure A TOPIC EVENTS COMMIT_MS NAME
//                                           decides EVENTS promotions as group and seat NAME, then
//                                           prints a line of JSON: events, wall and CPU seconds
//
// Group and seat of `gate` are named as the topic, so that stories on one broker do not meet.

#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>

#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/control/follower.h"
#include "lineward/control/names.h"
#include "lineward/control/policy_records.h"
#include "lineward/control/records.h"
#include "lineward/gate/gate.h"
#include "lineward/policy/findings.h"
#include "lineward/policy/source.h"
#include "lineward/stream/kafka.h"
#include "lineward/telemetry/metrics.h"

namespace lineward::integration {
namespace {

constexpr int64_t kNowUs = 1'772'366'400'000'000;

template <typename T>
T Must(absl::StatusOr<T> value) {
  LW_CHECK(value.ok(), "{}", base::MessageOf(value.status()));
  return *std::move(value);
}
void Must(const absl::Status& status) { LW_CHECK(status.ok(), "{}", base::MessageOf(status)); }

std::string CanonicalSet() {
  const std::string head = "apiVersion: lineward/v1\n";
  const std::vector<policy::SourceFile> files = {
      {"taxonomy.yaml", head + "kind: Taxonomy\nversion: 1\npurposes:\n- {id: \"x-t:Purpose\"}\n"
                               "- {id: \"x-t:News\", under: [\"x-t:Purpose\"]}\n"},
      {"vocabulary.yaml", head + "kind: Vocabulary\ndata_categories: {behaviour: {}}\n"
                                 "places: {EU: {DE: {}}}\nlabels: [scraped]\n"},
      {"policy.yaml", head + "kind: Policy\npolicy: p@1\nowner: team\nrules:\n- {id: ok, effect: "
                             "permit, match: {purpose_under: [\"x-t:Purpose\"]}}\n"},
      {"bindings.yaml", head + "kind: Bindings\nbindings:\n- {id: b, select: {surface: home}, "
                               "purposes: [\"x-t:Purpose\"], consent_max_age_ms: 60000, policies: "
                               "[{policy: p@1}]}\n"}};
  policy::Findings findings;
  return Must(policy::Parse(files, &findings)).canonical;
}

class World {
 public:
  explicit World(stream::Transport* transport)
      : producer_(Must(transport->OpenProducer({}))), admin_(Must(transport->OpenAdmin())) {}

  void Publish(const std::string& source, int32_t partitions) {
    Must(admin_->Create(stream::OwnTopics()));
    Must(admin_->Create(
        stream::SourceTopics(source, partitions, static_cast<int64_t>(event::kMaxBytesDefault))));
    PublishRegistry();
    PublishPolicies();
  }

 private:
  void Send(std::string_view topic, std::string_view key, std::string_view value) {
    Must(stream::SendAndWait(*producer_, {.topic = topic, .key = key, .value = value},
                             absl::Seconds(30))
             .status());
  }

  void PublishRegistry() {
    control::RegistryRecord dataset;
    dataset.declaration.emplace();
    dataset.declaration->record = 1;
    policy::Grant grant;
    grant.purposes = {"x-t:News"};
    grant.basis = policy::Basis::kContract;
    dataset.declaration->grants = {grant};
    control::RegistryRecord model;
    model.declaration.emplace();
    model.declaration->record = 2;
    model.declaration->kind = control::RecordKind::kModelVersion;
    model.model.emplace();
    model.model->model = "ranker";
    model.model->version = 1;
    model.model->weights_digest = std::string(32, 'w');
    model.model->closure = {1, 2};
    control::RegistryRecord mark;
    mark.seq_mark =
        control::SeqMark{.seq = 3, .recorded_at_us = kNowUs, .chain = std::string(32, 'c')};
    Send(stream::kRegistryTopic, control::DatasetName("default", "clicks"),
         control::EncodeRegistryRecord(dataset));
    Send(stream::kRegistryTopic, control::ModelVersionName("ranker", 1),
         control::EncodeRegistryRecord(model));
    Send(stream::kRegistryTopic, control::kSeqKey, control::EncodeRegistryRecord(mark));
  }

  void PublishPolicies() {
    const std::string canonical = CanonicalSet();
    const std::string id = policy::SetId(canonical);
    const std::vector<std::string> chunks = control::CutPolicySet(canonical);
    for (uint32_t i = 0; i < chunks.size(); ++i) {
      Send(stream::kPoliciesTopic, control::ChunkKey(id, i), chunks[i]);
    }
    control::PolicyHead head;
    head.set_id = id;
    head.epoch = 1;
    head.created_us = kNowUs;
    head.chunks = static_cast<uint32_t>(chunks.size());
    head.raw_bytes = canonical.size();
    Send(stream::kPoliciesTopic, control::kHeadKey, control::EncodePolicyHead(head));
  }

  std::unique_ptr<stream::Producer> producer_;
  std::unique_ptr<stream::TopicAdmin> admin_;
};

struct Measure {
  // 0: until SIGTERM.
  uint64_t events = 0;
  absl::Duration commit_interval = absl::ZeroDuration();
  std::string name = {};
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

// Waits for a signal, or until the gate has committed what `measure` asks for.
void AwaitEnd(const sigset_t& signals, const gate::Gate& gate, const Measure& measure) {
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
    const double seconds =
        std::chrono::duration<double>(std::chrono::steady_clock::now() - *begun).count();
    std::printf("%s\n",
                fmt::format("{{\"events\": {}, \"seconds\": {:.3f}, \"cpu_seconds\": "
                            "{:.3f}, \"cpu_by_thread\": {{{}}}}}",
                            gate.Committed(), seconds, CpuSeconds() - cpu_before, CpuByThread())
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
  const auto gate = Must(gate::Gate::Start(options, transport, follower.get(), &gate_metrics, {}));
  AwaitEnd(signals, *gate, measure);
  gate->Drain();
  if (gate->StoppedBy().ok()) return 0;
  return absl::IsPermissionDenied(gate->StoppedBy()) ? 2 : 1;
}

}  // namespace
}  // namespace lineward::integration

int main(int argc, char** argv) {
  using lineward::base::ParseInt64;
  const bool is_known = argc > 1 && (std::strcmp(argv[1], "world") == 0     ? argc == 5
                                     : std::strcmp(argv[1], "gate") == 0    ? argc == 4
                                     : std::strcmp(argv[1], "measure") == 0 ? argc == 7
                                                                            : false);
  if (!is_known) {
    std::fprintf(stderr, "usage: gate_process world|gate|measure ADDRESS TOPIC ...\n");
    return 64;
  }
  const auto transport =
      lineward::integration::Must(lineward::stream::OpenKafka({.bootstrap_servers = argv[2]}));
  if (std::strcmp(argv[1], "world") == 0) {
    const int64_t partitions = ParseInt64(argv[4]).value_or(1);
    lineward::integration::World(transport.get())
        .Publish(argv[3], static_cast<int32_t>(partitions));
    return 0;
  }
  lineward::integration::Measure measure;
  if (std::strcmp(argv[1], "measure") == 0) {
    measure.events = static_cast<uint64_t>(ParseInt64(argv[4]).value_or(0));
    measure.commit_interval = absl::Milliseconds(ParseInt64(argv[5]).value_or(50));
    measure.name = argv[6];
  }
  return lineward::integration::RunGate(transport.get(), argv[3], measure);
}
