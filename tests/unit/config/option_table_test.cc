#include "lineward/config/option_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <sstream>

#include "lineward/document/json.h"
#include "tests/support/temp_dir.h"

namespace lineward::config {
namespace {

using testing::HasSubstr;

struct Source {
  std::string topic;
  ByteSize max_bytes = KiB(256);
};

struct Options {
  absl::Duration commit_interval = absl::Milliseconds(50);
  bool create_topics = false;
  int64_t loops = 1;
  std::string transport = "kafka";
  std::vector<std::string> brokers;
  std::map<std::string, std::string> librdkafka;
  std::vector<Source> sources;
  Secret tenant;
};

class OptionTableTest : public testing::Test {
 protected:
  OptionTableTest() {
    table_.Bind("gate.commit_interval", &options_.commit_interval,
                {.sentence = "How long a transaction stays open.", .min = "10ms", .max = "1s"});
    table_.Bind("gate.loops", &options_.loops,
                {.sentence = "Loops of the gate.", .min = "1", .max = "16"});
    table_.Bind("kafka.create_topics", &options_.create_topics, {.sentence = "Creates topics."});
    table_.Bind("kafka.brokers", &options_.brokers, {.sentence = "Where Kafka is."});
    table_.Bind("kafka.librdkafka", &options_.librdkafka, {.sentence = "Client settings."});
    table_.Bind("transport", &options_.transport,
                {.sentence = "What carries records.", .choices = {"kafka", "embedded"}});
    table_.Bind("keys.tenant", &options_.tenant, {.sentence = "The tenant key."});
    table_.BindList<Source>("gate.sources", &options_.sources, {.sentence = "Source topics."},
                            [](Source* source, OptionTable* table) {
                              table->Bind("topic", &source->topic, {.sentence = "Its name."});
                              table->Bind("max_bytes", &source->max_bytes,
                                          {.sentence = "Largest value.", .max = "900KiB"});
                            });
  }

  std::string Load(std::string_view yaml, std::vector<Setting> environment = {},
                   std::vector<Setting> flags = {}) {
    LoadInput input;
    if (!yaml.empty()) input.file_name = "lineward.yaml";
    input.file_bytes = yaml;
    input.environment = std::move(environment);
    input.flags = std::move(flags);
    input.secrets_folder = folder_.path().string();
    return FormatFindings(table_.Load(input));
  }

