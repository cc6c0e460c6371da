#include "lineward/gate/output_headers.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "lineward/base/hash.h"
#include "lineward/base/strings.h"

namespace lineward::gate {
namespace {

constexpr std::string_view kOurs = "lineward-";
constexpr std::string_view kReplayOf = "lineward-replay-of";
constexpr std::string_view kTraceparent = "traceparent";
constexpr size_t kDigestHexDigits = 32;

bool IsOurs(std::string_view name) {
  if (name.size() < kOurs.size()) return false;
  return std::equal(kOurs.begin(), kOurs.end(), name.begin(), [](char ours, char c) {
    return ours == (c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c);
  });
}

constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (int c = 'A'; c <= 'Z'; ++c) plain[static_cast<size_t>(c)] = true;
  for (int c = 'a'; c <= 'z'; ++c) plain[static_cast<size_t>(c)] = true;
  for (int c = '0'; c <= '9'; ++c) plain[static_cast<size_t>(c)] = true;
  for (const char c : {'.', '_', ':', '/', '@', '-'}) plain[static_cast<size_t>(c)] = true;
  return plain;
}();

void AppendEncoded(std::string_view text, std::string* out) {
  constexpr std::string_view kHex = "0123456789ABCDEF";
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (kPlain[byte]) {
      out->push_back(c);
    } else {
      out->push_back('%');
      out->push_back(kHex[byte >> 4]);
      out->push_back(kHex[byte & 15]);
    }
  }
}

void AppendNumber(int64_t value, std::string* out) {
  std::array<char, 24> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out->append(digits.data(), end);
}

template <typename Bytes>
std::string HexStart(const Bytes& bytes) {
  return base::ToHex({reinterpret_cast<const char*>(bytes.data()), bytes.size()})
      .substr(0, kDigestHexDigits);
}

// How many of the first headers a dead letter keeps.
size_t KeptHeaders(std::span<const stream::Header> incoming) {
  size_t bytes = 0;
  size_t count = 0;
  for (const stream::Header& header : incoming) {
    bytes += header.name.size() + header.value.value_or(std::string_view()).size();
    if (count == event::kHeadersMax || bytes > event::kHeaderBytesMax) break;
    ++count;
  }
  return count;
}

}  // namespace

std::string DecisionTail(std::string_view model, std::string_view version,
                         const std::optional<crypto::Digest>& weights,
                         const std::optional<decision::Bytes16>& closure,
                         const crypto::Digest& policy_set) {
  std::string tail;
  if (!model.empty()) {
    tail.append("m=");
    AppendEncoded(model, &tail);
    tail.push_back('@');
    AppendEncoded(version, &tail);
    tail.push_back(';');
  }
  if (weights.has_value()) tail.append("w=").append(HexStart(*weights)).append(";");
  if (closure.has_value()) tail.append("l=").append(HexStart(*closure)).append(";");
  return tail.append("p=").append(HexStart(policy_set)).append(";");
}

bool OutputHeaders::AddIncoming(std::span<const stream::Header> incoming,
                                const OutputFacts& facts) {
  bool is_trace_placed = false;
  for (const stream::Header& header : incoming) {
    if (IsOurs(header.name)) {
      const bool is_replay = header.name == kReplayOf;
      if (is_replay && !facts.replay_of.empty()) {
        headers_.push_back(header);
      } else {
        ++(is_replay ? removed_.replays : removed_.forged);
      }
      continue;
    }
    if (facts.kept_span.has_value() && header.name == kTraceparent) {
      if (!is_trace_placed) headers_.push_back({kTraceparent, std::string_view(traceparent_)});
      is_trace_placed = true;
      continue;
    }
    headers_.push_back(header);
  }
  return is_trace_placed;
}

void OutputHeaders::AddDeadLetter(const OutputFacts& facts) {
  partition_.clear();
  AppendNumber(facts.partition, &partition_);
  offset_.clear();
  AppendNumber(facts.offset, &offset_);
  message_.assign(event::CauseName(facts.malformed.cause));
  if (facts.malformed.field != 0) {
    message_.append(": ").append(event::FieldName(facts.malformed.field));
  }
  const auto add = [&](std::string_view name, std::string_view value) {
    headers_.push_back({name, value});
  };
  add("__connect.errors.topic", facts.topic);
  add("__connect.errors.partition", partition_);
  add("__connect.errors.offset", offset_);
  add("__connect.errors.stage", "VALUE_CONVERTER");
  add("__connect.errors.class.name", "lineward.event.Decoder");
  add("__connect.errors.exception.class.name", "lineward.MalformedEvent");
  add("__connect.errors.exception.message", message_);
  if (facts.truncated_from.has_value()) {
    truncated_.clear();
    AppendNumber(static_cast<int64_t>(*facts.truncated_from), &truncated_);
    add("lineward-truncated", truncated_);
  }
}

std::span<const stream::Header> OutputHeaders::Compose(std::span<const stream::Header> incoming,
                                                       const OutputFacts& facts) {
  const bool is_malformed = facts.malformed.cause != event::Cause::kNone;
  headers_.clear();
  removed_ = {};
  if (facts.kept_span.has_value()) {
    const event::TraceId trace =
        facts.trace_id.has_value() ? *facts.trace_id : base::Xxh3Wide(facts.decision_id);
    const auto hex = [](const auto& bytes) {
      return base::ToHex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
    };
    traceparent_ = fmt::format("00-{}-{}-01", hex(trace), hex(*facts.kept_span));
  }
  const bool is_trace_placed =
      AddIncoming(is_malformed ? incoming.first(KeptHeaders(incoming)) : incoming, facts);

  decision_.assign(decision::OutcomeName(facts.outcome));
  decision_.push_back(';');
  if (facts.outcome != decision::Outcome::kAllow) {
    decision_.append("r=").append(facts.reason).push_back(';');
  }
  decision_.append(facts.tail).append("t=");
  AppendNumber(facts.time_ms, &decision_);

  headers_.push_back({"lineward-id", facts.decision_id});
  headers_.push_back({"lineward-decision", std::string_view(decision_)});
  if (!facts.obligations.empty()) {
    headers_.push_back({"lineward-obligations", facts.obligations});
  }
  if (facts.is_shadow) headers_.push_back({"lineward-mode", std::string_view("shadow")});
  if (is_malformed) AddDeadLetter(facts);
  if (facts.kept_span.has_value() && !is_trace_placed)
    headers_.push_back({kTraceparent, std::string_view(traceparent_)});
  return headers_;
}

}  // namespace lineward::gate
