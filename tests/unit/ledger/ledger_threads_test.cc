// Queries while blocks come in and segments are sealed.

#include <gtest/gtest.h>

#include <atomic>
#include <thread>

#include "lineward/ledger/ledger.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/ledger/world.h"

namespace lineward::ledger {
namespace {

TEST(LedgerThreads, AnswersUnderIngestAreWholeBlocksInOrder) {
  World world(1);
  for (int i = 0; i < 150; ++i) world.AddBlock(world.Pick(40));
  support::TempDir folder;
  support::ManualClock clock;
  LedgerOptions options = SmallLedger(folder / "ledger");
  options.segment_rows = 200;
  LedgerDeps deps;
  deps.clock = &clock;
  auto ledger = std::move(*Ledger::Open(options, deps));
  std::map<std::pair<int32_t, uint64_t>, uint32_t> rows_of;
  std::map<int32_t, uint64_t> entries;
  for (const Message& message : world.messages) {
    rows_of[{message.partition, ++entries[message.partition]}] = message.header.rows;
  }

  std::atomic<bool> is_done = false;
  std::jthread reader([&] {
    do {
      ListRequest request;
      request.page_size = kPageRowsMax;
      std::map<std::pair<int32_t, uint64_t>, uint32_t> seen;
      uint64_t last_count = 0;
      while (true) {
        const auto page = ledger->List(request);
        ASSERT_TRUE(page.ok()) << page.status();
        for (const auto& found : page->decisions) ++seen[{found.log_partition, found.log_entry}];
        if (!page->next) break;
        request.after = page->next;
      }
      for (const auto& [entry, rows] : seen) EXPECT_EQ(rows, rows_of[entry]);
      const auto count = ledger->Count(ByOutcome());
      ASSERT_TRUE(count.ok()) << count.status();
      EXPECT_GE(count->rows, last_count);
      last_count = count->rows;
    } while (!is_done);
  });
  for (const ResumePoint& point : ledger->Resume()) {
    ASSERT_TRUE(ledger->Begin(point.partition, 0).ok());
  }
  for (const Message& message : world.messages) {
    ASSERT_TRUE(ledger->Fold(message.partition, message.offset, message.value).ok());
    ASSERT_TRUE(ledger->Publish().ok());
  }
  ASSERT_TRUE(ledger->SealAll().ok());
  is_done = true;
  reader.join();
  EXPECT_EQ(ledger->Count(ByOutcome())->rows, world.rows.size());
}

TEST(LedgerThreads, WatchWakesUpWhenARowComes) {
  World world(1);
  const Message message = world.AddBlockOf({"k1", "promotions", 0}, 3);
  support::TempDir folder;
  auto ledger = std::move(*Ledger::Open(SmallLedger(folder / "ledger"), {}));
  ASSERT_TRUE(ledger->Begin(0, 0).ok());
  ASSERT_TRUE(ledger->Publish().ok());
  const auto cursor = ledger->WatchFrom(absl::FromUnixMillis(kWorldStartMs));
  ASSERT_TRUE(cursor.ok());
  absl::StatusOr<WatchBatch> batch;
  std::jthread watcher([&] { batch = ledger->Watch(*cursor, "", 100, absl::Seconds(50)); });
  ASSERT_TRUE(ledger->Fold(0, 0, message.value).ok());
  ASSERT_TRUE(ledger->Publish().ok());
  watcher.join();
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(batch->decisions.size(), 3u);
}

}  // namespace
}  // namespace lineward::ledger
