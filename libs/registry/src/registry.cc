#include "lineward/registry/registry.h"

#include <fmt/format.h>

#include <utility>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/base/thread.h"
#include "lineward/control/names.h"
#include "lineward/registry/reasons.h"
#include "registry/src/views.h"
#include "registry/src/writer.h"

namespace lineward::registry {
namespace {

using document::Json;

constexpr size_t kRequestIdBytesMax = 64;

bool IsRequestId(std::string_view id) {
  constexpr std::string_view kAllowed =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
  return id.size() <= kRequestIdBytesMax &&
         id.find_first_not_of(kAllowed) == std::string_view::npos;
}

class SharedLock {
 public:
  explicit SharedLock(base::SharedMutex* mutex) : mutex_(mutex) { mutex_->LockShared(); }
  ~SharedLock() { mutex_->UnlockShared(); }
  SharedLock(const SharedLock&) = delete;
  SharedLock& operator=(const SharedLock&) = delete;

 private:
  base::SharedMutex* mutex_;
};

}  // namespace

struct Registry::Impl {
  Impl(stream::Transport* transport, control::Follower* follower, RegistryOptions o,
       RegistryMetrics* metrics, telemetry::Logger log, std::unique_ptr<View> with_view)
      : options(std::move(o)),
        view(std::move(with_view)),
        queue(options.queue_max),
        writer(transport, follower, options, metrics, std::move(log), &shared, view.get(), &queue) {
  }

  absl::StatusOr<Answer> Ask(RequestKind kind, const Caller& caller, const Json& body,
                             FactKind item_kind) {
    if (!body.is_object()) return base::InvalidArgument(kInvalidField, "the body is an object");
    auto request = std::make_shared<Request>();
    request->kind = kind;
    request->caller = caller;
    request->body = body;
    request->item_kind = item_kind;
    request->queued = std::chrono::steady_clock::now();
    if (request->caller.request_id.empty() && kind != RequestKind::kConsents) {
      const Json* const id = body.Find("request_id");
      if (id != nullptr && id->is_text()) request->caller.request_id = id->AsText();
    }
    if (!IsRequestId(request->caller.request_id)) {
      return base::InvalidArgument(kInvalidField, "`request_id`: is 1 to {} of A-Z a-z 0-9 . _ -",
                                   kRequestIdBytesMax);
    }
    auto answer = request->answer.get_future();
    if (!queue.TryPush(request)) {
      if (queue.is_closed()) {
        return base::Unavailable(kRegistryNotReady, "the process is stopping");
      }
      return base::ResourceExhausted(kRegistryOverloaded, "{} requests wait already",
                                     options.queue_max);
    }
    if (answer.wait_for(absl::ToChronoNanoseconds(options.answer_wait_max)) !=
        std::future_status::ready) {
      return base::DeadlineExceeded(kRegistryNotReady,
                                    "no answer in {} s: it may have been written, look before "
                                    "trying again",
                                    absl::ToInt64Seconds(options.answer_wait_max));
    }
    return answer.get();
  }

  absl::StatusOr<Json> Show(std::string_view name, std::string_view reason,
                            std::string_view what) const LW_NO_THREAD_SAFETY_ANALYSIS {
    const SharedLock lock(&shared.mutex);
    LW_RETURN_IF_ERROR(CheckLoaded());
    const Entity* const entity = shared.state.Find(name);
    if (entity == nullptr) {
      return base::NotFound(reason, "{} `{}` is not registered", what, control::DisplayName(name));
    }
    return ViewOf(shared.state, *entity);
  }

  // Before the facts were read nobody can say that something is not there.
  absl::Status CheckLoaded() const LW_NO_THREAD_SAFETY_ANALYSIS {
    if (shared.is_loaded) return absl::OkStatus();
    return base::Unavailable(kRegistryNotReady, "the facts are not read to their end yet");
  }

  absl::StatusOr<Page> List(FactKind kind, std::string_view prefix, std::string_view after,
                            size_t limit) const LW_NO_THREAD_SAFETY_ANALYSIS {
    Page page;
    const SharedLock lock(&shared.mutex);
    LW_RETURN_IF_ERROR(CheckLoaded());
    const auto& entities = shared.state.Entities();
    auto at = after.empty() ? entities.lower_bound(prefix) : entities.upper_bound(after);
    for (; at != entities.end() && at->first.starts_with(prefix); ++at) {
      if (at->second.kind != kind) continue;
      if (page.items.size() == limit) {
        page.next_after = page.items.back().Find("resource")->AsText();
        break;
      }
      page.items.push_back(ViewOf(shared.state, at->second));
    }
    return page;
  }

