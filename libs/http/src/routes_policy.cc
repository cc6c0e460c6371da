// Policy sets and purposes.

#include "http/src/forward.h"
#include "lineward/base/status.h"
#include "lineward/control/snapshot.h"
#include "lineward/http/reasons.h"
#include "lineward/http/routes.h"
#include "lineward/registry/registry.h"

namespace lineward::http {
namespace {

using document::Json;

absl::StatusOr<std::shared_ptr<const control::ControlSnapshot>> SetInForce(
    const PolicyParts& parts) {
  auto snapshot = parts.snapshot();
  if (snapshot == nullptr) return base::Unavailable(kNotReady, "the control topics are not read");
  return snapshot;
}

Json SetJson(const control::ControlSnapshot& snapshot) {
  const policy::PolicySet& set = *snapshot.Policies();
  Json json;
  json.Set("id", set.id());
  json.Set("active", true);
  json.Set("epoch", std::to_string(snapshot.PolicyEpoch()));
  json.Set("rules", static_cast<int64_t>(set.rule_count()));
  json.Set("bindings", static_cast<int64_t>(set.binding_count()));
  json.Set("purposes", static_cast<int64_t>(set.taxonomy().size()));
  return json;
}

absl::StatusOr<Response> ListSets(const PolicyParts& parts, const Request&) {
  LW_ASSIGN_OR_RETURN(const auto snapshot, SetInForce(parts));
  Json sets = Json::EmptyList();
  if (snapshot->Policies() != nullptr) sets.Append(SetJson(*snapshot));
  Json answer;
  answer.Set("policy_sets", std::move(sets));
  answer.Set("next_page_token", "");
  return JsonResponse(answer);
}

absl::StatusOr<Response> GetSet(const PolicyParts& parts, const Request& request) {
  LW_ASSIGN_OR_RETURN(const auto snapshot, SetInForce(parts));
  const std::string& id = request.Parameter("set");
  if (snapshot->Policies() == nullptr || (id != "active" && id != snapshot->PolicySetId())) {
    return base::NotFound(kPolicySetNotFound, "policy set `{}`: not the one in force", id);
  }
  return JsonResponse(SetJson(*snapshot));
}

absl::StatusOr<Response> ListPurposes(const PolicyParts& parts, const Request&) {
  LW_ASSIGN_OR_RETURN(const auto snapshot, SetInForce(parts));
  if (snapshot->Policies() == nullptr) {
    return base::NotFound(kPolicySetNotFound, "no policy set was published yet");
  }
  const policy::Taxonomy& taxonomy = snapshot->Policies()->taxonomy();
  Json purposes = Json::EmptyList();
  for (size_t bit = 0; bit < taxonomy.size(); ++bit) {
    Json parents = Json::EmptyList();
    for (const uint8_t parent : taxonomy.parents(bit)) parents.Append(taxonomy.id(parent));
    Json purpose;
    purpose.Set("id", taxonomy.id(bit));
    purpose.Set("parents", std::move(parents));
    purpose.Set("retired", taxonomy.is_retired(bit));
    purposes.Append(std::move(purpose));
  }
  Json answer;
  answer.Set("purposes", std::move(purposes));
  answer.Set("policy_set", snapshot->PolicySetId());
  return JsonResponse(answer);
}

absl::StatusOr<Response> Propose(const PolicyParts& parts, const Request& request) {
  registry::Registry* registry = parts.registry();
  if (registry == nullptr) return base::Unavailable(kNotReady, "the registry is not up yet");
  LW_ASSIGN_OR_RETURN(const Json body, JsonBody(request));
  registry::Caller caller;
  caller.actor = request.actor.name;
  caller.route = "/v1/policySets:propose";
  LW_ASSIGN_OR_RETURN(caller.validate_only, request.QueryBool("validate_only", false));
  if (const Json* id = body.Find("request_id"); id != nullptr && id->is_text()) {
    caller.request_id = id->AsText();
  }
  LW_ASSIGN_OR_RETURN(registry::Answer answer, registry->ProposePolicySet(caller, body));
  Response response;
  response.status = answer.http_status;
  response.body = std::move(answer.body);
  if (answer.is_replayed) response.headers.emplace_back("Lineward-Replayed", "true");
  return response;
}

}  // namespace

void AddPolicyRoutes(const PolicyParts& parts, Handlers* handlers) {
  using Function = absl::StatusOr<Response> (*)(const PolicyParts&, const Request&);
  const auto add = [&](Method method, std::string_view path, Function function) {
    handlers->Add(method, path,
                  [parts, function](const Request& request) { return function(parts, request); });
  };
  add(Method::kGet, "/v1/policySets", ListSets);
  add(Method::kGet, "/v1/policySets/{set}", GetSet);
  handlers->Add(Method::kPost, "/v1/policySets:propose",
                OnWriter(parts.registry, parts.writer, std::make_shared<Forwarder>(),
                         [parts](const Request& request) { return Propose(parts, request); }));
  add(Method::kGet, "/v1/purposes", ListPurposes);
}

}  // namespace lineward::http
