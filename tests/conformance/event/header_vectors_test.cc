// Headers of outputs against those of a second implementation (`vectors/headers.json` of the shared
// data).

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <simdjson.h>

#include <algorithm>
#include <string>
#include <vector>

#include "lineward/base/strings.h"
#include "lineward/event/decision_id.h"
#include "lineward/event/decode.h"
#include "lineward/gate/output_headers.h"
#include "tests/support/shared_data.h"

namespace lineward::gate {
namespace {

namespace dom = simdjson::dom;

std::string Text(dom::element element) {
  return std::string(std::string_view(element.get_string().value()));
}

struct OwnedHeader {
  std::string name;
  std::optional<std::string> value;
  bool operator==(const OwnedHeader&) const = default;
};

std::vector<OwnedHeader> HeadersOf(dom::array array) {
  std::vector<OwnedHeader> headers;
  for (dom::array header : array) {
    OwnedHeader& owned = headers.emplace_back();
    owned.name = Text(header.at(0).value());
    if (!header.at(1).is_null()) owned.value = base::FromHex(Text(header.at(1).value())).value();
  }
  return headers;
}

void PrintTo(const OwnedHeader& header, std::ostream* out) {
  *out << header.name << "="
       << (header.value.has_value() ? header.value->substr(0, 200) : std::string("(null)"));
}

template <size_t kSize>
std::array<uint8_t, kSize> BytesOf(dom::element hex) {
  const std::string bytes = base::FromHex(Text(hex)).value();
  EXPECT_EQ(bytes.size(), kSize);
  std::array<uint8_t, kSize> out{};
  std::copy_n(bytes.begin(), kSize, out.begin());
  return out;
}

TEST(HeaderVectors, EveryDecisionHasItsHeaders) {
  LW_SHARED_DATA_OR_SKIP(path, "vectors/headers.json");
  dom::parser parser;
  dom::element document = parser.load(path);
  crypto::Digest policy_set{};
  const std::string set = base::FromHex(Text(document["policy_set"]).substr(3)).value();
  std::copy(set.begin(), set.end(), policy_set.begin());
  OutputHeaders composer;
  int count = 0;
  for (dom::element item : document["cases"].get_array()) {
    SCOPED_TRACE(Text(item["name"]));
    ++count;
    const std::vector<OwnedHeader> incoming = HeadersOf(item["headers"].get_array());
    std::vector<stream::Header> headers;
    std::vector<event::Header> event_headers;
    for (const OwnedHeader& header : incoming) {
      headers.push_back({header.name, header.value});
      event_headers.push_back({header.name, header.value});
    }
    OutputFacts facts;
    const std::string id = Text(item["decision_id"]);
    const std::string topic = Text(item["source"].at(0).value());
    facts.decision_id = id;
    facts.topic = topic;
    facts.partition = static_cast<int32_t>(item["source"].at(1).get_int64().value());
    facts.offset = item["source"].at(2).get_int64().value();
    std::string written_id;
    event::AppendDecisionId(&written_id, event::ParseDecisionId(id).value());
    EXPECT_EQ(written_id, id);
    const std::string outcome = Text(item["outcome"]);
    facts.outcome = outcome == "ALLOW"   ? decision::Outcome::kAllow
                    : outcome == "BLOCK" ? decision::Outcome::kBlock
                                         : decision::Outcome::kQuarantine;
    const std::string reason = Text(item["reason"]);
    facts.reason = reason;
    facts.is_shadow = Text(item["mode"]) == "shadow";
    std::optional<crypto::Digest> weights;
    if (!item["weights"].is_null()) weights = BytesOf<32>(item["weights"]);
    std::optional<decision::Bytes16> closure;
    if (!item["closure"].is_null()) closure = BytesOf<16>(item["closure"]);
    const std::string tail =
        DecisionTail(Text(item["model"]), Text(item["version"]), weights, closure, policy_set);
    facts.tail = tail;
    facts.time_ms = document["time_ms"].get_int64().value();
    const std::string obligations = Text(item["obligations"]);
    facts.obligations = obligations;
    if (!item["trace_id"].is_null()) facts.trace_id = BytesOf<16>(item["trace_id"]);
    if (!item["kept_span"].is_null()) facts.kept_span = BytesOf<8>(item["kept_span"]);
    const size_t value_bytes = item["value_bytes"].get_uint64().value();
    if (!item["malformed"].is_null()) {
      const std::string cause = Text(item["malformed"]["cause"]);
      const std::string field = Text(item["malformed"]["field"]);
      for (int i = 1; i <= event::kCauses; ++i) {
        if (event::CauseName(static_cast<event::Cause>(i)) == cause) {
          facts.malformed.cause = static_cast<event::Cause>(i);
        }
      }
      for (int i = 1; i <= 30; ++i) {
        if (event::FieldName(i) == field) facts.malformed.field = i;
      }
      if (value_bytes > event::kMaxBytesDefault) facts.truncated_from = value_bytes;
    }
    // The claim as the decoder finds it.
    event::Scratch scratch;
    event::SourceOptions options;
    options.topic = topic;
    facts.replay_of = event::Decode(event_headers, std::nullopt, options, &scratch).replay_of;

    std::vector<OwnedHeader> composed;
    for (const stream::Header& header : composer.Compose(headers, facts)) {
      OwnedHeader& owned = composed.emplace_back();
      owned.name = header.name;
      if (header.value.has_value()) owned.value = std::string(*header.value);
    }
    EXPECT_EQ(composed, HeadersOf(item["want"].get_array()));
    EXPECT_EQ(facts.truncated_from.has_value() ? kTruncatedValueBytes : value_bytes,
              item["want_value_bytes"].get_uint64().value());
  }
  EXPECT_EQ(count, 33);
}

}  // namespace
}  // namespace lineward::gate
