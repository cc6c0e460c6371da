#include "services/node/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace lineward::services {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A node of a laptop: nothing is wrong with it.
NodeOptions Dev() {
  NodeOptions options;
  options.environment = "dev";
  options.transport = "embedded";
  options.auth_mode = "none";
  return options;
}

// A node of production on Kafka, likewise.
NodeOptions Prod() {
  NodeOptions options;
  options.kafka_brokers = {"b1:9092"};
  options.auth_tokens = {.file = "tokens.yaml", .value = "tokens: []"};
  options.tenant_key = {.file = "tenant-key", .value = std::string(32, 'k')};
  return options;
}

std::vector<std::string> FindingsOf(const NodeOptions& options) {
  std::vector<std::string> texts;
  for (const config::Finding& finding : CheckNodeOptions(options)) {
    texts.push_back(finding.place + ": " + finding.message);
  }
  return texts;
}

TEST(NodeOptions, AreGoodForALaptopAndForProduction) {
  EXPECT_THAT(FindingsOf(Dev()), IsEmpty());
  EXPECT_THAT(FindingsOf(Prod()), IsEmpty());
}

TEST(NodeOptions, AnUnknownRoleNamesTheNearest) {
  NodeOptions options = Prod();
  options.roles = {"gate", "lodger", "monitor"};
  EXPECT_THAT(FindingsOf(options), ElementsAre("roles: unknown role `lodger` (nearest: `ledger`)",
                                               "roles: role `monitor` is not supported yet"));
  options.roles = {};
  EXPECT_THAT(FindingsOf(options), ElementsAre("roles: no role is given"));
}

TEST(NodeOptions, TheEmbeddedTransportNeedsAllRoles) {
  NodeOptions options = Dev();
  options.roles = {"gate", "ledger"};
  EXPECT_THAT(FindingsOf(options),
              ElementsAre(HasSubstr("roles: the embedded transport needs all")));
}

TEST(NodeOptions, KafkaNeedsABrokerAndWhatItsProtocolAsksFor) {
  NodeOptions options = Prod();
  options.kafka_brokers = {};
  options.kafka_protocol = "sasl_ssl";
  EXPECT_THAT(FindingsOf(options),
              ElementsAre("kafka.brokers: transport kafka needs at least one broker",
                          "kafka.security: protocol sasl_ssl needs username and password"));
}

TEST(NodeOptions, NoAuthenticationIsForLoopbackAndDevAlone) {
  NodeOptions options = Dev();
  options.http_listen = {"0.0.0.0", 8080};
  EXPECT_THAT(FindingsOf(options), ElementsAre(HasSubstr("auth.mode: `none` needs a loopback")));
  options = Prod();
  options.auth_mode = "none";
  EXPECT_THAT(FindingsOf(options), ElementsAre("auth.mode: `none` needs `environment: dev`"));
}

TEST(NodeOptions, KeysHaveTheirLength) {
  NodeOptions options = Prod();
  options.tenant_key.value.pop_back();
  options.http_page_token_key = {.file = "page", .value = "short"};
  EXPECT_THAT(FindingsOf(options),
              ElementsAre("keys.tenant: the key has 31 bytes, 32 are needed",
                          "http.page_token_key: the key has 5 bytes, 16 are needed"));
}

TEST(NodeOptions, WithoutTenantKeyOnlyDevOrAProcessWithoutGateStarts) {
  NodeOptions options = Prod();
  options.tenant_key = {};
  EXPECT_THAT(FindingsOf(options), ElementsAre(HasSubstr("keys.tenant: the gate needs")));
  options.roles = {"ledger"};
  EXPECT_THAT(FindingsOf(options), IsEmpty());
}

TEST(NodeOptions, TwoListenersHaveTwoAddresses) {
  NodeOptions options = Dev();
  options.admin_listen = options.http_listen;
  EXPECT_THAT(FindingsOf(options),
              ElementsAre("admin.listen: `127.0.0.1:8080` is the address of http.listen too"));
  // Port 0 is a free one each time.
  options.http_listen.port = options.admin_listen.port = 0;
  EXPECT_THAT(FindingsOf(options), IsEmpty());
}

}  // namespace
}  // namespace lineward::services
