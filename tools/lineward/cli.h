#pragma once

// The command line as data: each command says its noun, verb, arguments and flags, and how it runs.
// From the list come parsing, help, completion and the nearest command. One thread.

#include <absl/status/status.h>

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace lineward::cli {

// What a command ends with (interfaces design, section 4).
enum Exit : int {
  kDone = 0,
  kUnexpected = 1,
  kUsage = 2,
  kBlock = 3,
  kQuarantine = 4,
  kNotFound = 5,
  kForbidden = 6,
  kConflict = 7,
  kUnavailable = 8,
  kIntegrity = 9,
  kUnhealthy = 10,
  kFindings = 11,
  kInterrupted = 130,
};

// The highest of 1, 2, 5-10, else 11, else 3, else 4, else 0; never by order.
int WorseOf(int a, int b);

// `--by FIELD`; without a value name it is a switch. A repeated flag gathers values.
struct FlagSpec {
  std::string name;
  std::string value;
  std::string help;
  bool is_repeated = false;
};

struct ArgumentSpec {
  std::string name;
  std::string help;
  bool is_required = true;
  bool is_repeated = false;
};

class Invocation;

struct Command {
  std::string noun;
  std::string verb;  // empty: the noun alone
  std::string help;
  std::vector<ArgumentSpec> arguments;
  std::vector<FlagSpec> flags;
  std::function<int(const Invocation&)> run;
  // The flags that choose rows and form of an answer; off for `serve` and the like.
  bool has_output = true;

  std::string Name() const { return verb.empty() ? noun : noun + " " + verb; }
};

// The values of one call; global flags are there under their long names too.
class Invocation {
 public:
  bool Has(std::string_view name) const;
  std::string Text(std::string_view name, std::string_view fallback = {}) const;
  std::vector<std::string> Texts(std::string_view name) const;
  void Set(std::string_view name, std::vector<std::string> values);

  const Command* command = nullptr;
  const std::vector<Command>* commands = nullptr;

 private:
  std::map<std::string, std::vector<std::string>, std::less<>> values_;
};

// `--output` and the other flags that every command takes.
const std::vector<FlagSpec>& GlobalFlags();

// Parses and runs. A usage error is printed with the nearest command and gives kUsage.
int RunCli(int argc, const char* const* argv, const std::vector<Command>& commands);

// Prints `status` to stderr as people (or with `-o json` programs) expect it; its exit code.
int Fail(const Invocation& call, const absl::Status& status);
int ExitOf(const absl::Status& status);

// `error: ...` without a reason of a server: usage and files.
int FailUsage(const Invocation& call, std::string_view message);

}  // namespace lineward::cli
