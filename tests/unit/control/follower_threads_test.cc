#include <absl/time/time.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "lineward/base/check.h"
#include "lineward/base/mutex.h"
#include "lineward/base/status.h"
#include "lineward/control/follower.h"
#include "lineward/stream/embedded.h"
#include "lineward/stream/reasons.h"
#include "tests/support/manual_clock.h"
#include "tests/support/memory_storage.h"
#include "tests/unit/control/control_fixture.h"

namespace lineward::control {
namespace {

using ::testing::HasSubstr;

constexpr absl::Duration kLong = absl::Seconds(20);

// Spins until `condition` holds; false after `kLong`.
bool Eventually(const std::function<bool()>& condition) {
  const auto until = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(kLong);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::yield();
  }
  return true;
}

// Four control topics whose records appear to readers only when the test says so. Any thread.
class SlowTopics {
 public:
  void Append(ControlTopic topic, std::string key, std::optional<std::string> value) {
    base::MutexLock lock(&mutex_);
    topics_[topic].records.push_back({std::move(key), std::move(value)});
  }
  void Append(ControlTopic topic, const std::vector<KeyValue>& records) {
    for (const KeyValue& record : records) Append(topic, record.first, record.second);
  }
  // Lets readers see the first `count` records of `topic`.
  void Show(ControlTopic topic, size_t count) {
    base::MutexLock lock(&mutex_);
    topics_[topic].shown = count;
  }
  void ShowAll() {
    base::MutexLock lock(&mutex_);
    for (auto& [topic, log] : topics_) log.shown = log.records.size();
  }
  void FailEnds(absl::Status status) {
    base::MutexLock lock(&mutex_);
    ends_ = std::move(status);
  }
  size_t Size(ControlTopic topic) {
    base::MutexLock lock(&mutex_);
    return topics_[topic].records.size();
  }

 private:
  friend class SlowReader;
  struct Log {
    std::vector<std::pair<std::string, std::optional<std::string>>> records;
    size_t shown = 0;
  };
  base::Mutex mutex_;
  std::map<ControlTopic, Log> topics_ LW_GUARDED_BY(mutex_);
  absl::Status ends_ LW_GUARDED_BY(mutex_);
};

class SlowReader final : public stream::PartitionReader {
 public:
  explicit SlowReader(SlowTopics* topics) : topics_(topics) {}

  absl::Status Assign(std::span<const stream::Position> positions) override {
    for (const stream::Position& position : positions) {
      next_[TopicOf(position.partition.topic)] =
          position.offset == stream::kLogStart ? 0 : static_cast<size_t>(position.offset);
    }
    return absl::OkStatus();
  }

  absl::StatusOr<stream::Polled> Poll(absl::Duration) override {
    std::this_thread::yield();
    records_.clear();
    events_.clear();
    held_.clear();
    base::MutexLock lock(&topics_->mutex_);
    for (auto& [topic, next] : next_) {
      const SlowTopics::Log& log = topics_->topics_[topic];
      for (; next < log.shown; ++next) {
        held_.push_back(log.records[next]);
        held_topics_.emplace_back(topic, next);
      }
    }
    for (size_t i = 0; i < held_.size(); ++i) {
      const auto [topic, offset] = held_topics_[held_topics_.size() - held_.size() + i];
      stream::RecordView record;
      record.topic = TopicName(topic);
      record.offset = static_cast<int64_t>(offset);
      record.key = held_[i].first;
      if (held_[i].second) record.value = *held_[i].second;
      records_.push_back(record);
    }
    return stream::Polled{.records = records_, .events = events_, .partitions = {}};
  }

  absl::StatusOr<std::vector<int64_t>> StartOffsets(
      std::span<const stream::TopicPartition> partitions) override {
    return std::vector<int64_t>(partitions.size(), 0);
  }

