// Each answer against a naive scan of what went in: hot, stored, and half of each.

#include <gtest/gtest.h>

#include <map>
#include <set>

#include "lineward/base/status.h"
#include "lineward/ledger/ledger.h"
#include "lineward/ledger/reasons.h"
#include "tests/support/seed.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/ledger/random_queries.h"
#include "tests/unit/ledger/world.h"

namespace lineward::ledger {
namespace {

class LedgerQueriesTest : public testing::Test {
 protected:
  LedgerQueriesTest() : world_(support::Seed()), queries_(support::Seed()) {
    for (int i = 0; i < 80; ++i) world_.AddBlock(world_.Pick(30), world_.Pick(8) == 0 ? 2 : 0);
  }
  void Open(LedgerOptions options) {
    LedgerDeps deps;
    deps.clock = &clock_;
    auto ledger = Ledger::Open(std::move(options), deps);
    ASSERT_TRUE(ledger.ok()) << ledger.status();
    ledger_ = std::move(*ledger);
  }
  void OpenAndFold(uint32_t segment_rows) {
    LedgerOptions options = SmallLedger(folder_ / "ledger");
    options.segment_rows = segment_rows;
    Open(std::move(options));
    ASSERT_TRUE(FoldAll(*ledger_, world_).ok());
  }
  std::vector<std::string> Naive(const RowTest& matches) const {
    std::vector<PlainRow> rows;
    std::copy_if(world_.rows.begin(), world_.rows.end(), std::back_inserter(rows), matches);
    std::sort(rows.begin(), rows.end(), IsBefore);
    std::vector<std::string> ids;
    for (const PlainRow& row : rows) ids.push_back(row.Id());
    return ids;
  }
  // All pages of a list.
  std::vector<std::string> Ids(ListRequest request) const {
    request.may_read_subject = true;
    std::vector<std::string> ids;
    for (int pages = 0; pages < 10'000; ++pages) {
      const auto page = ledger_->List(request);
      EXPECT_TRUE(page.ok()) << request.filter << ": " << page.status();
      if (!page.ok()) break;
      for (const auto& found : page->decisions) ids.push_back(PrintDecisionId(found.Id()));
      if (!page->next) break;
      request.after = page->next;
    }
    return ids;
  }
  void CompareAll(int filters) {
    for (int i = 0; i < filters; ++i) {
      const RandomFilter filter = queries_.Filter(3);
      ListRequest request;
      request.filter = filter.text;
      request.page_size = 1 + world_.Pick(60);
      EXPECT_EQ(Ids(request), Naive(filter.matches)) << filter.text;
      CountRequest count;
      count.filter = filter.text;
      count.may_read_subject = true;
      const auto answer = ledger_->Count(count);
      ASSERT_TRUE(answer.ok()) << answer.status();
      EXPECT_EQ(answer->rows, Naive(filter.matches).size()) << filter.text;
      EXPECT_FALSE(answer->at_least);
    }
  }

