
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/registry/fact.h"
#include "lineward/registry/reasons.h"
#include "lineward/registry/v1/fact.pb.h"

namespace lineward::registry {

std::string FactKey(uint64_t seq) { return fmt::format("f/{:020}", seq); }

std::optional<uint64_t> ParseFactKey(std::string_view key) {
  uint64_t seq = 0;
  const auto [end, error] =
      std::from_chars(key.data() + std::min<size_t>(2, key.size()), key.data() + key.size(), seq);
  if (error != std::errc() || FactKey(seq) != key) return std::nullopt;
  return seq;
}

std::string EncodeFact(const Fact& fact) {
  v1::Fact message;
  message.set_seq(fact.seq);
  message.set_kind(static_cast<v1::FactKind>(fact.kind));
  message.set_subject(fact.subject);
  message.set_valid_from_us(fact.valid_from_us);
  if (fact.valid_to_us.has_value()) message.set_valid_to_us(*fact.valid_to_us);
  message.set_recorded_at_us(fact.recorded_at_us);
  message.set_actor(fact.actor);
  message.set_request_id(fact.request_id);
  message.set_origin(static_cast<v1::Origin>(fact.origin));
  message.set_supersedes(fact.supersedes);
  message.set_approver(fact.approver);
  message.set_body(document::Canonical(fact.body));
  return message.SerializeAsString();
}

absl::StatusOr<Fact> DecodeFact(std::string_view bytes) {
  v1::Fact message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::InvalidArgument(kFactInvalid, "no fact: {} bytes", bytes.size());
  }
  if (message.seq() == 0 || message.kind() < v1::FACT_KIND_DATASET ||
      message.kind() > v1::FACT_KIND_REQUEST || message.origin() < v1::ORIGIN_NATIVE ||
      message.origin() > v1::ORIGIN_SYSTEM) {
    return base::InvalidArgument(kFactInvalid, "fact {}: seq, kind or origin is missing or unknown",
                                 message.seq());
  }
  auto body = document::ParseJson(message.body());
  if (!body.ok()) return base::Annotate(body.status(), "fact {}", message.seq());
  Fact fact;
  fact.seq = message.seq();
  fact.kind = static_cast<FactKind>(message.kind());
  fact.subject = message.subject();
  fact.valid_from_us = message.valid_from_us();
  if (message.has_valid_to_us()) fact.valid_to_us = message.valid_to_us();
  fact.recorded_at_us = message.recorded_at_us();
  fact.actor = message.actor();
  fact.request_id = message.request_id();
  fact.origin = static_cast<Origin>(message.origin());
  fact.supersedes = message.supersedes();
  fact.approver = message.approver();
  fact.body = *std::move(body);
  return fact;
}

std::string FirstChain() { return std::string(crypto::kDigestBytes, '\0'); }

std::string NextChain(std::string_view previous, std::string_view fact_bytes) {
  crypto::Sha256 hash;
  hash.Update(previous).Update(fact_bytes);
  return std::string(crypto::AsBytes(hash.Final()));
}

}  // namespace lineward::registry