  absl::StatusOr<std::vector<int64_t>> EndOffsets(
      std::span<const stream::TopicPartition> partitions) override {
    base::MutexLock lock(&topics_->mutex_);
    if (!topics_->ends_.ok()) return topics_->ends_;
    std::vector<int64_t> ends;
    for (const stream::TopicPartition& partition : partitions) {
      ends.push_back(
          static_cast<int64_t>(topics_->topics_[TopicOf(partition.topic)].records.size()));
    }
    return ends;
  }

 private:
  static ControlTopic TopicOf(std::string_view name) {
    for (size_t i = 0; i < kControlTopics; ++i) {
      if (TopicName(static_cast<ControlTopic>(i)) == name) return static_cast<ControlTopic>(i);
    }
    LW_CHECK(false, "unknown topic `{}`", name);
    return ControlTopic::kRegistry;
  }

  SlowTopics* const topics_;
  std::map<ControlTopic, size_t> next_;
  std::vector<std::pair<std::string, std::optional<std::string>>> held_;
  std::vector<std::pair<ControlTopic, size_t>> held_topics_;
  std::vector<stream::RecordView> records_;
  std::vector<stream::PartitionEvent> events_;
};

// A transport that can open readers of `SlowTopics` alone.
class SlowTransport final : public stream::Transport {
 public:
  explicit SlowTransport(SlowTopics* topics) : topics_(topics) {}

  absl::StatusOr<std::string> LogId() override { return std::string("slow"); }
  absl::StatusOr<std::unique_ptr<stream::PartitionReader>> OpenReader(
      const stream::ReaderOptions&) override {
    return std::make_unique<SlowReader>(topics_);
  }
  absl::StatusOr<std::unique_ptr<stream::GroupConsumer>> OpenGroupConsumer(
      const stream::GroupOptions&) override {
    return absl::UnimplementedError("readers only");
  }
  absl::StatusOr<std::unique_ptr<stream::TransactionalProducer>> OpenTransactionalProducer(
      const stream::TransactionalOptions&) override {
    return absl::UnimplementedError("readers only");
  }
  absl::StatusOr<std::unique_ptr<stream::Producer>> OpenProducer(
      const stream::ProducerOptions&) override {
    return absl::UnimplementedError("readers only");
  }
  absl::StatusOr<std::unique_ptr<stream::TopicAdmin>> OpenAdmin() override {
    return absl::UnimplementedError("readers only");
  }

 private:
  SlowTopics* const topics_;
};

std::string Consent(std::string_view purpose, policy::ConsentChange change, int64_t at_us,
                    ConsentRecord record = {}) {
  FoldConsent({.subject = "",
               .purpose = std::string(purpose),
               .change = change,
               .effective_at_us = at_us,
               .taxonomy_version = 1,
               .request_id = ""},
              at_us, &record);
  return EncodeConsentRecord(record);
}

class FollowerTest : public ::testing::Test {
 protected:
  FollowerTest() : transport_(&topics_) {
    topics_.Append(ControlTopic::kPolicies, PolicyRecords(CanonicalSet(), 1));
    topics_.Append(ControlTopic::kRegistry,
                   {DatasetRecord("clicks", DatasetDeclaration(0, {"x-t:News"})),
                    ModelRecord(Model("ranker", 1, 1, {0, 1})), MarkRecord(1)});
    for (int i = 0; i < 20; ++i) {
      topics_.Append(ControlTopic::kConsent, ConsentKey("u-" + std::to_string(i)),
                     Consent("x-t:News", policy::ConsentChange::kGranted, kNowUs - kDayUs));
      topics_.Append(ControlTopic::kBreakers, "k", "later");
    }
  }

  void Start() {
    options_.clock = &clock_;
    auto started = Follower::Start(&transport_, options_, nullptr, telemetry::Logger());
    ASSERT_TRUE(started.ok()) << started.status();
    follower_ = *std::move(started);
  }

  bool HasConsent(const Pin& pin, std::string_view subject, std::string_view purpose) {
    const policy::ConsentFacts facts = pin.FindConsent(subject, kNowUs, kNowUs, &scratch_);
    return facts.granted.Has(*pin.Snapshot().Policies()->taxonomy().Purpose(purpose));
  }