  support::TempDir folder_;
  support::ManualClock clock_;
  World world_;
  RandomQueries queries_;
  std::unique_ptr<Ledger> ledger_;
};

TEST_F(LedgerQueriesTest, ListsEqualANaiveScanWhileHot) {
  OpenAndFold(1'000'000);
  CompareAll(60);
}

TEST_F(LedgerQueriesTest, ListsEqualANaiveScanWhenStored) {
  OpenAndFold(150);
  ASSERT_TRUE(ledger_->SealAll().ok());
  EXPECT_GT(ledger_->Stats().segments, 3u);
  EXPECT_EQ(ledger_->Stats().hot_rows, 0u);
  CompareAll(60);
}

TEST_F(LedgerQueriesTest, ListsEqualANaiveScanAcrossSealAndReopening) {
  OpenAndFold(150);
  ASSERT_TRUE(ledger_->SealAll().ok());
  ledger_.reset();
  OpenAndFold(1'000'000);
  for (int i = 0; i < 20; ++i) world_.AddBlock(world_.Pick(30));
  ASSERT_TRUE(FoldAll(*ledger_, world_).ok());
  EXPECT_GT(ledger_->Stats().hot_rows, 0u);
  CompareAll(40);
}

TEST_F(LedgerQueriesTest, PagesNeitherShiftNorRepeatWhileRowsComeIn) {
  OpenAndFold(200);
  ListRequest request;
  request.page_size = 7;
  std::vector<std::string> ids;
  const std::vector<std::string> wanted = Naive([](const PlainRow&) { return true; });
  for (int pages = 0; pages < 1'000; ++pages) {
    const auto page = ledger_->List(request);
    ASSERT_TRUE(page.ok());
    for (const auto& found : page->decisions) ids.push_back(PrintDecisionId(found.Id()));
    if (!page->next) break;
    request.after = page->next;
    if (pages % 10 == 0) {
      world_.AddBlock(5);
      ASSERT_TRUE(FoldAll(*ledger_, world_).ok());
    }
  }
  EXPECT_EQ(ids, wanted);
}

TEST_F(LedgerQueriesTest, ScanBudgetEndsAPageEarlyAndLosesNothing) {
  LedgerOptions options = SmallLedger(folder_ / "ledger");
  options.segment_rows = 150;
  options.query_blocks = 3;
  Open(std::move(options));
  ASSERT_TRUE(FoldAll(*ledger_, world_).ok());
  ListRequest request;
  request.filter = "outcome = QUARANTINE";
  const auto page = ledger_->List(request);
  ASSERT_TRUE(page.ok());
  EXPECT_TRUE(page->next.has_value());
  EXPECT_LE(page->meta.scanned_blocks, 3u);
  EXPECT_EQ(Ids(request), Naive([](const PlainRow& row) { return row.outcome == "QUARANTINE"; }));
}

TEST_F(LedgerQueriesTest, RangeIsHalfOpen) {
  OpenAndFold(150);
  const int64_t from = world_.rows[world_.rows.size() / 3].time_ms;
  const int64_t until = world_.rows[world_.rows.size() / 2].time_ms;
  ListRequest request;
  request.from = absl::FromUnixMillis(from);
  request.until = absl::FromUnixMillis(until);
  const auto wanted =
      Naive([&](const PlainRow& row) { return row.time_ms >= from && row.time_ms < until; });
  EXPECT_FALSE(wanted.empty());
  EXPECT_EQ(Ids(request), wanted);
  CountRequest count;
  count.by = {Facet::kOutcome};
  count.from = request.from;
  count.until = request.until;
  EXPECT_EQ(ledger_->Count(count)->rows, wanted.size());
}

TEST_F(LedgerQueriesTest, CountsEqualANaiveCount) {
  OpenAndFold(150);
  const std::vector<std::vector<Facet>> facets = {{Facet::kOutcome},
                                                  {Facet::kReason},
                                                  {Facet::kRule},
                                                  {Facet::kModel},
                                                  {Facet::kModelVersion},
                                                  {Facet::kPurpose},
                                                  {Facet::kTopic},
                                                  {Facet::kSurface},
                                                  {Facet::kJurisdiction},
                                                  {Facet::kMode},
                                                  {Facet::kHour},
                                                  {Facet::kDay},
                                                  {Facet::kOutcome, Facet::kReason},
                                                  {Facet::kRule, Facet::kOutcome},
                                                  {Facet::kModel, Facet::kOutcome},
                                                  {Facet::kModelVersion, Facet::kSurface},
                                                  {Facet::kDay, Facet::kOutcome}};
  for (const bool is_stored : {false, true}) {
    if (is_stored) {
      ASSERT_TRUE(ledger_->SealAll().ok());
    }
    for (const auto& by : facets) {
      std::map<std::vector<std::string>, uint64_t> wanted;
      for (const PlainRow& row : world_.rows) {
        for (const auto& first : LabelsOf(by[0], row)) {
          if (by.size() == 1) {
            ++wanted[{first}];
            continue;
          }
          for (const auto& second : LabelsOf(by[1], row)) ++wanted[{first, second}];
        }
      }
      CountRequest request;
      request.by = by;
      const auto answer = ledger_->Count(request);
      ASSERT_TRUE(answer.ok()) << answer.status();
      std::map<std::vector<std::string>, uint64_t> found;
      for (const CountLine& line : answer->lines) found[line.values] = line.count;
      EXPECT_EQ(found, wanted) << FacetName(by[0]) << (is_stored ? " stored" : " hot");
      EXPECT_EQ(answer->rows, world_.rows.size());
      EXPECT_TRUE(
          std::is_sorted(answer->lines.begin(), answer->lines.end(),
                         [](const CountLine& a, const CountLine& b) { return a.count > b.count; }));
    }
  }
}

TEST_F(LedgerQueriesTest, CountBeyondItsBudgetSaysAtLeastAndAtMost) {
  LedgerOptions options = SmallLedger(folder_ / "ledger");
  options.segment_rows = 150;
  options.query_blocks = 5;
  Open(std::move(options));
  ASSERT_TRUE(FoldAll(*ledger_, world_).ok());
  CountRequest request;
  request.filter = "surface != nowhere";
  const auto answer = ledger_->Count(request);
  ASSERT_TRUE(answer.ok());
  EXPECT_TRUE(answer->at_least);
  EXPECT_LT(answer->rows, world_.rows.size());
  EXPECT_GE(answer->rows_at_most, world_.rows.size());
}

TEST_F(LedgerQueriesTest, GetFindsEachRowHotAndStored) {
  OpenAndFold(150);
  for (const bool is_stored : {false, true}) {
    if (is_stored) {
      ASSERT_TRUE(ledger_->SealAll().ok());
    }
    for (const PlainRow& row : world_.rows) {
      const auto answer = ledger_->Get(*ParseDecisionId(row.Id()));
      ASSERT_TRUE(answer.ok()) << row.Id() << ": " << answer.status();
      EXPECT_EQ(answer->decision.row.offset, row.offset);
      EXPECT_EQ(answer->decision.row.model.version, row.version);
      EXPECT_EQ(answer->decision.header->decision_time_ms, row.time_ms);
      EXPECT_EQ(answer->proof_state, "UNSIGNED");
    }
  }
}

TEST_F(LedgerQueriesTest, AbsenceHasItsCause) {
  World world(1);
  world.AddBlockOf({"k1", "promotions", 0}, 5);
  world.AddBlockOf({"k1", "promotions", 0}, 5, /*gap=*/3);
  Open(SmallLedger(folder_ / "other"));
  ASSERT_TRUE(FoldAll(*ledger_, world).ok());
  const auto reason = [&](std::string_view id) {
    return base::ReasonOf(ledger_->Get(*ParseDecisionId(id)).status());
  };
  EXPECT_EQ(reason("promotions-0-4"), "");
  EXPECT_EQ(reason("promotions-0-6"), kDecisionNotFound);
  EXPECT_EQ(reason("promotions-0-13"), kDecisionNotYetVisible);
  EXPECT_EQ(reason("promotions-1-0"), kDecisionNotFound);
  EXPECT_EQ(reason("e2~promotions-0-4"), kDecisionNotFound);
  ASSERT_TRUE(ledger_->SealAll().ok());
  EXPECT_EQ(reason("promotions-0-6"), kDecisionNotFound);
  EXPECT_EQ(reason("promotions-0-12"), "");
}

TEST_F(LedgerQueriesTest, WatchGivesEachRowOnce) {
  OpenAndFold(150);
  const int64_t since = world_.rows[world_.rows.size() / 2].time_ms;
  auto cursor = ledger_->WatchFrom(absl::FromUnixMillis(since));
  ASSERT_TRUE(cursor.ok());
  std::multiset<std::string> seen;
  const auto drain = [&] {
    while (true) {
      const auto batch = ledger_->Watch(*cursor, "outcome = BLOCK", 10'000, absl::ZeroDuration());
      ASSERT_TRUE(batch.ok()) << batch.status();
      EXPECT_EQ(batch->dropped, 0u);
      if (batch->decisions.empty()) break;
      for (const auto& found : batch->decisions) seen.insert(PrintDecisionId(found.Id()));
      *cursor = batch->cursor;
    }
  };
  drain();
  world_.AddBlock(20);
  ASSERT_TRUE(FoldAll(*ledger_, world_).ok());
  drain();
  const auto wanted =
      Naive([&](const PlainRow& row) { return row.outcome == "BLOCK" && row.time_ms >= since; });
  EXPECT_EQ(seen, std::multiset<std::string>(wanted.begin(), wanted.end()));
}

TEST_F(LedgerQueriesTest, WatchCountsWhatItDrops) {
  OpenAndFold(150);
  const auto cursor = ledger_->WatchFrom(absl::FromUnixMillis(kWorldStartMs));
  const auto batch = ledger_->Watch(*cursor, "", 10, absl::ZeroDuration());
  ASSERT_TRUE(batch.ok());
  EXPECT_EQ(batch->decisions.size(), 10u);
  EXPECT_EQ(batch->decisions.size() + batch->dropped, world_.rows.size());
}

TEST_F(LedgerQueriesTest, UnmaskOpensThePersonBehindADecision) {
  OpenAndFold(150);
  for (const PlainRow& row : world_.rows) {
    if (row.subject.empty()) continue;
    const auto opened = ledger_->Unmask(*ParseDecisionId(row.Id()));
    ASSERT_TRUE(opened.ok()) << opened.status();
    EXPECT_EQ(opened->subject, row.subject);
    return;
  }
}

TEST_F(LedgerQueriesTest, WithoutTheTenantKeyPeopleStaySealed) {
  LedgerOptions options = SmallLedger(folder_ / "ledger");
  options.tenant_key.clear();
  Open(std::move(options));
  ASSERT_TRUE(FoldAll(*ledger_, world_).ok());
  ListRequest request;
  request.filter = "subject = person-1";
  request.may_read_subject = true;
  EXPECT_EQ(base::ReasonOf(ledger_->List(request).status()), kKeyAbsent);
  EXPECT_EQ(base::ReasonOf(ledger_->Unmask({"promotions", 0, 0}).status()), kKeyAbsent);
}

TEST_F(LedgerQueriesTest, RefusesRequestsOutsideTheirLimits) {
  OpenAndFold(150);
  ListRequest list;
  list.page_size = 0;
  EXPECT_EQ(base::ReasonOf(ledger_->List(list).status()), kQueryInvalid);
  CountRequest count;
  count.by = {Facet::kOutcome, Facet::kReason, Facet::kRule};
  EXPECT_EQ(base::ReasonOf(ledger_->Count(count).status()), kQueryInvalid);
  count.by = {Facet::kOutcome, Facet::kOutcome};
  EXPECT_EQ(base::ReasonOf(ledger_->Count(count).status()), kQueryInvalid);
}

}  // namespace
}  // namespace lineward::ledger
