#include "lineward/http/auth.h"

#include <fmt/format.h>

#include <array>

#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/crypto/hmac.h"
#include "lineward/crypto/sha256.h"
#include "lineward/document/nearest.h"
#include "lineward/document/yaml.h"
#include "lineward/http/reasons.h"

namespace lineward::http {
namespace {

constexpr absl::Duration kTokenLifeMax = absl::Hours(24 * 90);
constexpr std::string_view kTokenPrefix = "lw_";
constexpr size_t kTokenCharacters = 43;  // 32 bytes in base64url without padding

// The permission matrix; a column per role in the order of `Role` (V A G W P R O S E).
struct MatrixRow {
  Permission permission;
  std::string_view name;
  std::string_view holds;
};
constexpr std::array<MatrixRow, kPermissionCount> kMatrix = {{
    {Permission::kNone, "none", "xxxxxxxxx"},
    {Permission::kAny, "any", "xxxxxxxxx"},
    {Permission::kAccessRead, "access.read", "-x----x--"},
    {Permission::kBreakGlass, "break-glass", "-c--c-cc-"},
    {Permission::kBreakerOperate, "breaker.operate", "----2--2-"},
    {Permission::kBreakerRead, "breaker.read", "xxxxxxxx-"},
    {Permission::kConfigRead, "config.read", "-x-----x-"},
    {Permission::kConsentWrite, "consent.write", "--n------"},
    {Permission::kDecisionCount, "decision.count", "xxxxxxxx-"},
    {Permission::kDecisionRead, "decision.read", "xx-xxxxx-"},
    {Permission::kDecisionUnmask, "decision.unmask", "-c----c--"},
    {Permission::kErasureRequest, "erasure.request", "------2--"},
    {Permission::kEvaluate, "evaluate", "--n-----n"},
    {Permission::kEvaluationRead, "evaluation.read", "xx-xxxxx-"},
    {Permission::kEvaluationWrite, "evaluation.write", "---x-----"},
    {Permission::kEventSend, "event.send", "--x------"},
    {Permission::kExportCreate, "export.create", "-x----x--"},
    {Permission::kGateSkip, "gate.skip", "-------2-"},
    {Permission::kHoldManage, "hold.manage", "------2--"},
    {Permission::kKeysManage, "keys.manage", "-------2-"},
    {Permission::kLogManage, "log.manage", "-------2-"},
    {Permission::kLogRead, "log.read", "xxxxxxxx-"},
    {Permission::kOpenlineageWrite, "openlineage.write", "--n------"},
    {Permission::kOutcomeWrite, "outcome.write", "--n-----n"},
    {Permission::kPolicyApprove, "policy.approve", "----x----"},
    {Permission::kPolicyPropose, "policy.propose", "---x-----"},
    {Permission::kPolicyRead, "policy.read", "xx-xxxxx-"},
    {Permission::kProofRead, "proof.read", "xxxxxxxx-"},
    {Permission::kQuarantineRelease, "quarantine.release", "-----2---"},
    {Permission::kQuarantineReview, "quarantine.review", "-----xx--"},
    {Permission::kRegistryApprove, "registry.approve", "----x----"},
    {Permission::kRegistryRead, "registry.read", "xxnxxxxx-"},
    {Permission::kRegistryWithdraw, "registry.withdraw", "----x-x--"},
    {Permission::kRegistryWrite, "registry.write", "--n------"},
    {Permission::kRetentionChange, "retention.change", "-------2-"},
    {Permission::kSliceWrite, "slice.write", "---x-----"},
    {Permission::kSubjectRead, "subject.read", "-c----c--"},
    {Permission::kTopicInspect, "topic.inspect", "-------x-"},
}};

constexpr std::array<std::string_view, kRoleCount> kRoleNames = {
    "viewer",   "auditor",         "registrar", "policy-author", "policy-approver",
    "reviewer", "privacy-officer", "operator",  "evaluator"};

const MatrixRow& RowOf(Permission permission) {
  const MatrixRow& row = kMatrix[static_cast<size_t>(permission)];
  LW_DCHECK(row.permission == permission);
  return row;
}

bool MatchesAny(const std::vector<std::string>& globs, std::string_view text) {
  for (const std::string& glob : globs) {
    if (MatchesGlob(glob, text)) return true;
  }
  return false;
}

std::string Base64Url(std::string_view bytes) {
  std::string text = base::ToBase64(bytes);
  while (!text.empty() && text.back() == '=') text.pop_back();
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '/') c = '_';
  }
  return text;
}

// Findings of a token file, told all at once.
class TokenFileReader {
 public:
  struct Token {
    std::string sha256;
    absl::Time expires;
    Actor actor;
  };

  TokenFileReader(std::string_view file, absl::Time now) : file_(file), now_(now) {}

