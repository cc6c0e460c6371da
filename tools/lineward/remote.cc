#include "tools/lineward/remote.h"

#include <absl/strings/cord.h>
#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>
#include <thread>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/config/values.h"
#include "lineward/control/names.h"
#include "lineward/crypto/random.h"
#include "lineward/document/yaml.h"
#include "lineward/http/problem.h"

namespace lineward::cli {
namespace {

using document::Json;

constexpr char kProblemPayload[] = "lineward/problem";
constexpr size_t kInputBytesMax = 64 << 20;
constexpr size_t kTokenFileBytesMax = 4'096;

std::string Environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

std::string ProfileFile() {
  std::string folder = Environment("XDG_CONFIG_HOME");
  if (folder.empty()) {
    const std::string home = Environment("HOME");
    if (home.empty()) return "";
    folder = home + "/.config";
  }
  return folder + "/lineward/config.yaml";
}

absl::StatusOr<Json> Decode(const http::Answer& answer) {
  if (answer.status < 200 || answer.status >= 300) {
    absl::Status status = http::StatusOfProblem(answer.status, answer.body);
    if (document::ParseJson(answer.body).ok()) {
      status.SetPayload(kProblemPayload, absl::Cord(answer.body));
    }
    return status;
  }
  auto json = document::ParseJson(answer.body);
  if (!json.ok()) {
    return base::Unavailable("ANSWER_INVALID", "the answer is no JSON: {}",
                             base::MessageOf(json.status()));
  }
  return json;
}

}  // namespace

std::string_view Version() { return LINEWARD_VERSION; }

absl::Status ApplyDefaults(Invocation* call) {
  const std::pair<const char*, const char*> variables[] = {
      {"endpoint", "LINEWARD_ENDPOINT"},
      {"profile", "LINEWARD_PROFILE"},
      {"token-file", "LINEWARD_TOKEN_FILE"},
      {"output", "LINEWARD_OUTPUT"},
  };
  for (const auto& [key, variable] : variables) {
    const std::string value = Environment(variable);
    if (!call->Has(key) && !value.empty()) call->Set(key, {value});
  }
  const std::string profile = call->Text("profile");
  const std::string file = ProfileFile();
  std::ifstream in(file, std::ios::binary);
  if (!in) {
    if (profile.empty()) return absl::OkStatus();
    return base::InvalidArgument("USAGE", "profile `{}`: no file `{}`", profile, file);
  }
  std::stringstream bytes;
  bytes << in.rdbuf();
  const document::YamlDocument parsed = document::ParseYaml(bytes.str());
  if (!parsed.ok()) {
    const auto& problem = parsed.problems.front();
    return base::InvalidArgument("USAGE", "{}:{}:{}: {}", file, problem.place.line,
                                 problem.place.column, problem.message);
  }
  const document::YamlNode* profiles = parsed.root->Find("profiles");
  const std::string name = profile.empty() ? "default" : profile;
  const document::YamlNode* chosen = profiles == nullptr ? nullptr : profiles->Find(name);
  if (chosen == nullptr) {
    if (profile.empty()) return absl::OkStatus();
    return base::InvalidArgument("USAGE", "{}: no profile `{}`", file, profile);
  }
  for (const document::YamlEntry& entry : chosen->entries) {
    std::string key = entry.key;
    if (key == "token_file") key = "token-file";
    if (key == "admin_endpoint") key = "admin-endpoint";
    if (key != "endpoint" && key != "token-file" && key != "output" && key != "admin-endpoint") {
      return base::InvalidArgument("USAGE", "{}:{}:{}: unknown key `{}`", file, entry.place.line,
                                   entry.place.column, entry.key);
    }
    if (!call->Has(key)) call->Set(key, {entry.value.text});
  }
  return absl::OkStatus();
}

Remote::Remote(const Invocation& call, bool is_admin) {
  http::ClientOptions options;
  options.endpoint = is_admin ? call.Text("admin-endpoint", "http://127.0.0.1:9464")
                              : call.Text("endpoint", "http://127.0.0.1:8080");
  if (const std::string timeout = call.Text("timeout"); !timeout.empty()) {
    const auto parsed = config::DurationOf(timeout);
    if (!parsed.ok()) {
      setup_ = base::Annotate(parsed.status(), "--timeout");
    } else {
      options.timeout = absl::ToChronoMilliseconds(*parsed);
    }
  }
  if (const std::string retries = call.Text("retries"); !retries.empty()) {
    const auto parsed = base::ParseUint64(retries);
    if (!parsed.has_value() || *parsed > 100) {
      setup_ =
          base::InvalidArgument("USAGE", "--retries: `{}` is no number from 0 to 100", retries);
    } else {
      retries_ = static_cast<int>(*parsed);
    }
  }
  if (const std::string file = call.Text("token-file"); !file.empty()) {
    auto token = ReadInput(file);
    if (!token.ok()) {
      setup_ = base::Annotate(base::InvalidArgument("USAGE", "{}", base::MessageOf(token.status())),
                              "--token-file");
    } else {
      while (!token->empty() && (token->back() == '\n' || token->back() == '\r')) token->pop_back();
      if (token->size() > kTokenFileBytesMax || token->find_first_of("\r\n") != std::string::npos) {
        setup_ =
            base::InvalidArgument("USAGE", "--token-file: `{}` holds more than one line", file);
      }
      options.token = *std::move(token);
    }
  }
  client_ = std::make_unique<http::Client>(std::move(options));
}

Remote::~Remote() = default;

absl::StatusOr<http::Answer> Remote::Raw(http::Method method, std::string_view target,
                                         std::string_view body, bool is_idempotent) {
  LW_RETURN_IF_ERROR(setup_);
  std::chrono::milliseconds pause{100};
  for (int attempt = 0;; ++attempt) {
    auto answer = client_->Call(method, target, body);
    bool is_worth_it = false;
    if (answer.ok()) {
      const int status = answer->status;
      // 429 and 503 are told before anything is done; 502 and 504 tell nothing about that.
      is_worth_it =
          status == 429 || status == 503 || (is_idempotent && (status == 502 || status == 504));
    } else {
      is_worth_it = is_idempotent && answer.status().code() == absl::StatusCode::kUnavailable &&
                    base::ReasonOf(answer.status()) == "ENDPOINT_UNREACHABLE";
    }
    if (!is_worth_it || attempt >= retries_) return answer;
    std::this_thread::sleep_for(pause);
    pause *= 2;
  }
}

absl::StatusOr<Json> Remote::Get(std::string_view target) {
  LW_ASSIGN_OR_RETURN(const http::Answer answer, Raw(http::Method::kGet, target, {}, true));
  return Decode(answer);
}

absl::StatusOr<Json> Remote::Post(std::string_view target, const Json& body, bool is_idempotent) {
  return PostBytes(target, http::WriteJson(body), is_idempotent);
}

absl::StatusOr<Json> Remote::PostBytes(std::string_view target, std::string_view body,
                                       bool is_idempotent) {
  LW_ASSIGN_OR_RETURN(const http::Answer answer,
                      Raw(http::Method::kPost, target, body, is_idempotent));
  return Decode(answer);
}

absl::Status Remote::Lines(std::string_view target, std::chrono::milliseconds idle,
                           const std::function<bool(std::string_view line)>& take) {
  LW_RETURN_IF_ERROR(setup_);
  std::string rest;
  return client_->Stream(target, idle, [&](std::string_view piece) {
    rest += piece;
    size_t at = 0;
    for (size_t end = rest.find('\n'); end != std::string::npos; end = rest.find('\n', at)) {
      if (!take(std::string_view(rest).substr(at, end - at))) return false;
      at = end + 1;
    }
    rest.erase(0, at);
    return true;
  });
}

std::string Query(const std::vector<std::pair<std::string, std::string>>& parameters) {
  std::string query;
  for (const auto& [name, value] : parameters) {
    if (value.empty()) continue;
    query += query.empty() ? '?' : '&';
    query += name + "=" + control::EncodeSegment(value);
  }
  return query;
}

std::string NewRequestId() { return base::ToHex(crypto::RandomBytes(10)); }

std::string ProblemOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kProblemPayload);
  return payload.has_value() ? std::string(*payload) : std::string();
}

