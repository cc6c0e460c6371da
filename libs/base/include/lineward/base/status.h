#pragma once

// How errors are made, carried and annotated: absl::Status with a stable reason word.
//
// A reason is an UPPER_SNAKE word declared in `include/lineward/<lib>/reasons.h`; it travels as the
// Status payload `lineward/reason` and has a section in docs/errors.md. Messages: lower-case start,
// no final full stop, user input in backticks, the actual value and the limit with its unit, a
// place, the nearest known name; outer context before inner, joined by `: `. Any thread.

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

namespace lineward::base {

// A Status of `code` with `reason` as payload (none if empty).
absl::Status MakeStatus(absl::StatusCode code, std::string_view reason, std::string_view message);

// The reason that `status` carries, or empty.
std::string ReasonOf(const absl::Status& status);

// The message of `status` as std::string_view; valid while `status` lives.
std::string_view MessageOf(const absl::Status& status);

// Prefixes `context: ` to the message and keeps code and reason; an OK status stays OK.
absl::Status AnnotateWith(const absl::Status& status, std::string_view context);

template <typename... Args>
absl::Status Annotate(const absl::Status& status, fmt::format_string<Args...> format,
                      Args&&... args) {
  if (status.ok()) return status;
  return AnnotateWith(status, fmt::format(format, std::forward<Args>(args)...));
}

#define LW_STATUS_FACTORY_(Name, code)                                                             \
  template <typename... Args>                                                                      \
  absl::Status Name(std::string_view reason, fmt::format_string<Args...> format, Args&&... args) { \
    return MakeStatus(code, reason, fmt::format(format, std::forward<Args>(args)...));             \
  }

LW_STATUS_FACTORY_(InvalidArgument, absl::StatusCode::kInvalidArgument)
LW_STATUS_FACTORY_(OutOfRange, absl::StatusCode::kOutOfRange)
LW_STATUS_FACTORY_(NotFound, absl::StatusCode::kNotFound)
LW_STATUS_FACTORY_(AlreadyExists, absl::StatusCode::kAlreadyExists)
LW_STATUS_FACTORY_(FailedPrecondition, absl::StatusCode::kFailedPrecondition)
LW_STATUS_FACTORY_(Aborted, absl::StatusCode::kAborted)
LW_STATUS_FACTORY_(ResourceExhausted, absl::StatusCode::kResourceExhausted)
LW_STATUS_FACTORY_(Unavailable, absl::StatusCode::kUnavailable)
LW_STATUS_FACTORY_(DeadlineExceeded, absl::StatusCode::kDeadlineExceeded)
LW_STATUS_FACTORY_(Unauthenticated, absl::StatusCode::kUnauthenticated)
LW_STATUS_FACTORY_(PermissionDenied, absl::StatusCode::kPermissionDenied)
LW_STATUS_FACTORY_(DataLoss, absl::StatusCode::kDataLoss)
LW_STATUS_FACTORY_(Unimplemented, absl::StatusCode::kUnimplemented)
LW_STATUS_FACTORY_(Unknown, absl::StatusCode::kUnknown)
#undef LW_STATUS_FACTORY_

}  // namespace lineward::base

#define LW_CONCAT_INNER_(a, b) a##b
#define LW_CONCAT_(a, b) LW_CONCAT_INNER_(a, b)

// Returns from the enclosing function if the expression's Status is not OK.
#define LW_RETURN_IF_ERROR(expression)                                               \
  do {                                                                               \
    if (absl::Status lw_status_ = (expression); !lw_status_.ok()) return lw_status_; \
  } while (false)

// LW_ASSIGN_OR_RETURN(auto x, F()): unwraps a StatusOr or returns its Status.
#define LW_ASSIGN_OR_RETURN(lhs, expression) \
  LW_ASSIGN_OR_RETURN_IMPL_(LW_CONCAT_(lw_status_or_, __LINE__), lhs, expression)
#define LW_ASSIGN_OR_RETURN_IMPL_(temporary, lhs, expression) \
  auto temporary = (expression);                              \
  if (!temporary.ok()) return std::move(temporary).status();  \
  lhs = std::move(temporary).value()
