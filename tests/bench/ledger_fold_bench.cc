// Cost of folding a decision, beside a ledger that writes each row with three index keys through a
// WriteBatch and a WAL, in one run; then look-ups. Ledger design, 13.6 and 13.13. Prints JSON
// lines; exit 1 above the goal.
//   bench_ledger_fold [--rows 1000000] [--rows-per-block 1024] [--folder DIR]

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "lineward/base/bytes.h"
#include "lineward/base/check.h"
#include "lineward/base/hash.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/decision/block.h"
#include "lineward/ledger/ledger.h"
#include "lineward/store/db.h"

namespace lineward::ledger {
namespace {

constexpr double kRatioMax = 0.30;
constexpr int64_t kStartMs = 1'772'366'400'000;
const std::string kKey(32, 'k');

double CpuSeconds() {
  rusage usage = {};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double WallSeconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

struct Message {
  int32_t partition = 0;
  std::string value;
};

// Mix R1 in small: answers of about six items share a trace, 16 sources, random event ids.
class Mix {
 public:
  explicit Mix(uint32_t rows_per_block) : rows_per_block_(rows_per_block) {}

  Message Next() {
    const auto partition = static_cast<uint32_t>(blocks_++ % 16);
    const decision::SourceName source{"k1", "promotions", partition};
    decision::FragmentTable fragments;
    decision::BlockBuilder builder(&fragments);
    decision::BlockContext context;
    context.source = source;
    context.first = next_[partition];
    context.decision_time_ms = kStartMs + static_cast<int64_t>(blocks_) * 20;
    context.run.seat = "lineward.gate.a.0";
    context.run.software = "0.1.0";
    context.personal_ids = false;
    builder.Open(context);
    for (uint32_t i = 0; i < rows_per_block_; ++i) AddRow(&fragments, &builder);
    decision::TenantSealer sealer({kKey, 1, source, 100'000});
    sealer.SetTime(context.decision_time_ms);
    auto sealed = builder.Seal(sealer);
    next_[partition] = sealed.header.next;
    return {static_cast<int32_t>(partition), std::move(sealed.bytes)};
  }
  const std::vector<std::string>& event_ids() const { return event_ids_; }

 private:
  void AddRow(decision::FragmentTable* fragments, decision::BlockBuilder* builder) {
    const auto intern = [&](const auto& fields, auto append) {
      std::string bytes;
      append(fields, &bytes);
      return fragments->Intern(bytes);
    };
    decision::VerdictFields verdict;
    const uint64_t kind = random_() % 100;
    verdict.binding = "home-feed";
    std::string rule = "rec/r" + std::to_string(random_() % 42);
    if (kind < 97) {
      verdict.outcome = decision::Outcome::kAllow;
      verdict.route = decision::Route::kAllowed;
      verdict.reasons = {{0, decision::Outcome::kAllow, rule}};
      verdict.rules = {rule};
    } else {
      verdict.outcome = kind < 99 ? decision::Outcome::kQuarantine : decision::Outcome::kBlock;
      verdict.route = kind < 99 ? decision::Route::kQuarantined : decision::Route::kBlocked;
      verdict.reasons = {{300, verdict.outcome, ""}};
    }
    decision::ModelFields model;
    model.recommender = "shop";
    model.model = "ranker";
    const std::string version = std::to_string(random_() % 16);
    model.version = version;
    decision::PlaceFields place;
    const std::string surface = "surface-" + std::to_string(random_() % 8);
    place.surface = surface;
    place.schema = "json";
    decision::PurposeFields purpose;
    const std::string name = "dpv:Purpose" + std::to_string(random_() % 10);
    purpose.purpose = name;
    decision::WhereFields where;
    where.jurisdiction = random_() % 2 == 0 ? "DE" : "FR";
    if (random_() % 6 == 0) {
      for (auto& byte : trace_) byte = static_cast<uint8_t>(random_());
      person_ = "person-" + std::to_string(random_() % 1'000'000);
    }
    std::string id;
    base::AppendU64(&id, random_());
    base::AppendU64(&id, random_());
    id = base::ToHex(id);
    const std::string item = std::to_string(100'000'000 + random_() % 200'000);

    decision::RowFacts facts;
    facts.offset = builder->next();
    facts.route = verdict.route;
    facts.verdict = intern(verdict, decision::AppendVerdict);
    facts.model = intern(model, decision::AppendModel);
    facts.place = intern(place, decision::AppendPlace);
    facts.purpose = intern(purpose, decision::AppendPurpose);
    facts.where = intern(where, decision::AppendWhere);
    facts.event_time_us = kStartMs * 1'000 + static_cast<int64_t>(random_() % 1'000'000);
    facts.trace_id = trace_;
    facts.event_id = id;
    facts.item_id = item;
    facts.subject = person_;
    const absl::Status status = builder->Append(facts);
    LW_CHECK(status.ok(), "{}", base::MessageOf(status));
    if (event_ids_.size() < 2'000 && random_() % 97 == 0) event_ids_.push_back(id);
  }

  uint32_t rows_per_block_;
  uint64_t blocks_ = 0;
  std::mt19937_64 random_{42};
  std::map<uint32_t, uint64_t> next_;
  decision::Bytes16 trace_{};
  std::string person_ = "person-0";
  std::vector<std::string> event_ids_;
};

template <typename T>
T Must(absl::StatusOr<T> value) {
  LW_CHECK(value.ok(), "{}", base::MessageOf(value.status()));
  return std::move(*value);
}
void Must(const absl::Status& status) { LW_CHECK(status.ok(), "{}", base::MessageOf(status)); }

std::unique_ptr<Ledger> OpenLedger(const std::string& folder) {
  LedgerOptions options;
  options.data_dir = folder + "/ledger";
  options.log_id = "k1";
  options.query_time = absl::Seconds(60);
  options.min_free_bytes = 0;
  return Must(Ledger::Open(options, {}));
}

// The yardstick: one value and three index keys a row.
class WalLedger {
 public:
  explicit WalLedger(const std::string& folder) {
    store::DbOptions options;
    options.path = folder + "/wal";
    db_ = Must(store::Db::Open(options));
    rows_ = Must(db_->FindOrCreate("rows"));
    index_ = Must(db_->FindOrCreate("index"));
  }
  void Fold(const std::string& message) {
    const auto view = Must(decision::BlockView::Parse(message));
    Must(view.Verify());
    store::WriteBatch batch;
    std::string row;
    for (uint32_t i = 0; i < view.rows(); ++i) {
      std::string key = decision::SourceKey(view.header().source);
      base::AppendU64(&key, view.scan().offsets[i]);
      row.clear();
      view.AppendRow(i, &row);
      batch.Put(rows_, key, row);
      const auto& ident = view.ident();
      int dimension = 1;
      for (const auto value : {ident.event_ids[i], ident.item_ids[i], ident.trace_ids[i]}) {
        std::string term;
        base::AppendU8(&term, static_cast<uint8_t>(dimension++));
        base::AppendU64(&term, base::Xxh3(value));
        batch.Put(index_, term + key, "");
      }
    }
    Must(db_->Write(batch, /*sync=*/false));
  }

 private:
  std::unique_ptr<store::Db> db_;
  store::Family rows_;
  store::Family index_;
};

double Percentile(std::vector<double> times, double share) {
  std::sort(times.begin(), times.end());
  return times[static_cast<size_t>(static_cast<double>(times.size() - 1) * share)];
}

void LookUp(const Ledger& ledger, const Mix& mix, uint64_t rows) {
  std::mt19937_64 random(7);
  std::vector<double> by_id;
  std::vector<double> by_event;
  for (int i = 0; i < 2'000; ++i) {
    const double start = WallSeconds();
    const auto answer =
        ledger.Get({"promotions", static_cast<uint32_t>(random() % 16), random() % (rows / 16), 1});
    by_id.push_back(WallSeconds() - start);
    LW_CHECK(answer.ok() || absl::IsNotFound(answer.status()), "look-up failed");
  }
  for (size_t i = 0; i < std::min<size_t>(mix.event_ids().size(), 500); ++i) {
    ListRequest request;
    request.filter = "event_id = " + mix.event_ids()[i];
    const double start = WallSeconds();
    const auto page = Must(ledger.List(request));
    by_event.push_back(WallSeconds() - start);
    LW_CHECK(page.decisions.size() == 1, "{} rows of one event", page.decisions.size());
  }
  std::printf(
      "{\"bench\":\"ledger_look_up\",\"id_p50_us\":%.0f,\"id_p99_us\":%.0f,"
      "\"event_id_p50_us\":%.0f,\"event_id_p99_us\":%.0f}\n",
      Percentile(by_id, 0.5) * 1e6, Percentile(by_id, 0.99) * 1e6, Percentile(by_event, 0.5) * 1e6,
      Percentile(by_event, 0.99) * 1e6);
}

bool Run(uint64_t rows, uint32_t rows_per_block, const std::string& folder) {
  Mix mix(rows_per_block);
  const uint64_t blocks = rows / rows_per_block;
  auto ledger = OpenLedger(folder);
  for (const ResumePoint& point : ledger->Resume()) Must(ledger->Begin(point.partition, 0));
  WalLedger wal(folder);
  double fold_cpu = 0;
  double fold_wall = 0;
  double wal_cpu = 0;
  std::map<int32_t, int64_t> offsets;
  constexpr uint64_t kBatch = 64;
  for (uint64_t done = 0; done < blocks; done += kBatch) {
    std::vector<Message> batch;
    for (uint64_t i = done; i < std::min(blocks, done + kBatch); ++i) batch.push_back(mix.Next());
    double cpu = CpuSeconds();
    const double wall = WallSeconds();
    for (const Message& message : batch) {
      Must(ledger->Fold(message.partition, offsets[message.partition]++, message.value));
    }
    Must(ledger->Publish());
    // The sealing thread's work belongs to the fold.
    if (done + kBatch >= blocks || (done / kBatch) % 2 == 1) Must(ledger->SealAll());
    fold_cpu += CpuSeconds() - cpu;
    fold_wall += WallSeconds() - wall;
    cpu = CpuSeconds();
    for (const Message& message : batch) wal.Fold(message.value);
    wal_cpu += CpuSeconds() - cpu;
  }
  const auto total = static_cast<double>(blocks * rows_per_block);
  for (const ResumePoint& point : ledger->Resume()) ledger->NoteEnd(point.partition);
  Must(ledger->Publish());
  const LedgerStats stats = ledger->Stats();
  const double ratio = fold_cpu / wal_cpu;
  std::printf(
      "{\"bench\":\"ledger_fold\",\"rows\":%.0f,\"rows_per_block\":%u,\"segments\":%llu,"
      "\"bytes_per_row\":%.1f,\"fold_us_per_row\":%.3f,\"rows_per_second\":%.0f,"
      "\"wal_us_per_row\":%.3f,\"ratio\":%.3f,\"goal\":%.2f}\n",
      total, rows_per_block, static_cast<unsigned long long>(stats.segments),
      static_cast<double>(stats.store_bytes) / total, fold_cpu / total * 1e6, total / fold_wall,
      wal_cpu / total * 1e6, ratio, kRatioMax);
  LookUp(*ledger, mix, blocks * rows_per_block);
  CountRequest request;
  request.by = {Facet::kOutcome, Facet::kReason};
  const double start = WallSeconds();
  const auto count = Must(ledger->Count(request));
  std::printf("{\"bench\":\"ledger_count\",\"ms\":%.1f,\"rows\":%llu}\n",
              (WallSeconds() - start) * 1e3, static_cast<unsigned long long>(count.rows));
  return ratio <= kRatioMax;
}

}  // namespace
}  // namespace lineward::ledger

int main(int argc, char** argv) {
  uint64_t rows = 1'000'000;
  uint32_t rows_per_block = 1'024;
  std::string folder = "/tmp/lineward-ledger-bench";
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    if (option == "--rows") rows = std::stoull(argv[i + 1]);
    if (option == "--rows-per-block") {
      rows_per_block = static_cast<uint32_t>(std::stoul(argv[i + 1]));
    }
    if (option == "--folder") folder = argv[i + 1];
  }
  std::filesystem::remove_all(folder);
  const bool is_good = lineward::ledger::Run(rows, rows_per_block, folder);
  std::filesystem::remove_all(folder);
  return is_good ? 0 : 1;
}
