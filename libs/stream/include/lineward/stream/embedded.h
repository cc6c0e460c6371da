#pragma once

// The embedded transport: a durable log in this process, with the contract of transport.h and no
// network. It serves the demo, a single-node installation and the tests.

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <cstdint>
#include <memory>
#include <string>

#include "lineward/base/clock.h"
#include "lineward/stream/log_storage.h"
#include "lineward/stream/transport.h"

namespace lineward::stream {

struct EmbeddedOptions {
  // Must outlive the transport.
  const base::Clock* clock = &base::SystemClock();
  // `commit`: each commit is durable before it is acknowledged; off: the machine decides.
  bool sync_commits = true;
  // Bytes of records; beyond, the oldest `promotions*` data goes first, ours never, and a full log
  // answers UNAVAILABLE.
  int64_t bytes_max = int64_t{10} << 30;
  // Bytes that an open transaction may buffer.
  int64_t transaction_bytes_max = int64_t{64} << 20;
  // Topics whose name begins so give room first.
  std::string evictable_prefix = "promotions";
};

class EmbeddedTransport : public Transport {
 public:
  // Ends retention's leftovers: drops records older than their topic's retention and tombstones
  // older than 24 h. The owner calls it about once a minute.
  virtual absl::Status Maintain() = 0;

  // The first error of the storage, which is final: the owner logs it and exits 1.
  virtual absl::Status StorageStatus() const = 0;
};

// Opens the log that lies in `storage`, or begins one. DATA_LOSS if it does not add up.
absl::StatusOr<std::unique_ptr<EmbeddedTransport>> OpenEmbedded(std::unique_ptr<LogStorage> storage,
                                                                const EmbeddedOptions& options);

// Opens (creates) the storage in folder `path`, over `store`. FAILED_PRECONDITION if another
// process holds it; DATA_LOSS if it is damaged.
absl::StatusOr<std::unique_ptr<LogStorage>> OpenDiskStorage(const std::string& path);

}  // namespace lineward::stream
