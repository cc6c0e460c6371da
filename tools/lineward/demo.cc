#include "tools/lineward/demo.h"

#include <absl/time/clock.h>
#include <absl/time/time.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/control/names.h"
#include "lineward/document/json.h"
#include "lineward/http/client.h"
#include "tools/lineward/demo_data.h"

namespace lineward::cli {
namespace {

using document::Json;
using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kPatience{60};
constexpr std::chrono::milliseconds kAskAgain{20};
constexpr size_t kRecordsPerCall = 250;
constexpr size_t kLabelWidth = 9;
constexpr size_t kTextWidth = 87;
constexpr const char* kTopic = "promotions";

// Code points, which is what a terminal shows here.
size_t Width(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xC0) != 0x80;
  }));
}

std::string Padded(std::string text, size_t width) {
  if (const size_t wide = Width(text); wide < width) text.append(width - wide, ' ');
  return text;
}

// `1,655`.
std::string Grouped(uint64_t number) {
  std::string digits = fmt::format("{}", number);
  for (size_t at = digits.size(); at > 3;) digits.insert(at -= 3, ",");
  return digits;
}

std::string TextOf(const Json& json, std::string_view name) {
  const Json* member = json.Find(name);
  return member != nullptr && member->is_text() ? member->AsText() : std::string();
}

std::vector<std::string> TextsOf(const Json* list) {
  std::vector<std::string> texts;
  if (list == nullptr || !list->is_list()) return texts;
  for (const Json& item : list->items()) {
    if (item.is_text()) texts.push_back(item.AsText());
  }
  return texts;
}

std::string SymbolOf(std::string_view outcome) {
  if (outcome == "ALLOW") return "✓ ALLOW";
  if (outcome == "QUARANTINE") return "? QUARANTINE";
  return "✗ BLOCK";
}

// `ps-4be17a...`.
std::string Short(std::string_view set_id) { return fmt::format("{}…", set_id.substr(0, 9)); }

class Story {
 public:
  explicit Story(const DemoOptions& options)
      : options_(options),
        client_(http::ClientOptions{.endpoint = options.http_endpoint}),
        admin_(http::ClientOptions{.endpoint = options.admin_endpoint}) {}

  absl::Status Tell();

 private:
  absl::StatusOr<Json> Call(http::Method method, const std::string& target, const Json* body);
  absl::Status WaitFor(std::string_view role);
  absl::Status Seed();
  absl::Status Decide();
  absl::Status Explain();
  // The purposes that a dataset grants, as the registry answers.
  absl::StatusOr<std::vector<std::string>> GrantsOf(std::string_view resource_name);
  void Line(std::string_view label, std::string text, std::optional<double> seconds = {});

  const DemoOptions& options_;
  http::Client client_;
  http::Client admin_;
  std::string to_explain_;  // the decision of a promotion whose model learned from other data
};

void Story::Line(std::string_view label, std::string text, std::optional<double> seconds) {
  std::string line = Padded(std::string(label), kLabelWidth) + text;
  if (seconds) {
    line = Padded(std::move(line), kLabelWidth + kTextWidth) + fmt::format("{:.1f} s", *seconds);
  }
  options_.print(line);
}

absl::StatusOr<Json> Story::Call(http::Method method, const std::string& target, const Json* body) {
  LW_ASSIGN_OR_RETURN(
      const http::Answer answer,
      client_.Call(method, target, body == nullptr ? std::string() : document::Canonical(*body),
                   {{"Content-Type", "application/json"}}));
  if (answer.status / 100 != 2) {
    return base::Unavailable("ANSWER_INVALID", "`{}` answered {}: {}", target, answer.status,
                             answer.body);
  }
  return document::ParseJson(answer.body);
}

absl::Status Story::WaitFor(std::string_view role) {
  const auto until = Clock::now() + kPatience;
  std::string cause = "no answer";
  while (Clock::now() < until) {
    const auto answer = admin_.Call(http::Method::kGet, fmt::format("/readyz/{}?verbose", role));
    if (answer.ok() && answer->status == 200) return absl::OkStatus();
    if (answer.ok()) cause = answer->body;
    std::this_thread::sleep_for(kAskAgain);
  }
  return base::DeadlineExceeded("NOT_READY", "role {}: not ready after {} s: {}", role,
                                kPatience.count(), cause);
}