  const RegistryOptions options;
  mutable SharedState shared;
  const std::unique_ptr<View> view;
  base::BoundedQueue<std::shared_ptr<Request>> queue;
  Writer writer;
  std::jthread thread;
};

Registry::Registry(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Registry::~Registry() {
  impl_->thread.request_stop();
  impl_->thread.join();
}

absl::StatusOr<std::unique_ptr<Registry>> Registry::Start(stream::Transport* transport,
                                                          control::Follower* follower,
                                                          RegistryOptions options,
                                                          RegistryMetrics* metrics,
                                                          telemetry::Logger log) {
  if (options.instance_id.empty()) {
    return base::InvalidArgument(kInvalidField, "`instance_id` is empty");
  }
  if (options.data_dir.empty()) return base::InvalidArgument(kInvalidField, "`data_dir` is empty");
  LW_ASSIGN_OR_RETURN(const std::string log_id, transport->LogId());
  LW_ASSIGN_OR_RETURN(auto view, View::Open(options.data_dir, log_id, log));
  auto impl = std::make_unique<Impl>(transport, follower, std::move(options), metrics,
                                     std::move(log), std::move(view));
  LW_RETURN_IF_ERROR(impl->writer.LoadView());
  Impl* const raw = impl.get();
  impl->thread = base::StartThread("lw-registry",
                                   [raw](const std::stop_token& stop) { raw->writer.Run(stop); });
  return std::unique_ptr<Registry>(new Registry(std::move(impl)));
}

absl::StatusOr<Answer> Registry::Register(const Caller& caller, const Json& body) {
  return impl_->Ask(RequestKind::kRegister, caller, body, FactKind::kDataset);
}

absl::StatusOr<Answer> Registry::RegisterOne(const Caller& caller, FactKind kind,
                                             const Json& item) {
  return impl_->Ask(RequestKind::kRegisterOne, caller, item, kind);
}

absl::StatusOr<Answer> Registry::RecordConsents(const Caller& caller, const Json& body) {
  return impl_->Ask(RequestKind::kConsents, caller, body, FactKind::kDataset);
}

absl::StatusOr<Answer> Registry::ProposePolicySet(const Caller& caller, const Json& body) {
  return impl_->Ask(RequestKind::kPolicySet, caller, body, FactKind::kDataset);
}

absl::StatusOr<Json> Registry::GetDataset(std::string_view name_space,
                                          std::string_view name) const {
  return impl_->Show(control::DatasetName(name_space, name), kDatasetNotFound, "dataset");
}

absl::StatusOr<Json> Registry::GetDatasetVersion(std::string_view name_space, std::string_view name,
                                                 std::string_view digest_or_label) const {
  const std::string dataset = control::DatasetName(name_space, name);
  std::string version = control::DatasetVersionName(dataset, digest_or_label);
  {
    const SharedLock lock(&impl_->shared.mutex);
    const std::string* const labelled = [&]() LW_NO_THREAD_SAFETY_ANALYSIS {
      return impl_->shared.state.FindLabel(dataset, digest_or_label);
    }();
    if (labelled != nullptr) version = *labelled;
  }
  return impl_->Show(version, kVersionNotFound, "dataset version");
}

absl::StatusOr<Json> Registry::GetModel(std::string_view model) const {
  return impl_->Show(control::ModelName(model), kModelNotFound, "model");
}

absl::StatusOr<Json> Registry::GetModelVersion(std::string_view model,
                                               std::string_view version) const {
  auto number = base::ParseInt64(version);
  if (!number.has_value()) {
    LW_ASSIGN_OR_RETURN(const Json entity, GetModel(model));
    const Json* const aliases = entity.Find("aliases");
    const Json* const target = aliases == nullptr ? nullptr : aliases->Find(version);
    if (target == nullptr) {
      return base::NotFound(kVersionNotFound, "model `{}` has no alias `{}`", model, version);
    }
    number = target->AsInt();
  }
  return impl_->Show(control::ModelVersionName(model, static_cast<int32_t>(*number)),
                     kVersionNotFound, "model version");
}

absl::StatusOr<Json> Registry::GetRun(std::string_view id) const {
  return impl_->Show(control::RunName(id), kRunNotFound, "run");
}

absl::StatusOr<Page> Registry::ListDatasets(std::string_view after, size_t limit) const {
  return impl_->List(FactKind::kDataset, "datasets/", after, limit);
}

absl::StatusOr<Page> Registry::ListModels(std::string_view after, size_t limit) const {
  return impl_->List(FactKind::kModel, "models/", after, limit);
}

uint64_t Registry::Seq() const LW_NO_THREAD_SAFETY_ANALYSIS {
  const SharedLock lock(&impl_->shared.mutex);
  return impl_->shared.state.Seq();
}

absl::Status Registry::WaitSeq(uint64_t seq, absl::Duration timeout) const {
  const auto until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
  SharedState& shared = impl_->shared;
  base::MutexLock lock(&shared.seen_mutex);
  while (shared.seen_seq < seq) {
    if (shared.seen_changed.WaitUntil(&shared.seen_mutex, until)) continue;
    if (shared.seen_seq >= seq) break;
    return base::DeadlineExceeded(kNotYetVisible,
                                  "registry seq {} is not folded here after {} ms; {} is", seq,
                                  absl::ToInt64Milliseconds(timeout), shared.seen_seq);
  }
  return absl::OkStatus();
}

absl::Status Registry::ReadFacts(uint64_t after, uint64_t last,
                                 const std::function<absl::Status(std::string_view)>& visit) const {
  if (Seq() < last) {
    return base::Unavailable(kRegistryNotReady, "registry seq {} is not folded here yet; {} is",
                             last, Seq());
  }
  return impl_->view->ReadFacts(after, last, visit);
}

std::string Registry::StateDigest() const LW_NO_THREAD_SAFETY_ANALYSIS {
  const SharedLock lock(&impl_->shared.mutex);
  return impl_->shared.state.Digest();
}

bool Registry::IsWriter() const LW_NO_THREAD_SAFETY_ANALYSIS {
  const SharedLock lock(&impl_->shared.mutex);
  return impl_->shared.is_writer;
}

std::string Registry::NotReadyCause() const LW_NO_THREAD_SAFETY_ANALYSIS {
  const SharedLock lock(&impl_->shared.mutex);
  if (!impl_->shared.is_loaded && impl_->shared.cause.empty()) return "registry: reading facts";
  return impl_->shared.cause;
}

absl::Status Registry::FatalStatus() const LW_NO_THREAD_SAFETY_ANALYSIS {
  const SharedLock lock(&impl_->shared.mutex);
  return impl_->shared.fatal;
}

}  // namespace lineward::registry
