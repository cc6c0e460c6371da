#include "lineward/event/decode.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "lineward/base/strings.h"
#include "tests/unit/event/event_builder.h"

namespace lineward::event {
namespace {

using std::string_literals::operator""s;

constexpr std::string_view kTrace = "00-11111111111111111111111111111111-2222222222222222-01";

std::vector<Header> CloudEventHeaders() {
  return {{"ce_specversion", "1.0"}, {"ce_id", "ce-1"}, {"ce_source", "/recs"}, {"ce_type", "t"}};
}

std::string Structured(std::string_view data, std::string_view more = "") {
  return R"({"specversion":"1.0","id":"ce-1","source":"/recs","type":"t")" + std::string(more) +
         "," + std::string(data) + "}";
}

TEST(Decode, NamesTheSixFramings) {
  Decoder decoder;
  const std::string pb = GoodPromotion().SerializeAsString();
  const std::string json = GoodJson();
  const auto framing = [&](const std::string& value) {
    const Decoded decoded = decoder.Run(value);
    EXPECT_TRUE(decoded.ok()) << CauseName(decoded.error.cause);
    return std::string(FramingName(decoded.framing)) + " " +
           (decoded.ok() ? std::string(decoded.event->schema) : "");
  };
  EXPECT_EQ(framing(pb), "bare-protobuf pb");
  EXPECT_EQ(framing(json), "bare-json json");
  EXPECT_EQ(framing("\0\0\0\0\x07\0"s + pb), "registry-protobuf pb:7");
  EXPECT_EQ(framing("\0\0\0\0\x07"s + json), "registry-json json:7");
  decoder.headers = CloudEventHeaders();
  EXPECT_EQ(framing(pb), "ce-binary pb");
  decoder.headers = {{"content-type", "application/cloudevents+json"}};
  EXPECT_EQ(framing(Structured("\"data\":" + json)), "ce-structured ce:json");
  EXPECT_EQ(framing(Structured("\"data_base64\":\"" + base::ToBase64(pb) + "\"")),
            "ce-structured ce:pb");
}

// One fixture per cause, and beside it what all later causes would say: the first wins.
TEST(Decode, ChecksTheCausesInOrder) {
  Decoder decoder;
  const auto cause = [&](const std::string& value) { return CauseName(decoder.Of(value).cause); };
  const std::string good = GoodPromotion().SerializeAsString();
  const std::vector<Header> too_many(65, Header{"h", "v"});

  decoder.headers = too_many;
  EXPECT_EQ(CauseName(decoder.RunTombstone().error.cause), "tombstone");
  decoder.options.max_bytes = 10;
  EXPECT_EQ(cause("{" + std::string(10, ' ')), "too_large");
  EXPECT_EQ(cause("{"), "headers_too_large");
  decoder.options.max_bytes = kMaxBytesDefault;
  decoder.options.schema_ids = {"8"};
  decoder.headers = {{"ce_specversion", "0.3"}, {"__value_schema_id", std::nullopt}};
  EXPECT_EQ(cause("{"), "framing");
  decoder.headers = {{"ce_specversion", "0.3"}, {"__value_schema_id", "\0\0\0\0\7"s}};
  const std::string id = "\0\0\0\0\7"s;
  decoder.headers[1].value = id;
  EXPECT_EQ(cause("{"), "schema_unknown");
  decoder.headers = {{"ce_specversion", "0.3"}};
  EXPECT_EQ(cause("{"), "cloudevent");
  decoder.headers.clear();
  EXPECT_EQ(cause("{"), "json");
  EXPECT_EQ(cause("\"\1\xff\x0a"s), "protobuf");
  EXPECT_EQ(cause(good + "\"\1\xff\"\1\xff"), "utf8");
  EXPECT_EQ(cause("\x0a\1x\x0a\1x"s), "duplicate_field");
  EXPECT_EQ(cause("\x1a\3a b"s), "missing_field");
  v1::Promotion promotion = GoodPromotion();
  promotion.set_tenant(std::string(65, 't'));
  promotion.set_surface("a b");
  EXPECT_EQ(cause(promotion.SerializeAsString()), "too_long");
  promotion.clear_tenant();
  EXPECT_EQ(cause(promotion.SerializeAsString()), "bad_value");
  promotion.set_surface("a_b");
  EXPECT_EQ(cause(promotion.SerializeAsString()), "");
}

TEST(Decode, ListsAllViolationsByCauseThenField) {
  v1::Promotion promotion = GoodPromotion();
  promotion.clear_item_id();
  promotion.clear_surface();
  promotion.set_tenant(std::string(65, 't'));
  promotion.set_score(1.0 / 0.0);
  promotion.set_jurisdiction("de");
  Decoder decoder;
  const std::string bytes = promotion.SerializeAsString();
  const Decoded decoded = decoder.Run(bytes);
  std::vector<std::string> found;
  for (const DecodeError& violation : decoded.violations) {
    found.push_back(fmt::format("{}: {}", CauseName(violation.cause), FieldName(violation.field)));
  }
  EXPECT_EQ(found, (std::vector<std::string>{"missing_field: surface", "missing_field: item_id",
                                             "too_long: tenant", "bad_value: jurisdiction",
                                             "bad_value: score"}));
  EXPECT_EQ(decoded.error, decoded.violations.front());
}

TEST(Decode, PointsAtTheByte) {
  Decoder decoder;
  const std::string json = GoodJson(R"("tenant":7)");
  EXPECT_EQ(decoder.Run(json).error.byte, json.find("7}"));
  const std::string broken = GoodJson(R"("x":tru)");
  EXPECT_EQ(decoder.Run(broken).error.byte, broken.find("tru"));
  const std::string framed = "\0\0\0\0\7"s + broken;
  EXPECT_EQ(decoder.Run(framed).error.byte, framed.find("tru"));
}

TEST(Decode, CountsHeadersAndTheirBytes) {
  Decoder decoder;
  const std::string json = GoodJson();
  decoder.headers.assign(64, Header{"h", "v"});
  EXPECT_EQ(decoder.Of(json), kGood);
  decoder.headers.push_back({"h", "v"});
  EXPECT_EQ(decoder.Of(json).cause, Cause::kHeadersTooLarge);
  const std::string value(64 * 1024 - 3, 'v');
  decoder.headers = {{"a", value}, {"bb", std::nullopt}};
  EXPECT_EQ(decoder.Of(json), kGood);
  decoder.headers = {{"aa", value}, {"bb", std::nullopt}};
  EXPECT_EQ(decoder.Of(json).cause, Cause::kHeadersTooLarge);
}

TEST(Decode, TakesAMediaTypeBeforeTheOption) {
  Decoder decoder;
  decoder.options.format = Format::kJson;
  const std::string pb = GoodPromotion().SerializeAsString();
  EXPECT_EQ(decoder.Of(pb).cause, Cause::kUtf8);  // read as JSON
  decoder.headers = {{"content-type", " Application/X-Protobuf ; v=1"}};
  EXPECT_EQ(decoder.Of(pb), kGood);
  // A null content-type is no type, and it is the first.
  decoder.headers = {{"content-type", std::nullopt}, {"content-type", "application/protobuf"}};
  EXPECT_EQ(decoder.Of(pb).cause, Cause::kUtf8);
}

TEST(Decode, FillsFromCloudEventsOnlyWhatIsAbsent) {
  Decoder decoder;
  decoder.headers = CloudEventHeaders();
  decoder.headers.push_back({"ce_time", "2026-03-01T12:00:01Z"});
  v1::Promotion promotion = GoodPromotion();
  promotion.clear_event_id();
  promotion.clear_event_time();
  std::string bytes = promotion.SerializeAsString();
  Decoded decoded = decoder.Run(bytes);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded.event->event_id, "ce-1");
  EXPECT_EQ(decoded.event->event_time_us, 1772366401000000);
  EXPECT_EQ(decoded.event->recommender_id, "/recs");
  bytes = GoodPromotion().SerializeAsString();
  decoded = decoder.Run(bytes);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded.event->event_id, "r-81f2/3");
  EXPECT_EQ(decoded.event->event_time_us, 1772366400120000);
  // A value of the wrong type is there: it is bad, not filled.
  EXPECT_EQ(decoder.Of(R"({"eventId":7,"surface":"s","itemId":"i","modelName":"m",)"
                       R"("modelVersion":"1","purpose":"p"})"),
            (Outcome{Cause::kBadValue, "event_id"}));
}

