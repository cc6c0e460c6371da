#include "lineward/base/status.h"

#include <absl/strings/cord.h>

#include "lineward/base/strings.h"

namespace lineward::base {
namespace {

constexpr char kReasonPayload[] = "lineward/reason";

}  // namespace

absl::Status MakeStatus(absl::StatusCode code, std::string_view reason, std::string_view message) {
  absl::Status status(code, ToAbsl(message));
  if (!status.ok() && !reason.empty()) {
    status.SetPayload(kReasonPayload, absl::Cord(ToAbsl(reason)));
  }
  return status;
}

std::string ReasonOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kReasonPayload);
  return payload.has_value() ? std::string(*payload) : std::string();
}

std::string_view MessageOf(const absl::Status& status) { return ToStd(status.message()); }

absl::Status AnnotateWith(const absl::Status& status, std::string_view context) {
  if (status.ok()) return status;
  absl::Status annotated(status.code(), ToAbsl(fmt::format("{}: {}", context, MessageOf(status))));
  status.ForEachPayload([&annotated](absl::string_view url, const absl::Cord& payload) {
    annotated.SetPayload(url, payload);
  });
  return annotated;
}

}  // namespace lineward::base
