#include "tools/lineward/cli.h"

#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>

#include "lineward/base/status.h"
#include "lineward/document/nearest.h"
#include "tools/lineward/remote.h"

namespace lineward::cli {
namespace {

constexpr std::string_view kUsageReason = "USAGE";

int RankOf(int code) {
  switch (code) {
    case kDone:
      return 0;
    case kQuarantine:
      return 1;
    case kBlock:
      return 2;
    case kFindings:
      return 3;
    default:
      return 4 + code;
  }
}

bool TakesValue(std::string_view argument) {
  for (const FlagSpec& flag : GlobalFlags()) {
    if (flag.value.empty()) continue;
    size_t at = 0;
    while (at < flag.name.size()) {
      const size_t comma = std::min(flag.name.find(',', at), flag.name.size());
      if (argument == std::string_view(flag.name).substr(at, comma - at)) return true;
      at = comma + 1;
    }
  }
  return false;
}

std::string KeyOf(const FlagSpec& flag) {
  const size_t at = flag.name.find("--");
  return at == std::string::npos ? flag.name : flag.name.substr(at + 2);
}

// The words that name the command, and where they stand in argv.
std::vector<int> CommandWords(int argc, const char* const* argv) {
  std::vector<int> words;
  for (int i = 1; i < argc && words.size() < 3; ++i) {
    const std::string_view argument = argv[i];
    if (argument.starts_with('-')) {
      if (TakesValue(argument)) ++i;
      continue;
    }
    words.push_back(i);
  }
  return words;
}

void PrintOverview(const std::vector<Command>& commands) {
  fmt::print("Lineward: promotions decided by purpose, recorded, and explained.\n\n");
  size_t width = 0;
  for (const Command& command : commands) width = std::max(width, command.Name().size());
  for (const Command& command : commands) {
    fmt::print("  lineward {:<{}}  {}\n", command.Name(), width, command.help);
  }
  fmt::print("\n`lineward COMMAND --help` tells more.\n");
}

}  // namespace

int WorseOf(int a, int b) { return RankOf(a) >= RankOf(b) ? a : b; }

bool Invocation::Has(std::string_view name) const { return values_.find(name) != values_.end(); }

std::string Invocation::Text(std::string_view name, std::string_view fallback) const {
  const auto found = values_.find(name);
  if (found == values_.end() || found->second.empty()) return std::string(fallback);
  return found->second.back();
}

std::vector<std::string> Invocation::Texts(std::string_view name) const {
  const auto found = values_.find(name);
  return found == values_.end() ? std::vector<std::string>() : found->second;
}

void Invocation::Set(std::string_view name, std::vector<std::string> values) {
  values_[std::string(name)] = std::move(values);
}

const std::vector<FlagSpec>& GlobalFlags() {
  static const std::vector<FlagSpec> flags = {
      {"-o,--output", "FORMAT", "table, json, jsonl, csv or schema"},
      {"--fields", "A,B.C", "Only these fields"},
      {"--filter", "FILTER", "Only what matches (see `lineward decision list --help`)"},
      {"--limit", "N", "At most N rows (default 50)"},
      {"--all", "", "All rows"},
      {"--endpoint", "URL", "Server (default http://127.0.0.1:8080)"},
      {"--admin-endpoint", "URL", "Its admin listener (default http://127.0.0.1:9464)"},
      {"--profile", "NAME", "Profile of lineward/config.yaml"},
      {"--token-file", "FILE", "File that holds the token"},
      {"--timeout", "TIME", "Time per request (default 10s)"},
      {"--retries", "N", "Further attempts while a server is away (default 3)"},
      {"--require-complete", "", "Refuse answers that lack partitions (exit 8)"},
      {"--color", "WHEN", "auto, always or never"},
      {"--no-progress", "", "No progress line"},
      {"-q,--quiet", "", "Nothing but data"},
      {"-v,--verbose", "", "Tell more"},
      {"--yes", "", "Do not ask"},
      {"--dry-run", "", "Check everything, write nothing"},
  };
  return flags;
}

int RunCli(int argc, const char* const* argv, const std::vector<Command>& commands) {
  Invocation call;
  call.commands = &commands;
  const std::vector<int> words = CommandWords(argc, argv);
  if (words.empty()) {
    for (int i = 1; i < argc; ++i) {
      if (std::string_view(argv[i]) == "--version") {
        fmt::print("lineward {}\n", Version());
        return kDone;
      }
    }
    PrintOverview(commands);
    return argc == 1 ? kUsage : kDone;
  }
  const std::string noun = argv[words[0]];
  const std::string verb = words.size() > 1 ? argv[words[1]] : "";
  // A verb may be two words: `auth token create`.
  const std::string verbs = words.size() > 2 ? verb + " " + argv[words[2]] : "";
  size_t verb_words = 0;
  for (const Command& command : commands) {
    if (command.noun != noun) continue;
    if (command.verb.empty() || command.verb == verb || command.verb == verbs) {
      call.command = &command;
      verb_words = command.verb.empty() ? 0 : command.verb == verb ? 1 : 2;
      break;
    }
  }
  if (call.command == nullptr) {
    const std::string given = verb.empty() ? noun : noun + " " + verb;
    std::vector<std::string> names;
    bool is_noun = false;
    for (const Command& command : commands) {
      is_noun |= command.noun == noun;
      names.push_back(command.Name());
    }
    if (is_noun && verb.empty()) {
      std::string known;
      for (const Command& command : commands) {
        if (command.noun == noun) known += (known.empty() ? "" : ", ") + command.verb;
      }
      fmt::print(stderr, "error: `{}` needs one of: {}        [{}]\n", noun, known, kUsageReason);
      return kUsage;
    }
    fmt::print(stderr, "error: unknown command `{}`{}        [{}]\n", given,
               document::NearestHint(given, std::span<const std::string>(names)), kUsageReason);
    return kUsage;
  }

  const Command& command = *call.command;
  CLI::App app(command.help, "lineward " + command.Name());
  std::map<std::string, std::vector<std::string>> taken;
  std::map<std::string, bool> switched;
  std::vector<FlagSpec> flags = command.flags;
  flags.insert(flags.end(), GlobalFlags().begin(), GlobalFlags().end());
  for (const FlagSpec& flag : flags) {
    const std::string key = KeyOf(flag);
    if (taken.contains(key) || switched.contains(key)) continue;
    const bool is_global = &flag - flags.data() >= static_cast<ptrdiff_t>(command.flags.size());
    CLI::Option* option = nullptr;
    if (flag.value.empty()) {
      option = app.add_flag(flag.name, switched[key], flag.help);
    } else {
      option = app.add_option(flag.name, taken[key], flag.help)->type_name(flag.value);
      option->allow_extra_args(false);
      if (!flag.is_repeated) option->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
    }
    if (is_global) option->group("Flags of every command");
  }
  for (const ArgumentSpec& argument : command.arguments) {
    CLI::Option* option = app.add_option(argument.name, taken[argument.name], argument.help);
    if (argument.is_required) option->required();
    option->expected(argument.is_required ? 1 : 0, argument.is_repeated ? 1 << 20 : 1);
  }
  std::vector<std::string> arguments;  // CLI11 takes them last first
  for (int i = argc - 1; i >= 1; --i) {
    if (i == words[0] || (verb_words > 0 && i == words[1]) || (verb_words > 1 && i == words[2])) {
      continue;
    }
    arguments.emplace_back(argv[i]);
  }
  try {
    app.parse(arguments);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return kDone;
  } catch (const CLI::ParseError& error) {
    std::string what = error.what();
    std::replace(what.begin(), what.end(), '\n', ' ');
    std::vector<std::string> names;
    for (const FlagSpec& flag : flags) names.push_back("--" + KeyOf(flag));
    std::string hint;
    for (int i = 1; i < argc; ++i) {
      const std::string_view argument = argv[i];
      const std::string_view name = argument.substr(0, argument.find('='));
      if (!name.starts_with("--") || std::find(names.begin(), names.end(), name) != names.end()) {
        continue;
      }
      what = fmt::format("unknown flag `{}`", name);
      hint = document::NearestHint(name, std::span<const std::string>(names));
      break;
    }
    fmt::print(stderr, "error: `{}`: {}{}        [{}]\n  try: lineward {} --help\n", command.Name(),
               what, hint, kUsageReason, command.Name());
    return kUsage;
  }
  for (auto& [key, values] : taken) {
    if (!values.empty()) call.Set(key, std::move(values));
  }
  for (const auto& [key, is_on] : switched) {
    if (is_on) call.Set(key, {});
  }
  if (const absl::Status defaults = ApplyDefaults(&call); !defaults.ok()) {
    return Fail(call, defaults);
  }
  static constexpr std::string_view kFormats[] = {"table", "json", "jsonl", "csv", "schema"};
  const std::string output = call.Text("output", "table");
  if (std::find(std::begin(kFormats), std::end(kFormats), output) == std::end(kFormats) &&
      command.has_output) {
    return FailUsage(call, fmt::format("unknown format `{}`{}", output,
                                       document::NearestHint(
                                           output, std::span<const std::string_view>(kFormats))));
  }
  const int code = command.run(call);
  if (std::fflush(stdout) != 0 && code == kDone) return kUnexpected;
  return code;
}

int ExitOf(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kOk:
      return kDone;
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kUnimplemented:
      return kUsage;
    case absl::StatusCode::kNotFound:
      return kNotFound;
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
      return kForbidden;
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
    case absl::StatusCode::kAborted:
      return kConflict;
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnknown:
      return kUnavailable;
    case absl::StatusCode::kDataLoss:
      return kIntegrity;
    default:
      return kUnexpected;
  }
}

int Fail(const Invocation& call, const absl::Status& status) {
  const std::string problem = ProblemOf(status);
  if (call.Text("output") == "json" && !problem.empty()) {
    fmt::print(stderr, "{}{}", problem, problem.ends_with('\n') ? "" : "\n");
    return ExitOf(status);
  }
  std::string reason = base::ReasonOf(status);
  if (reason.empty()) reason = status.code() == absl::StatusCode::kInvalidArgument ? "USAGE" : "-";
  fmt::print(stderr, "error: {}        [{}]\n", base::MessageOf(status), reason);
  std::string second;
  for (const std::string& line : ViolationsOf(status)) second += "  at " + line + "\n";
  fmt::print(stderr, "{}", second);
  if (const std::string id = RequestIdOf(status); !id.empty()) {
    fmt::print(stderr, "  request: {}        docs: docs/errors.md#{}\n", id, reason);
  }
  return ExitOf(status);
}

int FailUsage(const Invocation& call, std::string_view message) {
  return Fail(call, base::InvalidArgument(kUsageReason, "{}", message));
}

}  // namespace lineward::cli
