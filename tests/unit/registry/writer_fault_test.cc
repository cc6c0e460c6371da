// A writer killed at any point of a write: what it acknowledged is there once, what it is asked
// again is answered as before, and its view is that of the log.

#include <gtest/gtest.h>

#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "tests/support/child_test.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/registry/embedded_world.h"

namespace lineward::registry {
namespace {

constexpr int kWrites = 12;

std::unique_ptr<EmbeddedNode> NodeAt(const std::string& folder) {
  auto storage = stream::OpenDiskStorage(folder + "/log");
  EXPECT_TRUE(storage.ok()) << storage.status();
  auto transport = stream::OpenEmbedded(*std::move(storage), {});
  EXPECT_TRUE(transport.ok()) << transport.status();
  return EmbeddedNode::Start(*std::move(transport), {.data_dir = folder + "/view",
                                                     .instance_id = "a",
                                                     .address = "",
                                                     .require_signatures = false});
}

std::string Item(int number) {
  const std::string n = std::to_string(number);
  return R"({"kind":"DATASET","name":"d)" + n + R"("},{"kind":"RUN","id":"r)" + n +
         R"(","job":"shop/train","writes":["default/d)" + n + R"("]})";
}

// Asks for all writes; each answer is one line of the file `acknowledged`.
void WriteAll(EmbeddedNode* node, const std::string& folder) {
  ASSERT_TRUE(node->Publish(Set()).ok());
  std::ofstream out(folder + "/acknowledged", std::ios::app);
  for (int i = 0; i < kWrites; ++i) {
    const auto answer = node->Register(Item(i), "id-" + std::to_string(i));
    ASSERT_TRUE(answer.ok()) << answer.status();
    out << i << ' ' << answer->body << std::endl;
  }
}

TEST(WriterChild, DISABLED_Writes) {
  const std::string folder = std::getenv("LINEWARD_TEST_PATH");
  auto node = NodeAt(folder);
  WriteAll(node.get(), folder);
}

class WriterFaultTest : public testing::Test {
 protected:
  void SetUp() override {
#ifndef LINEWARD_FAULT_POINTS
    GTEST_SKIP() << "built without fault points";
#endif
  }
  support::ChildResult Run(const std::string& fault) {
    return support::RunChildTest(
        "WriterChild.DISABLED_Writes",
        {{"LINEWARD_TEST_PATH", folder_->path().string()}, {"LINEWARD_FAULT", fault}});
  }
  std::map<int, std::string> Acknowledged() const {
    std::map<int, std::string> lines;
    std::ifstream in(*folder_ / "acknowledged");
    int number = 0;
    std::string body;
    while (in >> number && in.ignore() && std::getline(in, body)) lines[number] = body;
    return lines;
  }

  std::unique_ptr<support::TempDir> folder_;
};

TEST_F(WriterFaultTest, KilledAnywhereNoAcknowledgedWriteIsLostOrDoubled) {
  folder_ = std::make_unique<support::TempDir>();
  auto undisturbed = NodeAt(folder_->path().string());
  WriteAll(undisturbed.get(), folder_->path().string());
  const uint64_t seq = undisturbed->registry->Seq();
  const std::string digest = undisturbed->registry->StateDigest();
  undisturbed.reset();
  for (const char* fault :
       {"txn.after_first_send:4:kill", "store.write:20:kill", "txn.before_commit:5:kill",
        "txn.after_commit:7:kill", "registry.view.before:6:kill", "registry.view.after:8:kill"}) {
    folder_ = std::make_unique<support::TempDir>();
    EXPECT_EQ(Run(fault).signal, SIGKILL) << fault;
    const std::map<int, std::string> before = Acknowledged();
    EXPECT_LT(before.size(), static_cast<size_t>(kWrites)) << fault;
    auto node = NodeAt(folder_->path().string());
    WriteAll(node.get(), folder_->path().string());
    for (const auto& [number, body] : before) {
      EXPECT_EQ(Acknowledged()[number], body) << fault << ": write " << number;
    }
    EXPECT_EQ(node->registry->Seq(), seq) << fault;
    EXPECT_EQ(node->registry->StateDigest(), digest) << fault;
    node.reset();
    std::filesystem::remove_all(*folder_ / "view");
    auto rebuilt = NodeAt(folder_->path().string());
    ASSERT_TRUE(rebuilt->registry->WaitSeq(seq, absl::Seconds(30)).ok()) << fault;
    EXPECT_EQ(rebuilt->registry->StateDigest(), digest) << fault;
  }
}

// Without request ids nothing tells a repeat from a new write but its content: the counter-example
// to the count of facts above.
TEST_F(WriterFaultTest, AnotherRequestIdIsAnotherFact) {
  folder_ = std::make_unique<support::TempDir>();
  auto node = NodeAt(folder_->path().string());
  ASSERT_TRUE(node->Publish(Set()).ok());
  ASSERT_TRUE(node->Register(Item(1), "one").ok());
  const uint64_t once = node->registry->Seq();
  ASSERT_TRUE(node->Register(Item(1), "one").ok());
  EXPECT_EQ(node->registry->Seq(), once);
  ASSERT_TRUE(node->Register(Item(1), "two").ok());
  EXPECT_EQ(node->registry->Seq(), once + 1);
}

}  // namespace
}  // namespace lineward::registry
