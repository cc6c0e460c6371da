#include "services/ledger/options.h"

namespace lineward::services {

void BindLedgerOptions(LedgerRoleOptions* options, config::OptionTable* table) {
  table->Bind("audit.fleet", &options->fleet,
              {.sentence = "Name of the installation in the names of its logs; never changes.",
               .example = "lineward.example/prod"});
  table->Bind("ledger.data_dir", &options->data_dir,
              {.sentence = "Folder of the ledger's store; empty is `ledger` below state_dir.",
               .example = "/var/lib/lineward/ledger"});
  table->Bind(
      "ledger.segment_rows", &options->segment_rows,
      {.sentence = "Rows after which a segment is sealed.", .min = "1024", .max = "1048576"});
  table->Bind("ledger.segment_bytes", &options->segment_bytes,
              {.sentence = "Size at which a segment is sealed.", .min = "1MiB", .max = "1GiB"});
  table->Bind("ledger.segment_age", &options->segment_age,
              {.sentence = "Age at which a segment of at least 4,096 rows is sealed.",
               .min = "100ms",
               .max = "1h"});
  table->Bind("ledger.segment_max_age", &options->segment_max_age,
              {.sentence = "Age at which any segment is sealed.", .min = "1s", .max = "24h"});
  table->Bind("ledger.block_cache", &options->block_cache,
              {.sentence = "Memory for blocks that were read.", .min = "8MiB", .max = "64GiB"});
  table->Bind("ledger.min_free", &options->min_free,
              {.sentence = "Free space of the disk below which folding pauses.", .min = "0B"});
  table->Bind("ledger.stale_after", &options->stale_after,
              {.sentence = "Lag beyond which a partition counts as missing from an answer.",
               .min = "1s",
               .max = "1h"});
  table->Bind("ledger.query_threads", &options->query_threads,
              {.sentence = "Queries that run at the same time.", .min = "1", .max = "64"});
  table->Bind("ledger.query_queue", &options->query_queue,
              {.sentence = "Queries that wait; further ones get 503.", .min = "1", .max = "10000"});
  table->Bind("ledger.query_blocks", &options->query_blocks,
              {.sentence = "Blocks that one query scans.", .min = "100", .max = "10000000"});
  table->Bind("ledger.query_time", &options->query_time,
              {.sentence = "Time that one query scans.", .min = "100ms", .max = "1m"});
}

ledger::LedgerOptions ToLedgerOptions(const LedgerRoleOptions& options,
                                      const std::string& state_dir, const std::string& tenant_key,
                                      const std::string& log_id) {
  ledger::LedgerOptions to;
  to.data_dir = options.data_dir.empty() ? state_dir + "/ledger" : options.data_dir;
  to.fleet = options.fleet;
  to.log_id = log_id;
  to.segment_rows = static_cast<uint32_t>(options.segment_rows);
  to.segment_bytes = static_cast<uint64_t>(options.segment_bytes.bytes);
  to.segment_age = options.segment_age;
  to.segment_max_age = options.segment_max_age;
  to.block_cache_bytes = static_cast<uint64_t>(options.block_cache.bytes);
  to.min_free_bytes = static_cast<uint64_t>(options.min_free.bytes);
  to.stale_after = options.stale_after;
  to.query_threads = static_cast<int>(options.query_threads);
  to.query_queue = static_cast<int>(options.query_queue);
  to.query_blocks = static_cast<uint32_t>(options.query_blocks);
  to.query_time = options.query_time;
  to.tenant_key = tenant_key;
  return to;
}

}  // namespace lineward::services