  support::TempDir folder_;
  Options options_;
  OptionTable table_;
};

TEST_F(OptionTableTest, ReadsEveryKindOfValue) {
  EXPECT_EQ(Load("transport: embedded\n"
                 "gate: {commit_interval: 20ms, loops: 2, sources: [{topic: a, max_bytes: 1KiB}]}\n"
                 "kafka:\n  create_topics: true\n  brokers: [\"b1:9092\", \"b2:9092\"]\n"
                 "  librdkafka: {linger.ms: 1}\n"),
            "");
  EXPECT_EQ(options_.transport, "embedded");
  EXPECT_EQ(options_.commit_interval, absl::Milliseconds(20));
  EXPECT_EQ(options_.loops, 2);
  EXPECT_TRUE(options_.create_topics);
  EXPECT_EQ(options_.brokers, (std::vector<std::string>{"b1:9092", "b2:9092"}));
  EXPECT_EQ(options_.librdkafka, (std::map<std::string, std::string>{{"linger.ms", "1"}}));
  ASSERT_EQ(options_.sources.size(), 1u);
  EXPECT_EQ(options_.sources[0].topic, "a");
  EXPECT_EQ(options_.sources[0].max_bytes, KiB(1));
}

TEST_F(OptionTableTest, ReportsEveryFindingAtOnceWithPlaceAndNearestKey) {
  EXPECT_EQ(Load("gate:\n  comit_interval: 50ms\n  loops: 17\ntransport: kafak\n"),
            "lineward.yaml:2:3: unknown option `gate.comit_interval` (nearest: "
            "`gate.commit_interval`)\n"
            "lineward.yaml:3:3: `gate.loops`: `17` is above the greatest value 16\n"
            "lineward.yaml:4:1: `transport`: `kafak` is none of kafka, embedded (nearest: "
            "`kafka`)");
}

TEST_F(OptionTableTest, RefusesARepeatedKey) {
  EXPECT_THAT(Load("gate: {loops: 1}\ngate: {loops: 2}\n"), HasSubstr("lineward.yaml:2:1"));
}

TEST_F(OptionTableTest, RefusesAnUnknownKeyInsideAnItem) {
  EXPECT_THAT(Load("gate: {sources: [{topc: a}]}\n"),
              HasSubstr("unknown option `gate.sources[0].topc` (nearest: `topic`)"));
}

TEST_F(OptionTableTest, FlagBeatsEnvironmentBeatsFileBeatsDefault) {
  const std::vector<Setting> environment = {{"LINEWARD_GATE__LOOPS", "3"},
                                            {"LINEWARD_GATE__COMMIT_INTERVAL", "30ms"}};
  EXPECT_EQ(Load("gate: {loops: 2, commit_interval: 20ms}\nkafka: {create_topics: true}\n",
                 environment, {{"gate.loops", "4"}}),
            "");
  EXPECT_EQ(options_.loops, 4);
  EXPECT_EQ(options_.commit_interval, absl::Milliseconds(30));
  const std::string print = table_.Print(true);
  EXPECT_THAT(print, HasSubstr("gate.loops: 4  # flag gate.loops\n"));
  EXPECT_THAT(print, HasSubstr("gate.commit_interval: 30ms  # environment "
                               "LINEWARD_GATE__COMMIT_INTERVAL\n"));
  EXPECT_THAT(print, HasSubstr("kafka.create_topics: true  # file lineward.yaml:2\n"));
  EXPECT_THAT(print, HasSubstr("transport: kafka  # default\n"));
}

TEST_F(OptionTableTest, RefusesAnUnknownVariableButNotAReservedOne) {
  EXPECT_THAT(Load("", {{"LINEWARD_GATE__LOPS", "3"}}),
              HasSubstr("nearest: `LINEWARD_GATE__LOOPS`"));
  EXPECT_EQ(Load("", {{"LINEWARD_ENDPOINT", "http://127.0.0.1"}}), "");
}

TEST_F(OptionTableTest, TakesListsFromTheEnvironment) {
  EXPECT_EQ(Load("", {{"LINEWARD_KAFKA__BROKERS", "a:1,b:2"}}), "");
  EXPECT_EQ(options_.brokers, (std::vector<std::string>{"a:1", "b:2"}));
  EXPECT_EQ(Load("", {{"LINEWARD_KAFKA__BROKERS__0", "c:3"}}), "");
  EXPECT_EQ(options_.brokers, (std::vector<std::string>{"c:3"}));
}

TEST_F(OptionTableTest, ReadsASecretFromAFileOfItsOwnerOnly) {
  const std::string path = folder_ / "tenant-key";
  std::ofstream(path) << "hush\n";
  ASSERT_EQ(chmod(path.c_str(), 0400), 0);
  EXPECT_EQ(Load("keys: {tenant: {file: tenant-key}}\n"), "");
  EXPECT_EQ(options_.tenant.value, "hush");
  EXPECT_THAT(table_.Print(true), HasSubstr("keys.tenant: ***"));
  ASSERT_EQ(chmod(path.c_str(), 0444), 0);
  EXPECT_THAT(Load("keys: {tenant: {file: tenant-key}}\n"), HasSubstr("may be read by others"));
}

TEST_F(OptionTableTest, RefusesALiteralSecret) {
  EXPECT_THAT(Load("keys: {tenant: hush}\n"), HasSubstr("`keys.tenant` is a secret"));
}

TEST_F(OptionTableTest, EverySingleCharacterTypoOfAKeyNamesTheKey) {
  for (const std::string& key : table_.Keys()) {
    for (size_t i = 0; i < key.size(); ++i) {
      std::string typo = key;
      if (typo[i] == '.') continue;
      typo[i] = 'q';
      EXPECT_THAT(Load("", {}, {{typo, "1"}}), HasSubstr("`" + key + "`")) << typo;
    }
  }
}

TEST_F(OptionTableTest, SchemaIsJsonThatNestsTheGroups) {
  const auto schema = document::ParseJson(table_.JsonSchema());
  ASSERT_TRUE(schema.ok()) << schema.status();
  const auto* gate = schema->Find("properties")->Find("gate");
  ASSERT_NE(gate, nullptr);
  EXPECT_EQ(gate->Find("properties")->Find("loops")->Find("type")->AsText(), "integer");
}

TEST_F(OptionTableTest, TheDefaultFileUncommentedLoadsToTheDefaults) {
  std::string yaml;
  std::istringstream lines(table_.DefaultFile());
  for (std::string line; std::getline(lines, line);) {
    const size_t mark = line.find("# ");
    ASSERT_NE(mark, std::string::npos) << line;
    yaml += line.substr(0, mark) + line.substr(mark + 2) + "\n";
  }
  const std::string path = folder_ / "NAME";
  std::ofstream(path) << "hush";
  ASSERT_EQ(chmod(path.c_str(), 0400), 0);
  EXPECT_EQ(Load(yaml), "") << yaml;
  EXPECT_EQ(options_.commit_interval, absl::Milliseconds(50));
  EXPECT_THAT(yaml, HasSubstr("commit_interval: 50ms"));
  EXPECT_THAT(table_.Docs(), HasSubstr("| `gate.sources[].max_bytes` | size | `256KiB` |"));
}

}  // namespace
}  // namespace lineward::config