TEST(Decode, RefusesBase64OutsideItsCanonicalForm) {
  Decoder decoder;
  decoder.headers = {{"content-type", "application/cloudevents+json"}};
  const std::string data = base::ToBase64(GoodPromotion().SerializeAsString());
  EXPECT_EQ(decoder.Of(Structured("\"data_base64\":\"" + data + "\"")), kGood);
  for (const char* bad :
       {"A", "AA", "AAA", "A===", "AB==", "AAB=", "AA=A", "====", "AA A", "AA-_"}) {
    EXPECT_EQ(decoder.Of(Structured("\"data_base64\":\""s + bad + "\"")).cause, Cause::kCloudEvent)
        << bad;
  }
  // Encoders may escape the slash.
  EXPECT_EQ(decoder.Of(Structured("\"data_base64\":\"\\/\\/\\/\\/\"")).cause, Cause::kProtobuf);
}

TEST(Decode, TakesTheTraceOfTheHeaderFirst) {
  Decoder decoder;
  v1::Promotion promotion = GoodPromotion();
  promotion.set_traceparent("00-33333333333333333333333333333333-2222222222222222-01");
  const std::string bytes = promotion.SerializeAsString();
  const auto first_byte = [&] {
    const Decoded decoded = decoder.Run(bytes);
    return decoded.trace_id.has_value() ? int{decoded.trace_id->front()} : -1;
  };
  EXPECT_EQ(first_byte(), 0x33);
  decoder.headers = {{"traceparent", kTrace}};
  EXPECT_EQ(first_byte(), 0x11);
  decoder.headers = {{"traceparent", "00-1"}};
  EXPECT_EQ(first_byte(), -1);
  decoder.headers = {{"traceparent", kTrace}, {"traceparent", kTrace}};
  EXPECT_EQ(first_byte(), -1);
}