std::vector<std::string> ViolationsOf(const absl::Status& status) {
  std::vector<std::string> lines;
  const auto problem = document::ParseJson(ProblemOf(status));
  const Json* list = problem.ok() ? problem->Find("violations") : nullptr;
  if (list == nullptr || !list->is_list()) return lines;
  for (const Json& item : list->items()) {
    const Json* field = item.Find("field");
    const Json* message = item.Find("message");
    if (field == nullptr || message == nullptr || !field->is_text() || !message->is_text())
      continue;
    lines.push_back(fmt::format("{}: {}", field->AsText(), message->AsText()));
  }
  return lines;
}

std::string RequestIdOf(const absl::Status& status) {
  const auto problem = document::ParseJson(ProblemOf(status));
  const Json* id = problem.ok() ? problem->Find("request_id") : nullptr;
  return id != nullptr && id->is_text() ? id->AsText() : std::string();
}

absl::StatusOr<std::string> ReadInput(const std::string& path) {
  std::stringstream bytes;
  if (path == "-") {
    bytes << std::cin.rdbuf();
  } else {
    std::ifstream in(path, std::ios::binary);
    if (!in) return base::NotFound("FILE_NOT_FOUND", "cannot read `{}`", path);
    bytes << in.rdbuf();
  }
  std::string content = bytes.str();
  if (content.size() > kInputBytesMax) {
    return base::InvalidArgument("USAGE", "`{}` has {} bytes, the limit is {}", path,
                                 content.size(), kInputBytesMax);
  }
  return content;
}

}  // namespace lineward::cli