  void Read(std::string_view content) {
    const document::YamlDocument parsed = document::ParseYaml(content);
    for (const auto& problem : parsed.problems) Find(problem.place, problem.message);
    if (!parsed.root.has_value()) return;
    if (!parsed.root->is_map()) {
      Find(parsed.root->place, "a map with the key `tokens` is expected");
      return;
    }
    for (const document::YamlEntry& entry : parsed.root->entries) {
      if (entry.key != "tokens") {
        Unknown(entry, {"tokens"});
        continue;
      }
      if (entry.value.is_empty()) continue;
      if (!entry.value.is_list()) {
        Find(entry.value.place, "`tokens` is no list");
        continue;
      }
      for (const document::YamlNode& item : entry.value.items) ReadToken(item);
    }
  }

  const std::vector<std::string>& findings() const { return findings_; }
  std::vector<Token> TakeTokens() { return std::move(tokens_); }

 private:
  void Find(document::Place place, std::string_view message) {
    findings_.push_back(fmt::format("{}:{}:{}: {}", file_, place.line, place.column, message));
  }
  void Unknown(const document::YamlEntry& entry, std::vector<std::string> known) {
    Find(entry.place, fmt::format("unknown key `{}`{}", entry.key,
                                  document::NearestHint(entry.key, std::span(known))));
  }
  const std::string* Text(const document::YamlEntry& entry) {
    if (entry.value.is_text() && !entry.value.text.empty()) return &entry.value.text;
    Find(entry.value.place, fmt::format("`{}` is no text", entry.key));
    return nullptr;
  }
  std::vector<std::string> Texts(const document::YamlEntry& entry) {
    std::vector<std::string> texts;
    if (!entry.value.is_list() || entry.value.items.empty()) {
      Find(entry.value.place, fmt::format("`{}` is no list of globs", entry.key));
      return texts;
    }
    for (const document::YamlNode& item : entry.value.items) {
      if (item.is_text()) {
        texts.push_back(item.text);
      } else {
        Find(item.place, fmt::format("`{}`: a glob is expected", entry.key));
      }
    }
    return texts;
  }

  void ReadToken(const document::YamlNode& node) {
    if (!node.is_map()) {
      Find(node.place, "a token is a map with name, sha256, expires and grants");
      return;
    }
    Token token;
    bool has_expiry = false;
    for (const document::YamlEntry& entry : node.entries) {
      if (entry.key == "name") {
        if (const std::string* name = Text(entry)) token.actor.name = *name;
      } else if (entry.key == "sha256") {
        const std::string* text = Text(entry);
        if (text == nullptr) continue;
        const auto digest = base::FromHex(*text);
        if (!digest.has_value() || digest->size() != crypto::kDigestBytes) {
          Find(entry.value.place, "`sha256` is no 64 lower-case hexadecimal digits");
          continue;
        }
        token.sha256 = *digest;
      } else if (entry.key == "expires") {
        const std::string* text = Text(entry);
        if (text == nullptr) continue;
        std::string error;
        if (!absl::ParseTime(absl::RFC3339_full, *text, &token.expires, &error)) {
          Find(entry.value.place, fmt::format("`expires`: `{}` is no RFC 3339 time", *text));
        } else if (token.expires > now_ + kTokenLifeMax) {
          Find(entry.value.place, fmt::format("`expires`: `{}` is more than 90 d ahead", *text));
        }
        has_expiry = true;
      } else if (entry.key == "grants") {
        if (!entry.value.is_list()) {
          Find(entry.value.place, "`grants` is no list");
          continue;
        }
        for (const document::YamlNode& item : entry.value.items) {
          ReadGrant(item, &token.actor.grants);
        }
      } else {
        Unknown(entry, {"name", "sha256", "expires", "grants"});
      }
    }
    if (token.actor.name.empty()) Find(node.place, "the token has no `name`");
    if (token.sha256.empty()) Find(node.place, "the token has no `sha256`");
    if (!has_expiry) Find(node.place, "the token has no `expires`");
    tokens_.push_back(std::move(token));
  }

  void ReadGrant(const document::YamlNode& node, std::vector<Grant>* grants) {
    if (!node.is_map()) {
      Find(node.place, "a grant is a map with role, namespaces and topics");
      return;
    }
    Grant grant;
    bool has_role = false;
    for (const document::YamlEntry& entry : node.entries) {
      if (entry.key == "role") {
        const std::string* text = Text(entry);
        has_role = true;
        if (text == nullptr) continue;
        const auto role = ParseRole(*text);
        if (!role.has_value()) {
          Find(entry.value.place,
               fmt::format(
                   "unknown role `{}`{}", *text,
                   document::NearestHint(*text, std::span<const std::string_view>(kRoleNames))));
          continue;
        }
        grant.role = *role;
      } else if (entry.key == "namespaces") {
        grant.namespaces = Texts(entry);
      } else if (entry.key == "topics") {
        grant.topics = Texts(entry);
      } else {
        Unknown(entry, {"role", "namespaces", "topics"});
      }
    }
    if (!has_role) Find(node.place, "the grant has no `role`");
    grants->push_back(std::move(grant));
  }

  std::string_view file_;
  absl::Time now_;
  std::vector<std::string> findings_;
  std::vector<Token> tokens_;
};

}  // namespace

std::string_view NameOf(Permission permission) { return RowOf(permission).name; }

std::string_view NameOf(Role role) { return kRoleNames[static_cast<size_t>(role)]; }