  support::ManualClock clock_;
  SlowTopics topics_;
  SlowTransport transport_;
  FollowerOptions options_;
  ConsentScratch scratch_;
  std::unique_ptr<Follower> follower_;
};

TEST_F(FollowerTest, IsNotReadyBeforeEachTopicWasReadToItsEnd) {
  for (size_t slow = 0; slow < kControlTopics; ++slow) {
    const auto topic = static_cast<ControlTopic>(slow);
    const size_t size = topics_.Size(topic);
    topics_.ShowAll();
    topics_.Show(topic, size - 1);
    Start();
    const std::string cause =
        fmt::format("control barrier: {} {}/{}", TopicName(topic), size - 1, size);
    EXPECT_TRUE(Eventually([&] { return follower_->NotReadyCause() == cause; }))
        << follower_->NotReadyCause();
    EXPECT_FALSE(follower_->IsReady());
    topics_.Show(topic, size);
    EXPECT_TRUE(follower_->WaitReady(kLong)) << follower_->NotReadyCause();
    const Pin pin = follower_->TakePin();
    EXPECT_NE(pin.Snapshot().FindModel("ranker", "1"), nullptr);
    EXPECT_TRUE(HasConsent(pin, "u-19", "x-t:News"));
    EXPECT_EQ(pin.NextOffsets()[slow], static_cast<int64_t>(size));
  }
}

TEST_F(FollowerTest, WithoutAValidSetItIsNotReady) {
  topics_.ShowAll();
  topics_.Show(ControlTopic::kPolicies, 0);
  SlowTopics empty;
  SlowTransport transport(&empty);
  auto follower = *Follower::Start(&transport, {.clock = &clock_}, nullptr, telemetry::Logger());
  EXPECT_TRUE(Eventually([&] {
    return follower->NotReadyCause() == "no valid policy set on lineward.policies";
  })) << follower->NotReadyCause();
  EXPECT_FALSE(follower->WaitReady(absl::Milliseconds(1)));
  empty.Append(ControlTopic::kPolicies, PolicyRecords(CanonicalSet(), 1));
  empty.ShowAll();
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(follower->WaitReady(kLong));
}

TEST_F(FollowerTest, TooManyPeopleMakeItNotReady) {
  topics_.ShowAll();
  options_.consent_subjects_max = 19;
  Start();
  EXPECT_TRUE(Eventually([&] {
    return follower_->NotReadyCause() == "consent of 20 people, at most 19";
  })) << follower_->NotReadyCause();
}

TEST_F(FollowerTest, AnUnreachableLogIsWaitedFor) {
  topics_.FailEnds(base::Unavailable(stream::kBrokerUnavailable, "all brokers are down"));
  topics_.ShowAll();
  Start();
  EXPECT_TRUE(Eventually([&] {
    return follower_->NotReadyCause().find("all brokers are down") != std::string::npos;
  }));
  EXPECT_EQ(follower_->LastError().code(), absl::StatusCode::kUnavailable);
  topics_.FailEnds(absl::OkStatus());
  EXPECT_TRUE(follower_->WaitReady(kLong));
  EXPECT_TRUE(follower_->LastError().ok());
}

TEST_F(FollowerTest, APinIsOneStateUntilItIsReleased) {
  topics_.ShowAll();
  Start();
  ASSERT_TRUE(follower_->WaitReady(kLong));
  Pin pin = follower_->TakePin();
  EXPECT_TRUE(HasConsent(pin, "u-1", "x-t:Sports")) << "what lies below is granted too";
  EXPECT_FALSE(HasConsent(pin, "u-1", "x-t:Ads"));
  EXPECT_FALSE(HasConsent(pin, "nobody", "x-t:News"));

  topics_.Append(ControlTopic::kConsent, ConsentKey("u-1"),
                 Consent("x-t:News", policy::ConsentChange::kWithdrawn, kNowUs - 1));
  topics_.Append(ControlTopic::kRegistry,
                 {DatasetRecord("clicks", DatasetDeclaration(0, {"x-t:Ads"})), MarkRecord(2)});
  topics_.ShowAll();
  EXPECT_TRUE(HasConsent(pin, "u-1", "x-t:News"));
  EXPECT_EQ(pin.NextOffsets()[2], 20);
  EXPECT_EQ(pin.Snapshot().RegistrySeq(), 1u);
  pin.Release();
  EXPECT_FALSE(static_cast<bool>(pin));

  clock_.Advance(options_.snapshot_interval);
  EXPECT_TRUE(follower_->WaitRegistrySeq(2, kLong));
  EXPECT_TRUE(Eventually([&] { return follower_->TakePin().NextOffsets()[2] == 21; }));
  EXPECT_FALSE(HasConsent(follower_->TakePin(), "u-1", "x-t:News"));
  EXPECT_TRUE(HasConsent(follower_->TakePin(), "u-2", "x-t:News"));
}

TEST_F(FollowerTest, ADeletedConsentIsForgottenAndAnErasedPersonIsMarked) {
  topics_.Append(ControlTopic::kConsent, ConsentKey("u-1"), std::nullopt);
  topics_.Append(
      ControlTopic::kConsent, ConsentKey("u-2"),
      EncodeConsentRecord({.purposes = {}, .reaches_back_to_us = {}, .is_erased = true}));
  ConsentRecord late;
  late.reaches_back_to_us = kNowUs + 1;
  topics_.Append(ControlTopic::kConsent, ConsentKey("u-3"),
                 Consent("x-t:News", policy::ConsentChange::kGranted, kNowUs - 1, late));
  topics_.ShowAll();
  Start();
  ASSERT_TRUE(follower_->WaitReady(kLong));
  const Pin pin = follower_->TakePin();
  EXPECT_FALSE(HasConsent(pin, "u-1", "x-t:News"));
  EXPECT_TRUE(pin.FindConsent("u-2", kNowUs, kNowUs, &scratch_).is_erased);
  EXPECT_TRUE(pin.FindConsent("u-3", kNowUs, kNowUs, &scratch_).is_before_record);
  EXPECT_FALSE(pin.FindConsent("u-3", kNowUs + 1, kNowUs + 1, &scratch_).is_before_record);
  EXPECT_EQ(pin.FindConsent("u-3", kNowUs, kNowUs, &scratch_).snapshot, 23u);
}

TEST_F(FollowerTest, AgesGrowWhileTheEndsAreUnknownAndFallWhenTheyAreReached) {
  topics_.ShowAll();
  Start();
  ASSERT_TRUE(follower_->WaitReady(kLong));
  EXPECT_EQ(follower_->TakePin().ConsentAgeMs(), 0);
  topics_.FailEnds(base::Unavailable(stream::kBrokerUnavailable, "all brokers are down"));
  clock_.Advance(absl::Seconds(30));
  {
    const Pin pin = follower_->TakePin();
    EXPECT_EQ(pin.ConsentAgeMs(), 30'000);
    EXPECT_EQ(pin.OldestOtherAgeMs(), 30'000);
    EXPECT_FALSE(pin.is_control_stale());
    EXPECT_EQ(pin.FindConsent("u-1", kNowUs, kNowUs, &scratch_).age_ms, 30'000);
  }
  clock_.Advance(absl::Milliseconds(1));
  EXPECT_TRUE(follower_->TakePin().is_control_stale());
  EXPECT_TRUE(follower_->IsReady()) << "stale is the decision's matter, not readiness";
  topics_.FailEnds(absl::OkStatus());
  EXPECT_TRUE(Eventually([&] { return !follower_->TakePin().is_control_stale(); }));
}

// One topic behind its known end ages; the others stay fresh.
TEST_F(FollowerTest, ATopicThatIsBehindAges) {
  topics_.ShowAll();
  Start();
  ASSERT_TRUE(follower_->WaitReady(kLong));
  topics_.Append(ControlTopic::kBreakers, "k", "unseen");
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Eventually([&] { return follower_->TakePin().ConsentAgeMs() == 0; }));
  clock_.Advance(absl::Seconds(40));
  EXPECT_TRUE(follower_->TakePin().is_control_stale());
  EXPECT_TRUE(Eventually([&] { return follower_->TakePin().ConsentAgeMs() == 0; }));
  EXPECT_TRUE(follower_->TakePin().is_control_stale()) << "still behind";
  topics_.ShowAll();
  EXPECT_TRUE(Eventually([&] { return follower_->TakePin().OldestOtherAgeMs() == 40'000; }))
      << "fresh as of the end that was asked for then";
  clock_.Advance(absl::Seconds(1));
  EXPECT_TRUE(Eventually([&] { return follower_->TakePin().OldestOtherAgeMs() == 0; }));
}

TEST_F(FollowerTest, WhatIsPublishedWhileItRunsComesIntoForce) {
  topics_.ShowAll();
  Start();
  ASSERT_TRUE(follower_->WaitReady(kLong));
  const std::string next = CanonicalSet("rivals");
  topics_.Append(ControlTopic::kPolicies, PolicyRecords(next, 2));
  topics_.ShowAll();
  clock_.Advance(options_.snapshot_interval);
  EXPECT_TRUE(
      Eventually([&] { return follower_->Snapshot()->PolicySetId() == policy::SetId(next); }));
  topics_.Append(ControlTopic::kPolicies, std::string(kHeadKey), std::nullopt);
  topics_.ShowAll();
  clock_.Advance(options_.snapshot_interval);
  EXPECT_TRUE(Eventually([&] { return follower_->Snapshot()->is_engine_unavailable(); }));
  EXPECT_TRUE(follower_->IsReady());
}

// The same on the embedded log: compacted topics, transactions, markers behind the last record.
TEST(FollowerOnEmbedded, ReadsWhatTheWriterCommitted) {
  support::ManualClock clock;
  support::MemoryDisk disk;
  auto transport = *stream::OpenEmbedded(disk.Open(), {.clock = &clock});
  ASSERT_TRUE((*transport->OpenAdmin())->Create(stream::OwnTopics()).ok());
  auto writer = *transport->OpenTransactionalProducer({.transactional_id = "lineward-registry"});
  ASSERT_TRUE(writer->Init().ok());
  const auto commit = [&](std::string_view topic, const std::vector<KeyValue>& records) {
    ASSERT_TRUE(writer->Begin().ok());
    for (const KeyValue& record : records) {
      ASSERT_TRUE(
          writer
              ->Send({.topic = topic, .partition = 0, .key = record.first, .value = record.second})
              .ok());
    }
    ASSERT_TRUE(writer->Commit().ok());
  };
  commit("lineward.registry", {DatasetRecord("clicks", DatasetDeclaration(0, {"x-t:Ads"})),
                               ModelRecord(Model("ranker", 1, 1, {0, 1})), MarkRecord(1)});
  commit("lineward.registry",
         {DatasetRecord("clicks", DatasetDeclaration(0, {"x-t:News"})), MarkRecord(2)});
  commit("lineward.policies", PolicyRecords(CanonicalSet(), 1));
  commit(
      "lineward.consent",
      {{ConsentKey("u"), Consent("x-t:News", policy::ConsentChange::kGranted, kNowUs - kDayUs)}});

  auto follower =
      *Follower::Start(transport.get(), {.clock = &clock}, nullptr, telemetry::Logger());
  ASSERT_TRUE(follower->WaitReady(kLong)) << follower->NotReadyCause();
  ConsentScratch scratch;
  const Pin pin = follower->TakePin();
  const policy::Taxonomy& taxonomy = pin.Snapshot().Policies()->taxonomy();
  EXPECT_EQ(pin.Snapshot().RegistrySeq(), 2u);
  EXPECT_TRUE(pin.Snapshot()
                  .FindModel("ranker", "1")
                  ->facts.lineage.allowed.Has(*taxonomy.Purpose("x-t:News")));
  EXPECT_TRUE(
      pin.FindConsent("u", kNowUs, kNowUs, &scratch).granted.Has(*taxonomy.Purpose("x-t:News")));
}

}  // namespace
}  // namespace lineward::control
