#include "lineward/telemetry/log.h"

#include <absl/time/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <chrono>
#include <cmath>
#include <map>
#include <thread>

#include "lineward/base/bounded_queue.h"
#include "lineward/base/strings.h"
#include "lineward/base/thread.h"

namespace lineward::telemetry {
namespace {

constexpr size_t kQueueLines = 8192;  // about 4 MiB of lines; beyond it lines are dropped
constexpr std::chrono::milliseconds kPopWait{200};

// Fields that stand at the top of a line; all others go under `data`.
constexpr std::array<std::string_view, 18> kTopFields = {
    "trace_id",    "span_id",    "request_id",    "decision",   "topic",  "partition",
    "offset",      "outcome",    "reason",        "policy_set", "route",  "status",
    "duration_ms", "error_type", "error_message", "suppressed", "folder", "pid"};

bool IsTop(std::string_view name) {
  return std::find(kTopFields.begin(), kTopFields.end(), name) != kTopFields.end();
}

// JSON text of `text`; what is not UTF-8 becomes U+FFFD, byte by byte.
std::string JsonText(std::string_view text) {
  const bool is_utf8 = base::IsUtf8(text);
  std::string json = "\"";
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      json += '\\';
      json += c;
    } else if (byte < 0x20 || byte == 0x7F) {
      json += fmt::format("\\u{:04x}", byte);
    } else if (byte >= 0x80 && !is_utf8) {
      json += "\\ufffd";
    } else {
      json += c;
    }
  }
  return json + '"';
}

std::string NowText(const base::Clock& clock) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%E9SZ", clock.Now(), absl::UTCTimeZone());
}

void WriteStdout(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(STDOUT_FILENO, line.data(), line.size());
    if (written <= 0) return;
    line.remove_prefix(static_cast<size_t>(written));
  }
}

}  // namespace

std::string_view NameOf(LogLevel level) {
  switch (level) {
    case LogLevel::kDebug:
      return "debug";
    case LogLevel::kInfo:
      return "info";
    case LogLevel::kWarn:
      return "warn";
    case LogLevel::kError:
      return "error";
    case LogLevel::kFatal:
      return "fatal";
  }
  return "fatal";
}

std::optional<LogLevel> ParseLogLevel(std::string_view name) {
  for (const LogLevel level :
       {LogLevel::kDebug, LogLevel::kInfo, LogLevel::kWarn, LogLevel::kError, LogLevel::kFatal}) {
    if (NameOf(level) == name) return level;
  }
  return std::nullopt;
}

LogField::LogField(std::string_view key, std::string_view value)
    : name(key), json(JsonText(value)), text(value) {}
LogField::LogField(std::string_view key, int64_t value)
    : name(key), json(fmt::format("{}", value)), text(json) {}
LogField::LogField(std::string_view key, uint64_t value)
    : name(key), json(fmt::format("{}", value)), text(json) {}
LogField::LogField(std::string_view key, double value)
    : name(key), json(std::isfinite(value) ? fmt::format("{}", value) : "null"), text(json) {}
LogField::LogField(std::string_view key, bool value)
    : name(key), json(value ? "true" : "false"), text(json) {}

struct LogSink::Impl {
  struct Rate {
    std::chrono::steady_clock::time_point second_began;
    unsigned written = 0;
    uint64_t suppressed = 0;
  };

  explicit Impl(LogOptions o) : options(std::move(o)), level(options.level), queue(kQueueLines) {
    if (!options.write) options.write = WriteStdout;
    writer = base::StartThread("lw-log", [this](const std::stop_token&) {
      while (true) {
        const auto line = queue.Pop(kPopWait);
        if (line.has_value()) {
          options.write(*line);
        } else if (queue.is_closed()) {
          return;
        }
      }
    });
  }

  ~Impl() {
    queue.Close();
    writer.join();
  }

  // How many lines of the code were held back before this one; nullopt: hold this one back too.
  std::optional<uint64_t> Admit(std::string_view code) {
    if (options.rate_per_code == 0) return 0;
    const auto now = options.clock->Monotonic();
    base::MutexLock lock(&mutex);
    auto at = rates.find(code);
    if (at == rates.end()) at = rates.emplace(std::string(code), Rate{now}).first;
    Rate& rate = at->second;
    if (now - rate.second_began >= std::chrono::seconds(1)) {
      rate.second_began = now;
      rate.written = 0;
    }
    if (rate.written >= options.rate_per_code) {
      ++rate.suppressed;
      return std::nullopt;
    }
    ++rate.written;
    return std::exchange(rate.suppressed, 0);
  }

  const LogOptions& constant_options() const { return options; }

  LogOptions options;
  std::atomic<LogLevel> level;  // read by every statement
  std::atomic<uint64_t> dropped{0};
  base::BoundedQueue<std::string> queue;
  base::Mutex mutex;
  std::map<std::string, Rate, std::less<>> rates LW_GUARDED_BY(mutex);
  std::jthread writer;
};

LogSink::LogSink(LogOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
LogSink::~LogSink() = default;

void LogSink::SetLevel(LogLevel level) { impl_->level = level; }
uint64_t LogSink::Dropped() const { return impl_->dropped; }

Logger::Logger(LogSink* sink, std::string_view role, std::string_view module)
    : sink_(sink), role_(role), module_(module) {}

Logger Logger::For(std::string_view module) const { return Logger(sink_, role_, module); }

void Logger::Write(const LogEvent& event, std::string_view message,
                   std::vector<LogField> fields) const {
  if (sink_ == nullptr) return;
  LogSink::Impl& impl = *sink_->impl_;
  if (event.level < impl.level.load()) return;
  const auto suppressed = impl.Admit(event.code);
  if (!suppressed.has_value()) return;
  if (*suppressed > 0) fields.emplace_back("suppressed", *suppressed);
  const LogOptions& options = impl.constant_options();
  std::string line;
  if (options.is_json) {
    line = fmt::format(R"({{"ts":"{}","level":"{}","event":{},"msg":{},"service":{})",
                       NowText(*options.clock), NameOf(event.level), JsonText(event.code),
                       JsonText(message), JsonText(options.service));
    for (const auto& [name, value] :
         {std::pair<std::string_view, std::string_view>{"version", options.version},
          {"instance", options.instance},
          {"role", role_},
          {"module", module_}}) {
      if (!value.empty()) line += fmt::format(",\"{}\":{}", name, JsonText(value));
    }
    std::string data;
    for (const LogField& field : fields) {
      std::string& target = IsTop(field.name) ? line : data;
      target += fmt::format(",{}:{}", JsonText(field.name), field.json);
    }
    if (!data.empty()) line += ",\"data\":{" + data.substr(1) + "}";
    line += "}\n";
  } else {
    line = fmt::format("{} {:<5} {} {}", NowText(*options.clock).substr(11, 12),
                       NameOf(event.level), event.code, message);
    for (const LogField& field : fields) line += fmt::format(" {}={}", field.name, field.text);
    line += '\n';
  }
  if (!impl.queue.TryPush(line)) ++impl.dropped;
}

}  // namespace lineward::telemetry
