#include "lineward/stream/transport.h"

#include <chrono>

#include "lineward/base/status.h"
#include "lineward/stream/reasons.h"

namespace lineward::stream {

absl::StatusOr<Completion> SendAndWait(Producer& producer, const OutRecord& record,
                                       absl::Duration timeout) {
  const auto deadline = std::chrono::steady_clock::now() + absl::ToChronoNanoseconds(timeout);
  LW_RETURN_IF_ERROR(producer.Send(record, 0));
  while (true) {
    const auto left = absl::FromChrono(deadline - std::chrono::steady_clock::now());
    for (const Completion& completion : producer.Poll(left)) {
      if (!completion.status.ok()) return completion.status;
      return completion;
    }
    if (left <= absl::ZeroDuration()) {
      return base::Unknown(kTransactionUnclear, "{}-{}: no acknowledgement within {} ms",
                           record.topic, record.partition, absl::ToInt64Milliseconds(timeout));
    }
  }
}

std::string Describe(std::span<const TopicMismatch> mismatches) {
  std::string text;
  for (const TopicMismatch& mismatch : mismatches) {
    if (!text.empty()) text += "; ";
    text += fmt::format("topic `{}`: {}: found {}, wanted {}", mismatch.topic, mismatch.key,
                        mismatch.found, mismatch.wanted);
  }
  return text;
}

}  // namespace lineward::stream