std::optional<Role> ParseRole(std::string_view name) {
  for (size_t i = 0; i < kRoleNames.size(); ++i) {
    if (kRoleNames[i] == name) return static_cast<Role>(i);
  }
  return std::nullopt;
}

Hold HoldOf(Role role, Permission permission) {
  return static_cast<Hold>(RowOf(permission).holds[static_cast<size_t>(role)]);
}

bool Actor::Has(Permission permission) const {
  if (is_unrestricted || permission == Permission::kNone || permission == Permission::kAny) {
    return true;
  }
  for (const Grant& grant : grants) {
    if (HoldOf(grant.role, permission) != Hold::kNot) return true;
  }
  return false;
}

bool Actor::HasForNamespace(Permission permission, std::string_view name_space) const {
  if (is_unrestricted) return true;
  for (const Grant& grant : grants) {
    if (HoldOf(grant.role, permission) != Hold::kNot && MatchesAny(grant.namespaces, name_space)) {
      return true;
    }
  }
  return false;
}

bool Actor::HasForTopic(Permission permission, std::string_view topic) const {
  if (is_unrestricted) return true;
  for (const Grant& grant : grants) {
    if (HoldOf(grant.role, permission) != Hold::kNot && MatchesAny(grant.topics, topic)) {
      return true;
    }
  }
  return false;
}

bool MatchesGlob(std::string_view glob, std::string_view text) {
  size_t g = 0, t = 0;
  size_t star = std::string_view::npos, mark = 0;
  while (t < text.size()) {
    if (g < glob.size() && glob[g] == '*') {
      star = g++;
      mark = t;
    } else if (g < glob.size() && glob[g] == text[t]) {
      ++g;
      ++t;
    } else if (star != std::string_view::npos) {
      g = star + 1;
      t = ++mark;
    } else {
      return false;
    }
  }
  while (g < glob.size() && glob[g] == '*') ++g;
  return g == glob.size();
}

NewToken MakeToken(std::string_view random) {
  LW_CHECK(random.size() == 32, "{} bytes", random.size());
  NewToken made;
  made.token = fmt::format("{}{}", kTokenPrefix, Base64Url(random));
  made.sha256 = crypto::Sha256Hex(made.token);
  return made;
}

struct Authenticator::Impl {
  AuthMode mode = AuthMode::kNone;
  std::vector<TokenFileReader::Token> tokens;
};

Authenticator::Authenticator(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Authenticator::~Authenticator() = default;

std::unique_ptr<Authenticator> Authenticator::None() {
  return std::unique_ptr<Authenticator>(new Authenticator(std::make_unique<Impl>()));
}

absl::StatusOr<std::unique_ptr<Authenticator>> Authenticator::Tokens(std::string_view file,
                                                                     std::string_view content,
                                                                     absl::Time now) {
  TokenFileReader reader(file, now);
  reader.Read(content);
  if (!reader.findings().empty()) {
    return base::InvalidArgument(kTokenFileInvalid, "{}", fmt::join(reader.findings(), "; "));
  }
  auto impl = std::make_unique<Impl>();
  impl->mode = AuthMode::kToken;
  impl->tokens = reader.TakeTokens();
  return std::unique_ptr<Authenticator>(new Authenticator(std::move(impl)));
}

AuthMode Authenticator::mode() const { return impl_->mode; }

absl::StatusOr<Actor> Authenticator::Authenticate(std::span<const std::string_view> authorization,
                                                  absl::Time now) const {
  if (authorization.size() > 1) {
    return base::InvalidArgument(kAuthAmbiguous, "{} Authorization headers, one is expected",
                                 authorization.size());
  }
  if (impl_->mode == AuthMode::kNone) {
    Actor actor;
    actor.name = "anonymous";
    actor.is_unrestricted = true;
    return actor;
  }
  if (authorization.empty()) {
    return base::Unauthenticated(kUnauthenticated, "no token was sent");
  }
  std::string_view value = authorization[0];
  constexpr std::string_view kScheme = "Bearer ";
  if (!value.starts_with(kScheme)) {
    return base::Unauthenticated(kUnauthenticated, "the scheme is not `Bearer`");
  }
  value.remove_prefix(kScheme.size());
  if (!value.starts_with(kTokenPrefix) || value.size() != kTokenPrefix.size() + kTokenCharacters) {
    return base::Unauthenticated(kUnauthenticated, "the token is not of the form `lw_...`");
  }
  const crypto::Digest digest = crypto::Sha256Of(value);
  // All are compared, so that the time tells nothing about which one matched.
  const TokenFileReader::Token* found = nullptr;
  for (const auto& token : impl_->tokens) {
    if (crypto::EqualInConstantTime(token.sha256, crypto::AsBytes(digest))) found = &token;
  }
  if (found == nullptr) return base::Unauthenticated(kUnauthenticated, "the token is not known");
  if (now >= found->expires) {
    return base::Unauthenticated(kUnauthenticated, "the token of `{}` has expired",
                                 found->actor.name);
  }
  return found->actor;
}

}  // namespace lineward::http