TEST(Decode, GivesAMalformedEventTheTraceOfItsHeadersAlone) {
  Decoder decoder;
  v1::Promotion promotion = GoodPromotion();
  promotion.set_traceparent(std::string(kTrace));
  promotion.set_surface("a b");
  const std::string bytes = promotion.SerializeAsString();
  EXPECT_FALSE(decoder.Run(bytes).trace_id.has_value());
  decoder.headers = {{"traceparent", kTrace}};
  EXPECT_TRUE(decoder.Run(bytes).trace_id.has_value());
}

TEST(Decode, KeepsOneReplayClaimOfThisTopic) {
  Decoder decoder;
  const std::string json = GoodJson();
  const auto claim = [&](std::vector<Header> headers) {
    decoder.headers = std::move(headers);
    return std::string(decoder.Run(json).replay_of);
  };
  EXPECT_EQ(claim({{"lineward-replay-of", "promotions-3-10442"}}), "promotions-3-10442");
  EXPECT_EQ(claim({{"lineward-replay-of", "other-3-10442"}}), "");
  EXPECT_EQ(claim({{"Lineward-Replay-Of", "promotions-3-10442"}}), "");
  EXPECT_EQ(claim({{"lineward-replay-of", "promotions-3-1"}, {"lineward-replay-of", "x"}}), "");
}

TEST(Decode, TellsAZeroByteValueFromATombstone) {
  Decoder decoder;
  EXPECT_EQ(decoder.Of(""), (Outcome{Cause::kMissingField, "event_id"}));
  EXPECT_EQ(decoder.RunTombstone().error.cause, Cause::kTombstone);
  decoder.options.format = Format::kJson;
  EXPECT_EQ(decoder.Of(""), (Outcome{Cause::kJson, ""}));
}

}  // namespace
}  // namespace lineward::event
