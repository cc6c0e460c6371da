// lineward version, openapi, auth token create, completion

#include <absl/time/clock.h>
#include <fmt/format.h>

#include <set>

#include "lineward/base/strings.h"
#include "lineward/crypto/random.h"
#include "lineward/http/auth.h"
#include "lineward/http/message.h"
#include "lineward/http/route.h"
#include "tools/lineward/commands.h"
#include "tools/lineward/output.h"
#include "tools/lineward/remote.h"

namespace lineward::cli {
namespace {

using document::Json;

int PrintVersion(const Invocation& call) {
  const std::vector<Column> columns = {{"version", "lineward"}};
  if (Output::PrintedSchema(call, columns, false)) return kDone;
  Json version;
  version.Set("version", Version());
  Output(call, columns).One(version);
  return kDone;
}

int PrintOpenApi(const Invocation&) {
  fmt::print("{}\n", document::Pretty(http::OpenApi(http::Routes(), Version(), "")));
  return kDone;
}

int CreateToken(const Invocation& call) {
  const std::vector<Column> columns = {{"token", "token"}, {"entry", "entry"}};
  if (Output::PrintedSchema(call, columns, false)) return kDone;
  const int64_t days = base::ParseInt64(call.Text("days", "30")).value_or(0);
  if (days < 1 || days > 90) return FailUsage(call, "`--days` is no number from 1 to 90");
  std::vector<std::string> roles = call.Texts("role");
  if (roles.empty()) return FailUsage(call, "at least one `--role` is needed");
  std::string grants;
  for (const std::string& role : roles) {
    if (!http::ParseRole(role).has_value()) {
      std::string known;
      for (size_t i = 0; i < http::kRoleCount; ++i) {
        known += fmt::format("{}{}", i == 0 ? "" : ", ", http::NameOf(static_cast<http::Role>(i)));
      }
      return FailUsage(call, fmt::format("unknown role `{}`; there are {}", role, known));
    }
    grants += fmt::format("{}{{role: {}}}", grants.empty() ? "" : ", ", role);
  }
  const http::NewToken made = http::MakeToken(crypto::RandomBytes(32));
  const std::string entry =
      fmt::format("  - name: {}\n    sha256: \"{}\"\n    expires: \"{}\"\n    grants: [{}]\n",
                  call.Text("name"), made.sha256,
                  http::TimeText(absl::Now() + absl::Hours(24 * days) - absl::Minutes(1)), grants);
  if (call.Text("output", "table") != "table") {
    Json answer;
    answer.Set("token", made.token);
    answer.Set("entry", entry);
    Output(call, columns).One(answer);
    return kDone;
  }
  fmt::print("{}\n", made.token);
  fmt::print(stderr, "The token is shown once. Add to the list `tokens` of the token file:\n{}",
             entry);
  return kDone;
}

int PrintCompletion(const Invocation& call) {
  const std::string shell = call.Text("shell");
  std::set<std::string> nouns;
  std::string cases;
  for (const Command& command : *call.commands) nouns.insert(command.noun);
  for (const std::string& noun : nouns) {
    std::string verbs;
    for (const Command& command : *call.commands) {
      if (command.noun == noun && !command.verb.empty()) {
        verbs += (verbs.empty() ? "" : " ") + command.verb;
      }
    }
    if (verbs.empty()) continue;
    if (shell == "fish") {
      cases += fmt::format("complete -c lineward -f -n '__fish_seen_subcommand_from {}' -a '{}'\n",
                           noun, verbs);
    } else {
      cases += fmt::format("    {}) words=\"{}\" ;;\n", noun, verbs);
    }
  }
  std::string all;
  for (const std::string& noun : nouns) all += (all.empty() ? "" : " ") + noun;
  if (shell == "fish") {
    fmt::print("complete -c lineward -f -n '__fish_use_subcommand' -a '{}'\n{}", all, cases);
    return kDone;
  }
  if (shell != "bash" && shell != "zsh") {
    return FailUsage(call, fmt::format("unknown shell `{}`; there are bash, zsh, fish", shell));
  }
  if (shell == "zsh") fmt::print("autoload -U +X bashcompinit && bashcompinit\n");
  fmt::print(
      "_lineward() {{\n"
      "  local words=\"\"\n"
      "  if [ \"$COMP_CWORD\" = 1 ]; then words=\"{}\"; fi\n"
      "  if [ \"$COMP_CWORD\" = 2 ]; then case \"${{COMP_WORDS[1]}}\" in\n{}"
      "  esac; fi\n"
      "  COMPREPLY=($(compgen -W \"$words\" -- \"${{COMP_WORDS[COMP_CWORD]}}\"))\n"
      "}}\n"
      "complete -o default -F _lineward lineward\n",
      all, cases);
  return kDone;
}

}  // namespace

void AddMetaCommands(std::vector<Command>* commands) {
  commands->push_back({"version", "", "The version of this binary", {}, {}, PrintVersion});
  commands->push_back(
      {"openapi", "", "The OpenAPI 3.1 document of the server", {}, {}, PrintOpenApi, false});
  commands->push_back({"auth",
                       "token create",
                       "Makes a bearer token and its token-file entry",
                       {{"name", "Who will use it"}},
                       {{"--role", "ROLE", "viewer, auditor, registrar, operator, ...", true},
                        {"--days", "N", "Life, at most 90 (default 30)"}},
                       CreateToken});
  commands->push_back({"completion",
                       "",
                       "Completion script for a shell",
                       {{"shell", "bash, zsh or fish"}},
                       {},
                       PrintCompletion,
                       false});
}

}  // namespace lineward::cli
