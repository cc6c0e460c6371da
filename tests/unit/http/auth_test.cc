#include "lineward/http/auth.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lineward/base/status.h"
#include "lineward/crypto/sha256.h"

namespace lineward::http {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1'772'366'400);  // 2026-03-01T12:00:00Z

const std::string kToken = "lw_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

std::string File(std::string_view expires, std::string_view grants) {
  return fmt::format(
      "tokens:\n  - name: ci\n    sha256: \"{}\"\n    expires: \"{}\"\n    grants: {}\n",
      crypto::Sha256Hex(kToken), expires, grants);
}

absl::StatusOr<Actor> Ask(std::string_view file, std::vector<std::string> headers,
                          absl::Time now = kNow) {
  auto authenticator = Authenticator::Tokens("tokens.yaml", file, kNow);
  if (!authenticator.ok()) return authenticator.status();
  const std::vector<std::string_view> views(headers.begin(), headers.end());
  return (*authenticator)->Authenticate(views, now);
}

const std::string kGood =
    File("2026-04-01T00:00:00Z", "[{role: registrar, namespaces: [\"s3://lake/*\"]}]");

TEST(Authenticator, KnowsATokenByItsDigest) {
  const auto actor = Ask(kGood, {"Bearer " + kToken});
  ASSERT_TRUE(actor.ok()) << actor.status();
  EXPECT_EQ(actor->name, "ci");
  EXPECT_TRUE(actor->Has(Permission::kRegistryWrite));
  EXPECT_FALSE(actor->Has(Permission::kDecisionRead));
}

TEST(Authenticator, RefusesEverythingElse) {
  std::string other = kToken;
  other.back() = 'E';
  EXPECT_EQ(base::ReasonOf(Ask(kGood, {}).status()), "UNAUTHENTICATED");
  EXPECT_EQ(base::ReasonOf(Ask(kGood, {"Bearer " + other}).status()), "UNAUTHENTICATED");
  EXPECT_EQ(base::ReasonOf(Ask(kGood, {"Basic " + kToken}).status()), "UNAUTHENTICATED");
  EXPECT_EQ(base::ReasonOf(Ask(kGood, {"Bearer lw_short"}).status()), "UNAUTHENTICATED");
  EXPECT_EQ(base::ReasonOf(Ask(kGood, {"Bearer " + kToken, "Bearer " + kToken}).status()),
            "AUTH_AMBIGUOUS");
}

TEST(Authenticator, RefusesATokenFromItsExpiryOn) {
  const absl::Time expiry = absl::FromUnixSeconds(1'775'001'600);  // 2026-04-01T00:00:00Z
  EXPECT_TRUE(Ask(kGood, {"Bearer " + kToken}, expiry - absl::Seconds(1)).ok());
  EXPECT_FALSE(Ask(kGood, {"Bearer " + kToken}, expiry).ok());
}

TEST(Authenticator, TellsAllFindingsOfATokenFileAtOnce) {
  const auto made = Authenticator::Tokens("tokens.yaml",
                                          "tokens:\n"
                                          "  - nam: ci\n"
                                          "    sha256: \"12\"\n"
                                          "    expires: \"2026-09-01T00:00:00Z\"\n"
                                          "    grants: [{role: registrer}]\n",
                                          kNow);
  ASSERT_FALSE(made.ok());
  EXPECT_EQ(base::ReasonOf(made.status()), "TOKEN_FILE_INVALID");
  const std::string message(base::MessageOf(made.status()));
  for (const char* part :
       {"tokens.yaml:2:5: unknown key `nam` (nearest: `name`)", "64 lower-case hexadecimal",
        "more than 90 d ahead", "unknown role `registrer` (nearest: `registrar`)"}) {
    EXPECT_NE(message.find(part), std::string::npos) << part << " in " << message;
  }
}

TEST(Authenticator, NoneIsUnrestricted) {
  const auto actor = Authenticator::None()->Authenticate({}, kNow);
  ASSERT_TRUE(actor.ok());
  EXPECT_TRUE(actor->Has(Permission::kDecisionUnmask));
  EXPECT_TRUE(actor->HasForNamespace(Permission::kRegistryWrite, "any"));
}

TEST(MakeToken, IsTheFormThatTheAuthenticatorTakes) {
  const NewToken made = MakeToken(std::string(32, '\0'));
  EXPECT_EQ(made.token, kToken);
  EXPECT_EQ(made.sha256, crypto::Sha256Hex(kToken));
}

TEST(Actor, HoldsAPermissionInItsScopeOnly) {
  Actor actor;
  actor.grants.push_back({Role::kRegistrar, {"s3://lake/*", "default"}, {"promotions*"}});
  EXPECT_TRUE(actor.HasForNamespace(Permission::kRegistryWrite, "s3://lake/a/b"));
  EXPECT_TRUE(actor.HasForNamespace(Permission::kRegistryWrite, "default"));
  EXPECT_FALSE(actor.HasForNamespace(Permission::kRegistryWrite, "default2"));
  EXPECT_FALSE(actor.HasForNamespace(Permission::kPolicyPropose, "default"));
  EXPECT_TRUE(actor.HasForTopic(Permission::kEventSend, "promotions-eu"));
  EXPECT_FALSE(actor.HasForTopic(Permission::kEventSend, "clicks"));
}

// Cells read off the audit design's table, section 8.
TEST(PermissionMatrix, HoldsTheDesignsCells) {
  EXPECT_EQ(HoldOf(Role::kViewer, Permission::kDecisionRead), Hold::kYes);
  EXPECT_EQ(HoldOf(Role::kRegistrar, Permission::kDecisionRead), Hold::kNot);
  EXPECT_EQ(HoldOf(Role::kRegistrar, Permission::kRegistryRead), Hold::kOwnNamespaces);
  EXPECT_EQ(HoldOf(Role::kRegistrar, Permission::kEventSend), Hold::kYes);
  EXPECT_EQ(HoldOf(Role::kEvaluator, Permission::kDecisionCount), Hold::kNot);
  EXPECT_EQ(HoldOf(Role::kEvaluator, Permission::kEvaluate), Hold::kOwnNamespaces);
  EXPECT_EQ(HoldOf(Role::kAuditor, Permission::kDecisionUnmask), Hold::kWithCase);
  EXPECT_EQ(HoldOf(Role::kAuditor, Permission::kConfigRead), Hold::kYes);
  EXPECT_EQ(HoldOf(Role::kOperator, Permission::kTopicInspect), Hold::kYes);
  EXPECT_EQ(HoldOf(Role::kOperator, Permission::kDecisionUnmask), Hold::kNot);
  EXPECT_EQ(HoldOf(Role::kPolicyAuthor, Permission::kPolicyPropose), Hold::kYes);
  EXPECT_EQ(HoldOf(Role::kPolicyAuthor, Permission::kPolicyApprove), Hold::kNot);
  EXPECT_EQ(HoldOf(Role::kPolicyApprover, Permission::kPolicyPropose), Hold::kNot);
  EXPECT_EQ(HoldOf(Role::kReviewer, Permission::kQuarantineRelease), Hold::kWithSecondPerson);
  EXPECT_EQ(HoldOf(Role::kPrivacyOfficer, Permission::kQuarantineReview), Hold::kYes);
}

TEST(PermissionMatrix, IsInTheOrderOfItsEnum) {
  for (size_t i = 0; i < kPermissionCount; ++i) {
    EXPECT_NE(NameOf(static_cast<Permission>(i)), "");
  }
  EXPECT_EQ(NameOf(Permission::kTopicInspect), "topic.inspect");
  EXPECT_EQ(NameOf(Permission::kDecisionRead), "decision.read");
}

TEST(MatchesGlob, TakesAStarForAnyText) {
  EXPECT_TRUE(MatchesGlob("*", ""));
  EXPECT_TRUE(MatchesGlob("a*c*e", "abcde"));
  EXPECT_TRUE(MatchesGlob("*b", "aabb"));
  EXPECT_FALSE(MatchesGlob("a*c", "abcd"));
  EXPECT_FALSE(MatchesGlob("", "a"));
}

}  // namespace
}  // namespace lineward::http