absl::Status Story::Seed() {
  const auto begin = Clock::now();
  LW_RETURN_IF_ERROR(WaitFor("registry"));
  Json files = Json::EmptyList();
  for (const DemoFile& file : DemoPolicies()) {
    Json entry;
    entry.Set("name", file.name);
    entry.Set("content", file.content);
    files.Append(std::move(entry));
  }
  Json proposal;
  proposal.Set("files", std::move(files));
  LW_RETURN_IF_ERROR(Call(http::Method::kPost, "/v1/policySets:propose", &proposal).status());
  const Json registrations = DemoRegistrations();
  LW_RETURN_IF_ERROR(Call(http::Method::kPost, "/v1/registry:register", &registrations).status());
  const Json consents = DemoConsents(
      absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", absl::Now() - absl::Hours(24), absl::UTCTimeZone()));
  LW_ASSIGN_OR_RETURN(const Json recorded,
                      Call(http::Method::kPost, "/v1/consents:record", &consents));
  LW_RETURN_IF_ERROR(WaitFor("gate"));
  if (!options_.wait_control()) {
    return base::DeadlineExceeded("NOT_READY", "the gate has not read the registry in {} s",
                                  kPatience.count());
  }

  LW_ASSIGN_OR_RETURN(const Json set, Call(http::Method::kGet, "/v1/policySets/active", nullptr));
  LW_ASSIGN_OR_RETURN(const Json datasets, Call(http::Method::kGet, "/v1/datasets", nullptr));
  LW_ASSIGN_OR_RETURN(const Json models, Call(http::Method::kGet, "/v1/models", nullptr));
  const auto count = [](const Json& answer, std::string_view name) {
    const Json* list = answer.Find(name);
    return list != nullptr && list->is_list() ? list->items().size() : 0;
  };
  const Json* accepted = recorded.Find("accepted");
  Line("seed",
       fmt::format("{} datasets, {} models, policy set {}, consent of {} people",
                   count(datasets, "datasets"), count(models, "models"), Short(TextOf(set, "id")),
                   accepted != nullptr && accepted->is_int() ? accepted->AsInt() : 0),
       std::chrono::duration<double>(Clock::now() - begin).count());
  return absl::OkStatus();
}

absl::Status Story::Decide() {
  const auto begin = Clock::now();
  const std::vector<DemoPromotion> promotions =
      DemoPromotions(absl::FormatTime("%Y-%m-%dT%H:%M:%E6SZ", absl::Now(), absl::UTCTimeZone()));
  for (size_t at = 0; at < promotions.size(); at += kRecordsPerCall) {
    Json records = Json::EmptyList();
    const size_t end = std::min(at + kRecordsPerCall, promotions.size());
    for (size_t i = at; i < end; ++i) {
      Json record;
      record.Set("key", promotions[i].key);
      record.Set("json", promotions[i].event);
      records.Append(std::move(record));
    }
    Json body;
    body.Set("records", std::move(records));
    LW_ASSIGN_OR_RETURN(const Json sent, Call(http::Method::kPost,
                                              fmt::format("/v1/topics/{}/records", kTopic), &body));
    const Json* list = sent.Find("records");
    for (size_t i = at; list != nullptr && to_explain_.empty() && i < end; ++i) {
      if (promotions[i].kind != DemoKind::kWrongData || i - at >= list->items().size()) continue;
      to_explain_ = TextOf(list->items()[i - at], "decision");
    }
  }
  const auto until = Clock::now() + kPatience;
  Json counted;
  uint64_t rows = 0;
  while (rows < promotions.size()) {
    if (Clock::now() > until) {
      return base::DeadlineExceeded("NOT_READY", "{} of {} promotions decided after {} s", rows,
                                    promotions.size(), kPatience.count());
    }
    std::this_thread::sleep_for(kAskAgain);
    LW_ASSIGN_OR_RETURN(counted,
                        Call(http::Method::kGet, "/v1/decisions:count?by=outcome", nullptr));
    rows = base::ParseUint64(TextOf(counted, "rows")).value_or(0);
  }
  std::string text = fmt::format("{} promotions", Grouped(rows));
  for (const char* outcome : {"ALLOW", "QUARANTINE", "BLOCK"}) {
    for (const Json& count : counted.Find("counts")->items()) {
      if (TextOf(count, "outcome") != outcome) continue;
      text += fmt::format("     {} {}", SymbolOf(outcome),
                          Grouped(base::ParseUint64(TextOf(count, "count")).value_or(0)));
    }
  }
  Line("decide", std::move(text), std::chrono::duration<double>(Clock::now() - begin).count());
  return absl::OkStatus();
}

absl::StatusOr<std::vector<std::string>> Story::GrantsOf(std::string_view resource_name) {
  LW_ASSIGN_OR_RETURN(const Json dataset,
                      Call(http::Method::kGet, fmt::format("/v1/{}", resource_name), nullptr));
  std::vector<std::string> purposes;
  const Json* declaration = dataset.Find("declaration");
  const Json* grants = declaration == nullptr ? nullptr : declaration->Find("grants");
  if (grants == nullptr || !grants->is_list()) return purposes;
  for (const Json& grant : grants->items()) {
    for (std::string& purpose : TextsOf(grant.Find("purposes"))) {
      purposes.push_back(std::move(purpose));
    }
  }
  return purposes;
}

absl::Status Story::Explain() {
  LW_ASSIGN_OR_RETURN(
      const Json answer,
      Call(http::Method::kGet, fmt::format("/v1/decisions/{}:explain", to_explain_), nullptr));
  const Json* decision = answer.Find("decision");
  if (decision == nullptr) {
    return base::Unavailable("ANSWER_INVALID", "the explanation of `{}` has no decision",
                             to_explain_);
  }
  Line("explain", fmt::format("{}     {}  {}", to_explain_, SymbolOf(TextOf(*decision, "outcome")),
                              TextOf(*decision, "reason")));
  const auto more = [&](std::string text) { Line("", "  " + std::move(text)); };
  more(fmt::format("surface {} declared {}; model {}@{} may not serve it:",
                   TextOf(*decision, "surface"), TextOf(*decision, "purpose"),
                   TextOf(*decision, "model"), TextOf(*decision, "model_version")));
  std::vector<std::string> path = TextsOf(answer.Find("lineage_path"));
  for (std::string& step : path) {
    const bool is_dataset = step.starts_with("datasets/");
    const std::string name = control::DisplayName(step);
    if (is_dataset) {
      LW_ASSIGN_OR_RETURN(const std::vector<std::string> grants, GrantsOf(step));
      step = fmt::format("dataset {}, which grants {} only", name, fmt::join(grants, ", "));
    } else {
      step = name;
    }
  }
  more(fmt::format("{}", fmt::join(path, " ← ")));
  more(fmt::format("to allow it: {}", TextOf(answer, "nearest_edit")));
  return absl::OkStatus();
}

absl::Status Story::Tell() {
  Line("start", "one node, roles gate ledger registry, embedded transport", options_.start_seconds);
  LW_RETURN_IF_ERROR(Seed());
  LW_RETURN_IF_ERROR(Decide());
  LW_RETURN_IF_ERROR(Explain());
  if (!options_.keeps_running) return absl::OkStatus();
  Line("api", fmt::format("{}/v1/decisions/{}      metrics {}/metrics", options_.http_endpoint,
                          to_explain_, options_.admin_endpoint));
  Line("next", fmt::format("in a second terminal: alias lineward=build/release/bin/lineward     "
                           "stop: Ctrl-C     state: {}",
                           options_.state_dir));
  return absl::OkStatus();
}

}  // namespace

absl::Status TellDemo(const DemoOptions& options) { return Story(options).Tell(); }

}  // namespace lineward::cli
