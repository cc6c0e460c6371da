#include "lineward/telemetry/process_metrics.h"

#include <dirent.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace lineward::telemetry {
namespace {

constexpr std::array<std::string_view, 12> kPools = {
    "gate",  "ledger",    "registry", "monitor", "http_io", "http_worker",
    "admin", "telemetry", "otlp",     "store",   "kafka",   "other"};

std::string ReadAll(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  return content.str();
}

// The fields of a procfs `stat` line after the command name, so that [0] is the state.
std::vector<std::string> StatFields(const std::string& line) {
  std::vector<std::string> fields;
  const size_t end_of_name = line.rfind(')');
  if (end_of_name == std::string::npos) return fields;
  std::istringstream rest(line.substr(end_of_name + 1));
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

// Threads are named `lw-<pool>-<n>`; RocksDB's and librdkafka's keep their own prefixes.
std::string_view PoolOf(std::string_view name) {
  if (name.starts_with("rocksdb")) return "store";
  if (name.starts_with("rdk")) return "kafka";
  if (!name.starts_with("lw-")) return "other";
  name.remove_prefix(3);
  if (name.starts_with("http-io")) return "http_io";
  if (name.starts_with("http")) return "http_worker";
  if (name.starts_with("log")) return "telemetry";
  if (name.starts_with("control")) return "gate";
  for (const std::string_view pool : kPools) {
    if (name.starts_with(pool)) return pool;
  }
  return "other";
}

size_t CountEntries(const char* folder) {
  DIR* const dir = opendir(folder);
  if (dir == nullptr) return 0;
  size_t count = 0;
  while (const dirent* entry = readdir(dir)) {
    if (entry->d_name[0] != '.') ++count;
  }
  closedir(dir);
  return count == 0 ? 0 : count - 1;  // without the descriptor of this very listing
}

double Seconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

}  // namespace

struct ProcessMetrics::Impl {
  Counter* cpu;
  Gauge* resident;
  Gauge* virtual_memory;
  Gauge* open_fds;
  Gauge* max_fds;
  Gauge* start_time;
  Gauge* threads;
  std::map<std::string, Counter*, std::less<>> pools;
  std::map<std::string, double> task_seconds;
};

ProcessMetrics::ProcessMetrics(MetricRegistry* registry) : impl_(std::make_unique<Impl>()) {
  const auto gauge = [registry](std::string_view name, std::string_view help) {
    return registry->DeclareGauge({.name = name, .help = help, .is_bare = true})->With();
  };
  impl_->cpu = registry
                   ->DeclareCounter({.name = "process_cpu_seconds_total",
                                     .help = "User and system CPU time of the process",
                                     .is_bare = true})
                   ->With();
  impl_->resident = gauge("process_resident_memory_bytes", "Resident memory");
  impl_->virtual_memory = gauge("process_virtual_memory_bytes", "Virtual memory");
  impl_->open_fds = gauge("process_open_fds", "Open file descriptors");
  impl_->max_fds = gauge("process_max_fds", "Soft limit of file descriptors");
  impl_->start_time = gauge("process_start_time_seconds", "Start of the process, Unix time");
  impl_->threads = gauge("process_threads", "Threads of the process");
  CounterFamily* const pools = registry->DeclareCounter({.name = "thread_cpu_seconds_total",
                                                         .help = "CPU time by pool of threads",
                                                         .labels = {"pool"},
                                                         .children_max = kPools.size()});
  for (const std::string_view pool : kPools) impl_->pools[std::string(pool)] = pools->With({pool});
}

ProcessMetrics::~ProcessMetrics() = default;

void ProcessMetrics::Update() {
  const double ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  const auto stat = StatFields(ReadAll("/proc/self/stat"));
  if (stat.size() > 21) {
    const double cpu = (std::atof(stat[11].c_str()) + std::atof(stat[12].c_str())) / ticks;
    if (cpu > impl_->cpu->Value()) impl_->cpu->Add(cpu - impl_->cpu->Value());
    impl_->threads->Set(std::atof(stat[17].c_str()));
    impl_->start_time->Set(Seconds(CLOCK_REALTIME) -
                           (Seconds(CLOCK_BOOTTIME) - std::atof(stat[19].c_str()) / ticks));
    impl_->virtual_memory->Set(std::atof(stat[20].c_str()));
    impl_->resident->Set(std::atof(stat[21].c_str()) * static_cast<double>(sysconf(_SC_PAGESIZE)));
  }
  impl_->open_fds->Set(static_cast<double>(CountEntries("/proc/self/fd")));
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    impl_->max_fds->Set(static_cast<double>(limit.rlim_cur));
  }
  DIR* const tasks = opendir("/proc/self/task");
  if (tasks == nullptr) return;
  while (const dirent* entry = readdir(tasks)) {
    const std::string id = entry->d_name;
    if (id.front() == '.') continue;
    const std::string line = ReadAll("/proc/self/task/" + id + "/stat");
    const auto fields = StatFields(line);
    if (fields.size() <= 12) continue;
    const size_t open = line.find('(');
    const std::string name = line.substr(open + 1, line.rfind(')') - open - 1);
    const double seconds = (std::atof(fields[11].c_str()) + std::atof(fields[12].c_str())) / ticks;
    double& known = impl_->task_seconds[id + ' ' + name];
    if (seconds > known) {
      impl_->pools.find(PoolOf(name))->second->Add(seconds - known);
      known = seconds;
    }
  }
  closedir(tasks);
}

}  // namespace lineward::telemetry
