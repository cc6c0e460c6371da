// Decisions: list, count, watch, get, explain, search. Handlers only translate; the ledger answers.

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <thread>

#include "http/src/decision_json.h"
#include "lineward/base/bytes.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/http/reasons.h"
#include "lineward/http/routes.h"
#include "lineward/ledger/ledger.h"
#include "lineward/ledger/reasons.h"

namespace lineward::http {
namespace {

using document::Json;

constexpr absl::Duration kWatchBackMax = absl::Hours(1);
constexpr std::chrono::seconds kWatchLagEvery{15};
constexpr uint32_t kWatchRowsPerSecond = 1'000;
constexpr std::chrono::milliseconds kWatchPause{100};

absl::StatusOr<const ledger::Ledger*> LedgerOf(const DecisionParts& parts) {
  const ledger::Ledger* found = parts.ledger();
  if (found == nullptr) return base::Unavailable(kNotReady, "the ledger is not up yet");
  return found;
}

absl::Status CheckComplete(const Request& request, const ledger::AnswerMeta& meta) {
  LW_ASSIGN_OR_RETURN(const bool is_required, request.QueryBool("require_complete", false));
  if (!is_required || meta.is_complete) return absl::OkStatus();
  std::string missing;
  for (const ledger::MissingPartition& partition : meta.missing) {
    missing += fmt::format("{}{} ({})", missing.empty() ? "" : ", ", partition.partition,
                           partition.reason);
  }
  return base::Unavailable(kPartialAnswer, "the answer lacks partitions {}", missing);
}

// What every reader of a decision is limited to by the scope of their grants.
bool MayRead(const Request& request, const ledger::FoundDecision& decision) {
  return request.actor.HasForTopic(Permission::kDecisionRead, decision.header->source.topic);
}

std::string EncodePosition(const ledger::PagePosition& position) {
  std::string bytes;
  base::AppendSv(&bytes, position.decision_time_ms);
  base::AppendBytes(&bytes, position.topic);
  base::AppendUv(&bytes, position.partition);
  base::AppendBytes(&bytes, position.cluster);
  base::AppendUv(&bytes, position.offset);
  base::AppendUv(&bytes, position.log_sizes.size());
  for (const ledger::LogSize& size : position.log_sizes) {
    base::AppendUv(&bytes, static_cast<uint64_t>(size.partition));
    base::AppendUv(&bytes, size.entries);
  }
  return bytes;
}

std::optional<ledger::PagePosition> DecodePosition(std::string_view bytes) {
  base::ByteReader reader(bytes);
  ledger::PagePosition position;
  const auto time = reader.Sv();
  const auto topic = reader.Bytes();
  const auto partition = reader.Uv();
  const auto cluster = reader.Bytes();
  const auto offset = reader.Uv();
  const auto count = reader.Uv();
  if (!time || !topic || !partition || !cluster || !offset || !count || *count > 1'024) {
    return std::nullopt;
  }
  position.decision_time_ms = *time;
  position.topic = *topic;
  position.partition = static_cast<uint32_t>(*partition);
  position.cluster = *cluster;
  position.offset = *offset;
  for (uint64_t i = 0; i < *count; ++i) {
    const auto log = reader.Uv();
    const auto entries = reader.Uv();
    if (!log || !entries) return std::nullopt;
    position.log_sizes.push_back({static_cast<int32_t>(*log), *entries});
  }
  if (!reader.empty()) return std::nullopt;
  return position;
}

// Keeps the members that `fields` names; all if it is empty. Unknown names: INVALID_ARGUMENT.
absl::StatusOr<std::vector<std::string>> FieldMask(std::string_view fields) {
  std::vector<std::string> mask;
  if (fields.empty()) return mask;
  for (const std::string_view field : base::Split(fields, ',')) {
    if (field.empty()) return base::InvalidArgument(kQueryInvalid, "`fields`: an empty name");
    mask.emplace_back(field);
  }
  return mask;
}

Json Masked(Json decision, const std::vector<std::string>& mask) {
  if (mask.empty()) return decision;
  Json masked = Json::EmptyObject();
  for (const auto& [key, value] : decision.members()) {
    if (std::find(mask.begin(), mask.end(), key) != mask.end()) masked.Set(key, value);
  }
  return masked;
}

absl::StatusOr<Response> List(const DecisionParts& parts, const Request& request) {
  LW_ASSIGN_OR_RETURN(const ledger::Ledger* ledger, LedgerOf(parts));
  LW_ASSIGN_OR_RETURN(const int64_t page_size,
                      request.QueryInt("page_size", 50, 1, std::numeric_limits<int64_t>::max()));
  const std::string_view order = request.Query("order_by", "decided_at desc");
  if (order != "decided_at desc") {
    return base::InvalidArgument(kQueryInvalid, "`order_by`: `{}` is not `decided_at desc`", order);
  }
  LW_ASSIGN_OR_RETURN(const std::vector<std::string> mask, FieldMask(request.Query("fields")));
  ledger::ListRequest ask;
  ask.filter = request.Query("filter");
  ask.page_size = static_cast<uint32_t>(std::min<int64_t>(page_size, ledger::kPageRowsMax));
  const std::string bound = fmt::format("{}\n{}", ask.filter, request.Query("fields"));
  const PageBinding binding{"/v1/decisions", bound, request.actor.name};
  if (!request.Query("page_token").empty()) {
    LW_ASSIGN_OR_RETURN(
        const std::string position,
        parts.page_tokens->Open(binding, request.Query("page_token"), parts.clock->Now()));
    ask.after = DecodePosition(position);
    if (!ask.after.has_value()) {
      return base::InvalidArgument(kPageTokenMismatch, "`page_token` holds no position");
    }
  }
  LW_ASSIGN_OR_RETURN(const ledger::DecisionPage page, ledger->List(ask));
  LW_RETURN_IF_ERROR(CheckComplete(request, page.meta));
  Json decisions = Json::EmptyList();
  for (const ledger::FoundDecision& decision : page.decisions) {
    if (MayRead(request, decision)) decisions.Append(Masked(DecisionJson(decision), mask));
  }
  Json answer;
  answer.Set("decisions", std::move(decisions));
  answer.Set("next_page_token",
             page.next.has_value()
                 ? parts.page_tokens->Make(binding, EncodePosition(*page.next), parts.clock->Now())
                 : std::string());
  answer.Set("meta", MetaJson(page.meta));
  return JsonResponse(answer);
}

absl::StatusOr<Response> Count(const DecisionParts& parts, const Request& request) {
  LW_ASSIGN_OR_RETURN(const ledger::Ledger* ledger, LedgerOf(parts));
  if (!request.actor.HasForTopic(Permission::kDecisionCount, "*")) {
    return base::PermissionDenied(kPermissionDenied, "counts need a grant over all topics");
  }
  ledger::CountRequest ask;
  ask.filter = request.Query("filter");
  std::vector<std::string> names;
  for (const std::string_view value : request.Queries("by")) {
    for (const std::string_view name : base::Split(value, ',')) {
      const auto facet = ledger::ParseFacet(name);
      if (!facet.has_value()) {
        return base::InvalidArgument(
            kQueryInvalid,
            "`by`: unknown facet `{}`; there are outcome, reason, rule, model, model_version, "
            "purpose, policy_set, topic, surface, jurisdiction, mode, tenant, hour, day",
            name);
      }
      ask.by.push_back(*facet);
      names.emplace_back(name);
    }
  }
  LW_ASSIGN_OR_RETURN(const ledger::CountAnswer counted, ledger->Count(ask));
  LW_RETURN_IF_ERROR(CheckComplete(request, counted.meta));
  Json counts = Json::EmptyList();
  for (const ledger::CountLine& line : counted.lines) {
    Json count;
    for (size_t i = 0; i < names.size(); ++i) count.Set(names[i], line.values[i]);
    count.Set("count", std::to_string(line.count));
    counts.Append(std::move(count));
  }
  Json answer;
  answer.Set("counts", std::move(counts));
  answer.Set("rows", std::to_string(counted.rows));
  answer.Set("at_least", counted.at_least);
  if (counted.at_least) answer.Set("rows_at_most", std::to_string(counted.rows_at_most));
  answer.Set("meta", MetaJson(counted.meta));
  return JsonResponse(answer);
}

// The id, with DECISION_NOT_FOUND for a topic outside the caller's scope.
absl::StatusOr<ledger::DecisionId> IdOf(const Request& request) {
  LW_ASSIGN_OR_RETURN(ledger::DecisionId id,
                      ledger::ParseDecisionId(request.Parameter("decision")));
  if (!request.actor.HasForTopic(Permission::kDecisionRead, id.topic)) {
    return base::NotFound(ledger::kDecisionNotFound, "decision `{}`: no such decision",
                          request.Parameter("decision"));
  }
  return id;
}

// Asks until the decision is visible or `wait_ms` is over.
template <typename T>
absl::StatusOr<T> WithWait(const Request& request, const std::function<absl::StatusOr<T>()>& ask) {
  LW_ASSIGN_OR_RETURN(const int64_t wait_ms, request.QueryInt("wait_ms", 0, 0, 10'000));
  const auto until = std::min(std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms),
                              request.deadline - std::chrono::milliseconds(100));
  for (;;) {
    absl::StatusOr<T> answer = ask();
    // The first decision of a source has no place either until its block is folded.
    const std::string reason = base::ReasonOf(answer.status());
    if ((reason != ledger::kDecisionNotYetVisible && reason != ledger::kDecisionNotFound) ||
        std::chrono::steady_clock::now() >= until) {
      return answer;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

absl::StatusOr<Response> Get(const DecisionParts& parts, const Request& request) {
  LW_ASSIGN_OR_RETURN(const ledger::Ledger* ledger, LedgerOf(parts));
  LW_ASSIGN_OR_RETURN(const ledger::DecisionId id, IdOf(request));
  LW_ASSIGN_OR_RETURN(const ledger::DecisionAnswer found,
                      WithWait<ledger::DecisionAnswer>(request, [&] { return ledger->Get(id); }));
  Json answer = DecisionJson(found.decision);
  answer.Set("proof_state", found.proof_state);
  answer.Set("meta", MetaJson(found.meta));
  return JsonResponse(answer);
}

absl::StatusOr<Response> Explain(const DecisionParts& parts, const Request& request) {
  LW_ASSIGN_OR_RETURN(const ledger::Ledger* ledger, LedgerOf(parts));
  LW_ASSIGN_OR_RETURN(const ledger::DecisionId id, IdOf(request));
  LW_ASSIGN_OR_RETURN(const ledger::Explanation explanation,
                      WithWait<ledger::Explanation>(request, [&] { return ledger->Explain(id); }));
  return JsonResponse(ExplanationJson(explanation));
}

// One JSON line per decision as it becomes visible; a line with the lag every 15 s.
class WatchStream final : public ChunkSource {
 public:
  WatchStream(const ledger::Ledger* ledger, ledger::WatchCursor cursor, std::string filter,
              Actor actor)
      : ledger_(ledger),
        cursor_(std::move(cursor)),
        filter_(std::move(filter)),
        actor_(std::move(actor)),
        second_(std::chrono::steady_clock::now()),
        told_(second_) {}

  Chunk Next(bool is_stopping) override {
    Chunk chunk;
    if (is_stopping) {
      chunk.bytes = "{\"end\":\"shutdown\"}\n";
      chunk.is_end = true;
      return chunk;
    }
    const auto now = std::chrono::steady_clock::now();
    if (now - second_ >= std::chrono::seconds(1)) {
      second_ = now;
      sent_ = 0;
    }
    // A row is at most some kilobytes; what a piece holds is kept well below its limit.
    constexpr uint32_t kRowsPerChunk = 32;
    const uint32_t room = kWatchRowsPerSecond > sent_ ? kWatchRowsPerSecond - sent_ : 0;
    if (room == 0) {
      chunk.wait = kWatchPause;
      return chunk;
    }
    auto batch =
        ledger_->Watch(cursor_, filter_, std::min(room, kRowsPerChunk), absl::ZeroDuration());
    if (!batch.ok()) {
      Json end;
      end.Set("end", base::MessageOf(batch.status()));
      chunk.bytes = WriteJson(end) + "\n";
      chunk.is_end = true;
      return chunk;
    }
    cursor_ = std::move(batch->cursor);
    for (const ledger::FoundDecision& decision : batch->decisions) {
      ++sent_;
      if (!actor_.HasForTopic(Permission::kDecisionRead, decision.header->source.topic)) continue;
      AppendJson(&chunk.bytes, DecisionJson(decision));
      chunk.bytes.push_back('\n');
    }
    if (batch->dropped > 0) chunk.bytes += fmt::format("{{\"dropped\":{}}}\n", batch->dropped);
    if (now - told_ >= kWatchLagEvery) {
      told_ = now;
      chunk.bytes += fmt::format("{{\"lag_ms\":{}}}\n", batch->lag_ms);
    }
    if (batch->decisions.empty()) chunk.wait = kWatchPause;
    return chunk;
  }

 private:
  const ledger::Ledger* ledger_;
  ledger::WatchCursor cursor_;
  const std::string filter_;
  const Actor actor_;
  std::chrono::steady_clock::time_point second_;
  std::chrono::steady_clock::time_point told_;
  uint32_t sent_ = 0;  // rows in this second
};

absl::StatusOr<Response> Watch(const DecisionParts& parts, const Request& request) {
  LW_ASSIGN_OR_RETURN(const ledger::Ledger* ledger, LedgerOf(parts));
  const absl::Time now = parts.clock->Now();
  LW_ASSIGN_OR_RETURN(const absl::Time since, request.QueryTime("since", now));
  if (since < now - kWatchBackMax) {
    return base::InvalidArgument(kQueryInvalid, "`since` is more than 1 h back; list them instead");
  }
  std::string filter(request.Query("filter"));
  LW_RETURN_IF_ERROR(ledger::Ledger::CheckFilter(filter, false));
  LW_ASSIGN_OR_RETURN(ledger::WatchCursor cursor, ledger->WatchFrom(since));
  Response response;
  response.content_type = "application/jsonl";
  response.stream =
      std::make_unique<WatchStream>(ledger, std::move(cursor), std::move(filter), request.actor);
  return response;
}

bool IsTraceId(std::string_view text) {
  return text.size() == 32 && base::FromHex(text).has_value();
}

// What kinds of things a word may be, each looked for in its own place.
absl::StatusOr<Response> Search(const DecisionParts& parts, const Request& request) {
  const std::string_view word = request.Query("q");
  if (word.empty() || word.size() > 1'024 || word.find('"') != std::string_view::npos ||
      word.find('\\') != std::string_view::npos) {
    return base::InvalidArgument(kQueryInvalid, "`q` is empty, too long, or holds a quote");
  }
  Json hits = Json::EmptyList();
  Json searched = Json::EmptyList();
  Json refused = Json::EmptyList();
  if (!request.actor.Has(Permission::kDecisionRead)) {
    refused.Append("decision");
  } else {
    LW_ASSIGN_OR_RETURN(const ledger::Ledger* ledger, LedgerOf(parts));
    searched.Append("decision");
    std::string id_text(word);
    // `topic/partition/offset` is the same place.
    if (std::count(id_text.begin(), id_text.end(), '/') == 2) {
      std::replace(id_text.begin(), id_text.end(), '/', '-');
    }
    const auto hit = [&hits, &request](const ledger::FoundDecision& decision,
                                       std::string_view why) {
      if (!MayRead(request, decision)) return;
      Json line;
      line.Set("kind", "decision");
      line.Set("name", ledger::PrintDecisionId(decision.Id()));
      line.Set("matched", why);
      line.Set("outcome", decision::OutcomeName(decision.row.verdict.outcome));
      hits.Append(std::move(line));
    };
    if (const auto id = ledger::ParseDecisionId(id_text); id.ok()) {
      const auto found = ledger->Get(*id);
      if (found.ok()) hit(found->decision, "id");
    }
    std::vector<std::string_view> fields = {"event_id"};
    if (IsTraceId(word)) fields.push_back("trace_id");
    if (word.starts_with("ps-")) fields.push_back("policy_set");
    for (const std::string_view field : fields) {
      searched.Append(field);
      ledger::ListRequest ask;
      ask.filter = fmt::format("{} = \"{}\"", field, word);
      ask.page_size = 20;
      const auto page = ledger->List(ask);
      if (!page.ok()) {
        if (page.status().code() == absl::StatusCode::kInvalidArgument) continue;
        return page.status();
      }
      for (const ledger::FoundDecision& decision : page->decisions) hit(decision, field);
    }
  }
  Json answer;
  answer.Set("hits", std::move(hits));
  answer.Set("searched", std::move(searched));
  answer.Set("not_permitted", std::move(refused));
  return JsonResponse(answer);
}

}  // namespace

void AddDecisionRoutes(const DecisionParts& parts, Handlers* handlers) {
  using Function = absl::StatusOr<Response> (*)(const DecisionParts&, const Request&);
  const auto add = [&](std::string_view path, Function function) {
    handlers->Add(Method::kGet, path,
                  [parts, function](const Request& request) { return function(parts, request); });
  };
  add("/v1/decisions", List);
  add("/v1/decisions:count", Count);
  add("/v1/decisions:watch", Watch);
  add("/v1/decisions/{decision}", Get);
  add("/v1/decisions/{decision}:explain", Explain);
  add("/v1/search", Search);
}

}  // namespace lineward::http
