#pragma once

// Operational logs: JSON lines with one stable `event` code per statement, declared in the
// `log_events.h` of each lib; text on a terminal. Per code 10 lines a second, then one line with
// `suppressed`. No payload, no subject, nothing per promotion (observability design, section 10).
//
// A `Logger` is a cheap handle onto its `LogSink`; any thread. Writing never blocks: the queue of
// 8,192 lines drops and counts what does not fit.

#include <fmt/format.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/base/clock.h"

namespace lineward::telemetry {

enum class LogLevel : uint8_t { kDebug, kInfo, kWarn, kError, kFatal };

std::string_view NameOf(LogLevel level);
std::optional<LogLevel> ParseLogLevel(std::string_view name);

// A statement's code and level: `inline constexpr LogEvent kGateCommitted{"gate_committed",
// kInfo};`
struct LogEvent {
  std::string_view code;  // snake case, lib first
  LogLevel level = LogLevel::kInfo;
};

// `{"topic", "promotions"}`, `{"offset", 42}`: values are text, integers, doubles or bools. Names
// of the design's catalogue stand at the top of the line, all others under `data`.
struct LogField {
  LogField(std::string_view key, std::string_view value);
  LogField(std::string_view key, const char* value) : LogField(key, std::string_view(value)) {}
  LogField(std::string_view key, const std::string& value)
      : LogField(key, std::string_view(value)) {}
  LogField(std::string_view key, int64_t value);
  LogField(std::string_view key, uint64_t value);
  LogField(std::string_view key, int value) : LogField(key, static_cast<int64_t>(value)) {}
  LogField(std::string_view key, unsigned value) : LogField(key, static_cast<uint64_t>(value)) {}
  LogField(std::string_view key, double value);
  LogField(std::string_view key, bool value);

  std::string name;
  std::string json;  // the value, encoded
  std::string text;  // the value for people
};

struct LogOptions {
  LogLevel level = LogLevel::kInfo;
  bool is_json = true;          // false: text for a terminal
  unsigned rate_per_code = 10;  // lines a second and code; 0 = no limit
  std::string service = "lineward";
  std::string version;
  std::string instance;
  // Where lines go, each with its final LF; by default stdout on a thread of its own.
  std::function<void(std::string_view line)> write;
  const base::Clock* clock = &base::SystemClock();
};

class LogSink {
 public:
  explicit LogSink(LogOptions options);
  // Writes what is queued.
  ~LogSink();
  LogSink(const LogSink&) = delete;
  LogSink& operator=(const LogSink&) = delete;

  void SetLevel(LogLevel level);
  uint64_t Dropped() const;

 private:
  friend class Logger;
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class Logger {
 public:
  // A logger without a sink drops everything.
  Logger() = default;
  Logger(LogSink* sink, std::string_view role, std::string_view module);

  // The same sink and role under another module name.
  Logger For(std::string_view module) const;

  void Write(const LogEvent& event, std::string_view message,
             std::vector<LogField> fields = {}) const;

 private:
  LogSink* sink_ = nullptr;
  std::string role_;
  std::string module_;
};

}  // namespace lineward::telemetry
