// Registry and consent. Handlers only translate; the registry checks and answers.

#include <algorithm>
#include <chrono>

#include "http/src/forward.h"
#include "lineward/base/status.h"
#include "lineward/control/names.h"
#include "lineward/http/reasons.h"
#include "lineward/http/routes.h"
#include "lineward/registry/reasons.h"
#include "lineward/registry/registry.h"

namespace lineward::http {
namespace {

using document::Json;

// How long a read waits for `min_seq`, and at most (registry design).
constexpr int64_t kWaitMs = 2'000;
constexpr int64_t kWaitMsMax = 10'000;
// Left of a deadline to answer in.
constexpr std::chrono::milliseconds kAnswerTime{100};

absl::StatusOr<registry::Registry*> RegistryOf(const RegistryParts& parts) {
  registry::Registry* found = parts.registry();
  if (found == nullptr) return base::Unavailable(kNotReady, "the registry is not up yet");
  return found;
}

absl::StatusOr<registry::Caller> CallerOf(const Request& request, std::string_view route,
                                          const Json& body) {
  registry::Caller caller;
  caller.actor = request.actor.name;
  caller.route = route;
  LW_ASSIGN_OR_RETURN(caller.validate_only, request.QueryBool("validate_only", false));
  if (const Json* id = body.Find("request_id"); id != nullptr && id->is_text()) {
    caller.request_id = id->AsText();
  }
  return caller;
}

absl::StatusOr<Response> ToResponse(absl::StatusOr<registry::Answer> answer) {
  LW_RETURN_IF_ERROR(answer.status());
  Response response;
  response.status = answer->http_status;
  response.body = std::move(answer->body);
  if (answer->is_replayed) response.headers.emplace_back("Lineward-Replayed", "true");
  if (response.status == 201) {
    const auto body = document::ParseJson(response.body);
    const Json* name = body.ok() ? body->Find("name") : nullptr;
    if (name != nullptr && name->is_text()) {
      response.headers.emplace_back("Location", "/v1/" + name->AsText());
    }
  }
  return response;
}

absl::Status CheckNamespace(const Request& request, std::string_view name_space) {
  if (request.actor.HasForNamespace(Permission::kRegistryWrite, name_space)) {
    return absl::OkStatus();
  }
  return base::PermissionDenied(kPermissionDenied, "`{}` may not write in the namespace `{}`",
                                request.actor.name, name_space);
}

// The namespaces that an item writes in: of a dataset or one of its versions; models and runs have
// none.
absl::Status CheckItem(const Request& request, const Json& item) {
  const auto text = [&item](std::string_view key) {
    const Json* value = item.Find(key);
    return value != nullptr && value->is_text() ? value->AsText() : std::string();
  };
  if (const std::string name_space = text("namespace"); !name_space.empty()) {
    return CheckNamespace(request, name_space);
  }
  if (const std::string dataset = text("dataset"); !dataset.empty()) {
    const auto name_space = control::DecodeSegment(dataset.substr(0, dataset.find('/')));
    return CheckNamespace(request, name_space.value_or(dataset));
  }
  return absl::OkStatus();
}

absl::StatusOr<Response> RegisterAll(const RegistryParts& parts, const Request& request) {
  LW_ASSIGN_OR_RETURN(registry::Registry * registry, RegistryOf(parts));
  LW_ASSIGN_OR_RETURN(const Json body, JsonBody(request));
  if (const Json* items = body.Find("items"); items != nullptr && items->is_list()) {
    for (const Json& item : items->items()) LW_RETURN_IF_ERROR(CheckItem(request, item));
  }
  LW_ASSIGN_OR_RETURN(const registry::Caller caller,
                      CallerOf(request, "/v1/registry:register", body));
  return ToResponse(registry->Register(caller, body));
}

Handler RegisterOne(const RegistryParts& parts, std::string_view route, registry::FactKind kind) {
  return [parts, route, kind](const Request& request) -> absl::StatusOr<Response> {
    LW_ASSIGN_OR_RETURN(registry::Registry * registry, RegistryOf(parts));
    LW_ASSIGN_OR_RETURN(Json body, JsonBody(request));
    // The path names the parent; the body need not, and must not name another one.
    std::string parent_field;
    std::string parent;
    if (kind == registry::FactKind::kDatasetVersion) {
      parent_field = "dataset";
      parent = control::EncodeSegment(request.Parameter("namespace")) + "/" +
               control::EncodeSegment(request.Parameter("name"));
    } else if (kind == registry::FactKind::kModelVersion) {
      parent_field = "model";
      parent = request.Parameter("model");
    }
    if (!parent_field.empty()) {
      const Json* given = body.Find(parent_field);
      if (given != nullptr && (!given->is_text() || given->AsText() != parent)) {
        return base::InvalidArgument(registry::kInvalidField,
                                     "`{}` is not `{}`, which the path names", parent_field,
                                     parent);
      }
      body.Set(parent_field, parent);
    }
    LW_RETURN_IF_ERROR(CheckItem(request, body));
    LW_ASSIGN_OR_RETURN(const registry::Caller caller, CallerOf(request, route, body));
    return ToResponse(registry->RegisterOne(caller, kind, body));
  };
}

absl::StatusOr<Response> RecordConsents(const RegistryParts& parts, const Request& request) {
  LW_ASSIGN_OR_RETURN(registry::Registry * registry, RegistryOf(parts));
  LW_ASSIGN_OR_RETURN(const Json body, JsonBody(request));
  registry::Caller caller;
  caller.actor = request.actor.name;
  caller.route = "/v1/consents:record";
  return ToResponse(registry->RecordConsents(caller, body));
}

// Waits until the registry has seen `min_seq`, so that a caller reads what it wrote.
// DEADLINE_EXCEEDED `NOT_YET_VISIBLE` after `wait_ms`.
absl::Status WaitSeq(const registry::Registry& registry, const Request& request) {
  LW_ASSIGN_OR_RETURN(const int64_t min_seq, request.QueryInt("min_seq", 0, 0, INT64_MAX));
  LW_ASSIGN_OR_RETURN(const int64_t wait_ms, request.QueryInt("wait_ms", kWaitMs, 0, kWaitMsMax));
  const auto until = std::min(std::chrono::steady_clock::now() + std::chrono::milliseconds(wait_ms),
                              request.deadline - kAnswerTime);
  const absl::Duration left = absl::FromChrono(until - std::chrono::steady_clock::now());
  return registry.WaitSeq(static_cast<uint64_t>(min_seq), std::max(left, absl::ZeroDuration()));
}

// An entity with its revision as tag.
absl::StatusOr<Response> Found(absl::StatusOr<Json> found) {
  LW_RETURN_IF_ERROR(found.status());
  Response response = JsonResponse(*found);
  const Json* etag = found->Find("etag");
  if (etag != nullptr && etag->is_text()) response.headers.emplace_back("ETag", etag->AsText());
  return response;
}

// A reader of one entity: waits for `min_seq` first.
Handler Get(const RegistryParts& parts,
            absl::StatusOr<Json> (*get)(const registry::Registry&, const Request&)) {
  return [parts, get](const Request& request) -> absl::StatusOr<Response> {
    LW_ASSIGN_OR_RETURN(const registry::Registry* registry, RegistryOf(parts));
    LW_RETURN_IF_ERROR(WaitSeq(*registry, request));
    return Found(get(*registry, request));
  };
}

absl::StatusOr<Json> GetDataset(const registry::Registry& registry, const Request& request) {
  const std::string& name_space = request.Parameter("namespace");
  if (!request.actor.HasForNamespace(Permission::kRegistryRead, name_space)) {
    return base::NotFound(registry::kDatasetNotFound, "dataset `{}/{}`", name_space,
                          request.Parameter("name"));
  }
  return registry.GetDataset(name_space, request.Parameter("name"));
}

using Lister = absl::StatusOr<registry::Page> (registry::Registry::*)(std::string_view,
                                                                      size_t) const;

Handler List(const RegistryParts& parts, std::string_view route, std::string_view collection,
             Lister lister) {
  return [parts, route, collection, lister](const Request& request) -> absl::StatusOr<Response> {
    LW_ASSIGN_OR_RETURN(registry::Registry * registry, RegistryOf(parts));
    LW_RETURN_IF_ERROR(WaitSeq(*registry, request));
    LW_ASSIGN_OR_RETURN(const int64_t page_size, request.QueryInt("page_size", 50, 1, INT64_MAX));
    const PageBinding binding{route, "", request.actor.name};
    std::string after;
    if (!request.Query("page_token").empty()) {
      LW_ASSIGN_OR_RETURN(
          after, parts.page_tokens->Open(binding, request.Query("page_token"), parts.clock->Now()));
    }
    LW_ASSIGN_OR_RETURN(
        const registry::Page page,
        (registry->*lister)(after, static_cast<size_t>(std::min<int64_t>(page_size, 1'000))));
    Json meta;
    meta.Set("registry_seq", std::to_string(registry->Seq()));
    Json answer;
    answer.Set(collection, Json(page.items));
    answer.Set("next_page_token",
               page.next_after.empty()
                   ? std::string()
                   : parts.page_tokens->Make(binding, page.next_after, parts.clock->Now()));
    answer.Set("meta", std::move(meta));
    return JsonResponse(answer);
  };
}

}  // namespace

void AddRegistryRoutes(const RegistryParts& parts, Handlers* handlers) {
  using registry::FactKind;
  const auto forwarder = std::make_shared<Forwarder>();
  const auto add_write = [&](std::string_view route, Handler handler) {
    handlers->Add(Method::kPost, route,
                  OnWriter(parts.registry, parts.writer, forwarder, std::move(handler)));
  };
  const auto add_one = [&](std::string_view route, FactKind kind) {
    add_write(route, RegisterOne(parts, route, kind));
  };
  add_write("/v1/registry:register",
            [parts](const Request& request) { return RegisterAll(parts, request); });
  add_write("/v1/consents:record",
            [parts](const Request& request) { return RecordConsents(parts, request); });
  add_one("/v1/datasets:register", FactKind::kDataset);
  add_one("/v1/datasets/{namespace}/{name}/versions:register", FactKind::kDatasetVersion);
  add_one("/v1/models:register", FactKind::kModel);
  add_one("/v1/models/{model}/versions:register", FactKind::kModelVersion);
  add_one("/v1/runs:register", FactKind::kRun);
  handlers->Add(Method::kGet, "/v1/datasets",
                List(parts, "/v1/datasets", "datasets", &registry::Registry::ListDatasets));
  handlers->Add(Method::kGet, "/v1/models",
                List(parts, "/v1/models", "models", &registry::Registry::ListModels));
  handlers->Add(Method::kGet, "/v1/datasets/{namespace}/{name}", Get(parts, GetDataset));
  handlers->Add(Method::kGet, "/v1/models/{model}",
                Get(parts, [](const registry::Registry& registry, const Request& request) {
                  return registry.GetModel(request.Parameter("model"));
                }));
  handlers->Add(Method::kGet, "/v1/models/{model}/versions/{version}",
                Get(parts, [](const registry::Registry& registry, const Request& request) {
                  return registry.GetModelVersion(request.Parameter("model"),
                                                  request.Parameter("version"));
                }));
  handlers->Add(Method::kGet, "/v1/runs/{run}",
                Get(parts, [](const registry::Registry& registry, const Request& request) {
                  return registry.GetRun(request.Parameter("run"));
                }));
}

}  // namespace lineward::http
