#pragma once

// Who asks, and what they may do: permissions, roles, grants with a scope, bearer tokens (audit
// design, section 8). Deny by default: no route stands without a permission.

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lineward::http {

enum class Permission : uint8_t {
  kNone,  // anyone, unauthenticated too: health, metrics, version
  kAny,   // any authenticated actor
  kAccessRead,
  kBreakGlass,
  kBreakerOperate,
  kBreakerRead,
  kConfigRead,
  kConsentWrite,
  kDecisionCount,
  kDecisionRead,
  kDecisionUnmask,
  kErasureRequest,
  kEvaluate,
  kEvaluationRead,
  kEvaluationWrite,
  kEventSend,
  kExportCreate,
  kGateSkip,
  kHoldManage,
  kKeysManage,
  kLogManage,
  kLogRead,
  kOpenlineageWrite,
  kOutcomeWrite,
  kPolicyApprove,
  kPolicyPropose,
  kPolicyRead,
  kProofRead,
  kQuarantineRelease,
  kQuarantineReview,
  kRegistryApprove,
  kRegistryRead,
  kRegistryWithdraw,
  kRegistryWrite,
  kRetentionChange,
  kSliceWrite,
  kSubjectRead,
  kTopicInspect,
};
inline constexpr size_t kPermissionCount = static_cast<size_t>(Permission::kTopicInspect) + 1;

// `decision.read`; `none` and `any` for the first two.
std::string_view NameOf(Permission permission);

enum class Role : uint8_t {
  kViewer,
  kAuditor,
  kRegistrar,
  kPolicyAuthor,
  kPolicyApprover,
  kReviewer,
  kPrivacyOfficer,
  kOperator,
  kEvaluator,
};
inline constexpr size_t kRoleCount = static_cast<size_t>(Role::kEvaluator) + 1;

// `policy-author`, and back.
std::string_view NameOf(Role role);
std::optional<Role> ParseRole(std::string_view name);

// How a role holds a permission.
enum class Hold : char {
  kNot = '-',
  kYes = 'x',
  kOwnNamespaces = 'n',
  kWithCase = 'c',          // needs case id and reason
  kWithSecondPerson = '2',  // takes effect with a second person
};

// The cell of the permission matrix.
Hold HoldOf(Role role, Permission permission);

// A role and where it holds: globs (`*` any text) over namespaces and source topics.
struct Grant {
  Role role = Role::kViewer;
  std::vector<std::string> namespaces = {"*"};
  std::vector<std::string> topics = {"*"};
};

// An authenticated identity. A plain value.
struct Actor {
  std::string name;
  std::vector<Grant> grants;
  bool is_unrestricted = false;  // `auth.mode: none`: every permission, every scope

  // In any scope at all: what a route asks for.
  bool Has(Permission permission) const;
  // For an object of this namespace or source topic. Where it is false though `Has` is true, the
  // object is outside the scope and the answer is 404.
  bool HasForNamespace(Permission permission, std::string_view name_space) const;
  bool HasForTopic(Permission permission, std::string_view topic) const;
};

// True if `text` matches `glob`, in which `*` stands for any text.
bool MatchesGlob(std::string_view glob, std::string_view text);

// A fresh token `lw_` + 43 base64url characters from 32 bytes of `random`, and the SHA-256 of the
// whole text in hexadecimal, which alone is kept.
struct NewToken {
  std::string token;
  std::string sha256;
};
NewToken MakeToken(std::string_view random);

enum class AuthMode : uint8_t { kNone, kToken };

// Turns the Authorization header into an actor. Immutable after construction; any thread.
class Authenticator {
 public:
  // `auth.mode: none`: everyone is an unrestricted actor named `anonymous`. The caller has made
  // sure of loopback and `environment: dev`.
  static std::unique_ptr<Authenticator> None();

  // `auth.mode: token` with the content of the token file:
  //   tokens:
  //     - name: ci
  //       sha256: "<64 hexadecimal digits>"
  //       expires: "2027-01-01T00:00:00Z"            # at most 90 days ahead
  //       grants: [{role: registrar, namespaces: ["s3://lake/*"], topics: ["*"]}]
  // INVALID_ARGUMENT `TOKEN_FILE_INVALID` with all findings, each `file:line:column: ...`.
  static absl::StatusOr<std::unique_ptr<Authenticator>> Tokens(std::string_view file,
                                                               std::string_view content,
                                                               absl::Time now);

  ~Authenticator();
  AuthMode mode() const;

  // `authorization` holds all Authorization headers of the request. INVALID_ARGUMENT
  // `AUTH_AMBIGUOUS` for two; UNAUTHENTICATED `UNAUTHENTICATED` for none, an unknown or expired
  // token or another scheme.
  absl::StatusOr<Actor> Authenticate(std::span<const std::string_view> authorization,
                                     absl::Time now) const;

 private:
  struct Impl;
  explicit Authenticator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace lineward::http
