// The questions that a ledger answers.

#include <algorithm>
#include <chrono>
#include <utility>

#include "ledger/src/ledger_impl.h"
#include "lineward/base/bytes.h"
#include "lineward/base/status.h"
#include "lineward/ledger/reasons.h"
#include "lineward/store/reasons.h"

namespace lineward::ledger {

absl::Status Ledger::CheckFilter(std::string_view filter, bool may_read_subject) {
  return ParseFilter(filter, may_read_subject).status();
}

absl::Status Ledger::Impl::ResolveSubjects(FilterNode* node) const {
  if (node->kind == FilterNode::Kind::kCompare && node->field == Field::kSubject) {
    if (!keys->has_key()) {
      return base::FailedPrecondition(kKeyAbsent, "searching by subject needs the tenant key");
    }
    LW_ASSIGN_OR_RETURN(node->person_keys, keys->Find(node->text));
  }
  for (FilterNode& child : node->children) LW_RETURN_IF_ERROR(ResolveSubjects(&child));
  return absl::OkStatus();
}

absl::StatusOr<std::optional<FilterNode>> Ledger::Impl::Resolve(std::string_view filter,
                                                                bool may_read_subject) const {
  LW_ASSIGN_OR_RETURN(auto node, ParseFilter(filter, may_read_subject));
  if (node) LW_RETURN_IF_ERROR(ResolveSubjects(&*node));
  return node;
}

void Ledger::Impl::CountAnswered(const AnswerMeta& meta,
                                 telemetry::Histogram* LedgerMetrics::* kind,
                                 std::chrono::steady_clock::time_point started) const {
  if (deps.metrics == nullptr) return;
  (meta.is_complete ? deps.metrics->answers_complete : deps.metrics->answers_partial)->Add();
  (deps.metrics->*kind)
      ->Observe(std::chrono::duration<double>(deps.clock->Monotonic() - started).count());
}

absl::StatusOr<DecisionAnswer> Ledger::Get(const DecisionId& id) const {
  LW_ASSIGN_OR_RETURN(const auto place, impl_->gate.Enter());
  const auto started = impl_->deps.clock->Monotonic();
  QueryEngine engine = impl_->Engine();
  auto answer = engine.Get(id);
  if (answer.ok()) impl_->CountAnswered(answer->meta, &LedgerMetrics::point_seconds, started);
  return answer;
}

absl::StatusOr<DecisionPage> Ledger::List(const ListRequest& request) const {
  if (request.page_size == 0) {
    return base::InvalidArgument(kQueryInvalid, "page_size 0: at least 1");
  }
  if (request.from && request.until && *request.from > *request.until) {
    return base::InvalidArgument(kQueryInvalid, "the range ends before it begins");
  }
  LW_ASSIGN_OR_RETURN(const auto filter, impl_->Resolve(request.filter, request.may_read_subject));
  LW_ASSIGN_OR_RETURN(const auto place, impl_->gate.Enter());
  const auto started = impl_->deps.clock->Monotonic();
  QueryEngine engine = impl_->Engine();
  auto page = engine.List(request, filter ? &*filter : nullptr);
  if (page.ok()) impl_->CountAnswered(page->meta, &LedgerMetrics::list_seconds, started);
  return page;
}

absl::StatusOr<CountAnswer> Ledger::Count(const CountRequest& request) const {
  if (request.from && request.until && *request.from > *request.until) {
    return base::InvalidArgument(kQueryInvalid, "the range ends before it begins");
  }
  LW_ASSIGN_OR_RETURN(const auto filter, impl_->Resolve(request.filter, request.may_read_subject));
  LW_ASSIGN_OR_RETURN(const auto place, impl_->gate.Enter());
  const auto started = impl_->deps.clock->Monotonic();
  QueryEngine engine = impl_->Engine();
  auto answer = engine.Count(request, filter ? &*filter : nullptr);
  if (answer.ok()) impl_->CountAnswered(answer->meta, &LedgerMetrics::list_seconds, started);
  return answer;
}

absl::StatusOr<WatchCursor> Ledger::WatchFrom(absl::Time since) const {
  LW_ASSIGN_OR_RETURN(const auto place, impl_->gate.Enter());
  return impl_->Engine().WatchFrom(since);
}

absl::StatusOr<WatchBatch> Ledger::Watch(const WatchCursor& cursor, std::string_view filter,
                                         uint32_t rows_max, absl::Duration timeout) const {
  LW_ASSIGN_OR_RETURN(const auto node, impl_->Resolve(filter, /*may_read_subject=*/false));
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
  WatchCursor at = cursor;
  while (true) {
    const auto seen = impl_->CurrentTail();
    {
      LW_ASSIGN_OR_RETURN(const auto place, impl_->gate.Enter());
      QueryEngine engine(
          seen, impl_->store.get(),
          {impl_->options.query_blocks, impl_->options.query_time, impl_->options.stale_after},
          impl_->deps.clock);
      LW_ASSIGN_OR_RETURN(auto batch, engine.Watch(at, node ? &*node : nullptr, rows_max));
      const bool is_over = std::chrono::steady_clock::now() >= deadline;
      if (!batch.decisions.empty() || is_over) return batch;
      at = std::move(batch.cursor);
    }
    base::MutexLock lock(&impl_->mutex);
    if (impl_->tail == seen) impl_->changed.WaitUntil(&impl_->mutex, deadline);
  }
}

absl::StatusOr<FoundBlock> Ledger::Impl::BlockOf(QueryEngine& engine,
                                                 const FoundDecision& found) const {
  LW_ASSIGN_OR_RETURN(auto block, engine.FindEntry(found.log_partition, found.log_entry));
  if (!block) {
    return base::DataLoss(store::kStoreDamaged, "log {} entry {} is missing", found.log_partition,
                          found.log_entry);
  }
  return std::move(*block);
}

absl::StatusOr<decision::OpenedRow> Ledger::Unmask(const DecisionId& id) const {
  if (!impl_->keys->has_key()) {
    return base::FailedPrecondition(kKeyAbsent, "opening a row needs the tenant key");
  }
  LW_ASSIGN_OR_RETURN(const auto place, impl_->gate.Enter());
  QueryEngine engine = impl_->Engine();
  LW_ASSIGN_OR_RETURN(const auto answer, engine.Get(id));
  LW_ASSIGN_OR_RETURN(const auto block, impl_->BlockOf(engine, answer.decision));
  return block.view.OpenRowAsTenant(answer.decision.index, impl_->keys->tenant_key(), 1);
}

// --- Content.

absl::StatusOr<Ledger::Content> Ledger::ReadContent() const {
  QueryEngine engine = impl_->Engine();
  Content content;
  crypto::Sha256 digest;
  std::string bytes;
  for (const PartitionView& partition : engine.tail().partitions) {
    for (uint64_t entry = 1; entry < partition.log_size; ++entry) {
      LW_ASSIGN_OR_RETURN(const auto block, engine.FindEntry(partition.partition, entry));
      if (!block) {
        return base::DataLoss(store::kStoreDamaged, "log {} entry {} is missing",
                              partition.partition, entry);
      }
      LW_RETURN_IF_ERROR(block->view.Verify());
      bytes.clear();
      base::AppendU32(&bytes, static_cast<uint32_t>(partition.partition));
      base::AppendU64(&bytes, entry);
      base::AppendBytes(&bytes, block->view.header_text());
      std::string row;
      for (uint32_t i = 0; i < block->view.rows(); ++i) {
        row.clear();
        block->view.AppendRow(i, &row);
        base::AppendBytes(&bytes, row);
      }
      digest.Update(bytes);
      ++content.blocks;
      content.rows += block->record.rows;
    }
  }
  bytes.clear();
  base::AppendU64(&bytes, content.blocks);
  base::AppendU64(&bytes, content.rows);
  for (const SourceView& source : engine.tail().sources) {
    base::AppendBytes(&bytes, fmt::format("{} {} {}", source.name->cluster, source.name->topic,
                                          source.name->partition));
    base::AppendU64(&bytes, source.start);
    base::AppendU64(&bytes, source.next);
  }
  content.digest = digest.Update(bytes).Final();
  return content;
}

absl::StatusOr<crypto::Digest> Ledger::LogRoot(int32_t partition, uint64_t size) const {
  const auto tail = impl_->CurrentTail();
  const PartitionView* view = nullptr;
  for (const PartitionView& candidate : tail->partitions) {
    if (candidate.partition == partition) view = &candidate;
  }
  if (view == nullptr || size > view->log_size) {
    return base::NotFound(kQueryInvalid, "log {} has no size {}", partition, size);
  }
  if (size == view->log_size) return view->root;
  uint64_t stored = 0;
  if (!tail->stored->empty()) {
    LW_ASSIGN_OR_RETURN(const auto newest, impl_->store->Record(tail->stored->back()->number));
    for (const PartitionMark& mark : newest->partitions) {
      if (mark.partition == partition) stored = mark.log_size;
    }
  }
  const auto read = [&](uint8_t level, uint64_t first, uint64_t count) {
    return impl_->store->ReadHashes(partition, level, first, count);
  };
  if (size <= stored) return audit::RootAt(size, read);
  return base::FailedPrecondition(kQueryInvalid, "log {}: size {} is not stored yet, {} are",
                                  partition, size, stored);
}

}  // namespace lineward::ledger
