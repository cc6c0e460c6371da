#include "event/src/json_scan.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "tests/unit/event/event_builder.h"

namespace lineward::event {
namespace {

TEST(JsonScan, TellsWhatRfc8259Forbids) {
  Decoder decoder;
  for (const char* more : {R"("x":01)",
                           R"("x":+1)",
                           R"("x":.5)",
                           R"("x":1.)",
                           R"("x":1e)",
                           R"("x":-)",
                           R"("x":NaN)",
                           R"("x":Infinity)",
                           R"("x":tru)",
                           R"("x":trues)",
                           R"("x":nul)",
                           R"("x":True)",
                           R"("x":[1,])",
                           R"("x":[,1])",
                           R"("x":[1 2])",
                           R"("x":{"a":1,})",
                           R"("x":{"a" 1})",
                           R"("x":{a:1})",
                           R"("x":{1:1})",
                           R"("x":[1}])",
                           R"("x":"a" "b")",
                           R"("x":"a"b)",
                           R"("x":1"b")",
                           R"("x":"\x41")",
                           R"("x":"\u12")",
                           R"("x":"\u12g4")",
                           R"("x":'a')",
                           R"("x")",
                           R"("x":)",
                           R"("x":1,,"y":1)",
                           R"(/**/"x":1)",
                           "\"x\":\"a\nb\"",
                           "\"x\":\"a\x01\"",
                           "\"x\":1\x0c",
                           "\"tenant\":tenant",
                           R"("score":1.2.3)",
                           R"("attributes":{"a":"b",})",
                           R"("sources":["a",])",
                           R"("topSignals":[{"name":"a",}])"}) {
    EXPECT_EQ(decoder.Of(GoodJson(more)), (Outcome{Cause::kJson, ""})) << more;
  }
}

TEST(JsonScan, FindsADeleteCharacterWhereverItStands) {
  Decoder decoder;
  for (const char* more : {R"("x":1)", R"("x":"\n")"}) {
    for (size_t size = 1; size <= 40; ++size) {
      std::string tenant(size, 'a');
      const auto with = [&] { return GoodJson(fmt::format(R"({},"tenant":"{}")", more, tenant)); };
      EXPECT_EQ(decoder.Of(with()), kGood) << size;
      tenant[size / 2] = '\x7f';
      EXPECT_EQ(decoder.Of(with()), (Outcome{Cause::kBadValue, "tenant"})) << size;
    }
  }
}

TEST(JsonScan, TakesWhatRfc8259Allows) {
  Decoder decoder;
  for (const char* more :
       {R"("x":0)", R"("x":-0)", R"("x":-0.0e-5)", R"("x":1E+9999)", R"("x":[ ])", R"("x":{ })",
        R"("x":"\u0000\ud800\n")", R"("x":[1,[2,{"y":null}],true,false,""])", R"("":1)",
        "\"x\" \t\r\n:\n 1 ", R"("event\u0049d":1)"}) {
    const Outcome outcome = decoder.Of(GoodJson(more));
    if (std::string_view(more).starts_with(R"("event\u0049d")")) {
      // The key, unescaped, is eventId.
      EXPECT_EQ(outcome, (Outcome{Cause::kDuplicateField, "event_id"})) << more;
    } else {
      EXPECT_EQ(outcome, kGood) << more;
    }
  }
}

TEST(JsonScan, TakesSixteenLevelsAndNotSeventeen) {
  Decoder decoder;
  const auto nested = [](int arrays) {
    return GoodJson("\"x\":" + std::string(static_cast<size_t>(arrays), '[') +
                    std::string(static_cast<size_t>(arrays), ']'));
  };
  EXPECT_EQ(decoder.Of(nested(15)), kGood);
  EXPECT_EQ(decoder.Of(nested(16)), (Outcome{Cause::kJson, ""}));
  EXPECT_EQ(decoder.Of(nested(100'000)), (Outcome{Cause::kJson, ""}));
}

TEST(JsonScan, RefusesEveryCutOfAnEvent) {
  Decoder decoder;
  decoder.options.format = Format::kJson;
  const std::string json = GoodJson(R"("attributes":{"a":"\u00e9"},"score":1.5,"x":[true])");
  ASSERT_EQ(decoder.Of(json), kGood);
  for (size_t size = 0; size < json.size(); ++size) {
    EXPECT_EQ(decoder.Of(json.substr(0, size)).cause, Cause::kJson) << size;
  }
}

TEST(JsonScan, SaysUtf8WhateverElseIsWrong) {
  Decoder decoder;
  decoder.options.format = Format::kJson;
  EXPECT_EQ(decoder.Of("{\"x\":\"\xff\""), (Outcome{Cause::kUtf8, ""}));
  EXPECT_EQ(decoder.Of("\xc0\xaf"), (Outcome{Cause::kUtf8, ""}));
  EXPECT_EQ(decoder.Of(GoodJson("\"eventId\":\"\xed\xa0\x80\"")), (Outcome{Cause::kUtf8, ""}));
}

TEST(JsonScan, FindsRepeatedKeysAtEveryDepth) {
  Decoder decoder;
  EXPECT_EQ(decoder.Of(GoodJson(R"("x":1,"x":2)")), (Outcome{Cause::kDuplicateField, ""}));
  EXPECT_EQ(decoder.Of(GoodJson(R"("x":{"y":[{"z":1,"\u007a":1}]})")),
            (Outcome{Cause::kDuplicateField, ""}));
  EXPECT_EQ(decoder.Of(GoodJson(R"("x":{"a":1},"y":{"a":1})")), kGood);
  EXPECT_EQ(decoder.Of(GoodJson(R"("topSignals":[{"name":"a","name":"b"}])")),
            (Outcome{Cause::kDuplicateField, "top_signals"}));
  EXPECT_EQ(decoder.Of(GoodJson(R"("topSignals":[{"name":"a"},{"name":"a"}])")), kGood);
  EXPECT_EQ(decoder.Of(GoodJson(R"("attributes":{"k":"1","k":"1"})")),
            (Outcome{Cause::kDuplicateField, "attributes"}));
  // The field with a number is named, not the unknown member before it.
  EXPECT_EQ(decoder.Of(GoodJson(R"("x":1,"x":2,"surface":"a")")),
            (Outcome{Cause::kDuplicateField, "surface"}));
}

TEST(JsonScan, FindsOneRepeatedKeyAmongThousands) {
  std::string members;
  for (int i = 0; i < 20'000; ++i) members += "\"k" + std::to_string(i) + "\":1,";
  Decoder decoder;
  decoder.options.max_bytes = 900 * 1024;
  EXPECT_EQ(decoder.Of(GoodJson(members + "\"last\":1")), kGood);
  EXPECT_EQ(decoder.Of(GoodJson(members + "\"k10000\":1")), (Outcome{Cause::kDuplicateField, ""}));
}

TEST(JsonScan, UnescapesIntoItsOwnBuffer) {
  Decoder decoder;
  const std::string json =
      GoodJson(R"("tenant":"\"\\\/\u00e9\ud83d\ude00","consentRef":"\u0041","slateId":"plain")");
  const Decoded decoded = decoder.Run(json);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded.event->tenant, "\"\\/\u00e9\U0001F600");
  EXPECT_EQ(decoded.event->consent_ref, "A");
  EXPECT_EQ(decoded.event->slate_id, "plain");
}

TEST(JsonScan, RefusesHalfOfASurrogatePairInAField) {
  Decoder decoder;
  for (const char* text : {R"("tenant":"\ud800")", R"("tenant":"\ude00\ud83d")",
                           R"("tenant":"\ud83d\u0041")", R"("tenant":"a\ud83dA")"}) {
    EXPECT_EQ(decoder.Of(GoodJson(text)), (Outcome{Cause::kBadValue, "tenant"})) << text;
  }
  EXPECT_EQ(decoder.Of(GoodJson(R"("attributes":{"\ud800":"v"})")),
            (Outcome{Cause::kBadValue, "attributes"}));
}

TEST(JsonScan, RefusesEveryWrongType) {
  Decoder decoder;
  const std::vector<std::pair<std::string, std::string>> fields = {
      {"subjectId", "subject_id"},    {"jurisdiction", "jurisdiction"},
      {"sources", "sources"},         {"attributes", "attributes"},
      {"position", "position"},       {"score", "score"},
      {"topSignals", "top_signals"},  {"userOption", "user_option"},
      {"traceparent", "traceparent"},
  };
  for (const auto& [key, name] : fields) {
    EXPECT_EQ(decoder.Of(GoodJson("\"" + key + "\":true")), (Outcome{Cause::kBadValue, name}));
    EXPECT_EQ(decoder.Of(GoodJson("\"" + key + "\":null")), kGood) << key;
  }
  EXPECT_EQ(decoder.Of(GoodJson(R"("sources":["a",1])")), (Outcome{Cause::kBadValue, "sources"}));
  EXPECT_EQ(decoder.Of(GoodJson(R"("attributes":{"a":{"b":[1]}})")),
            (Outcome{Cause::kBadValue, "attributes"}));
}

TEST(JsonScan, ReadsNumbersInEverySpelling) {
  Decoder decoder;
  const auto position = [&](const std::string& number) -> int64_t {
    const std::string json = GoodJson("\"position\":" + number);
    const Decoded decoded = decoder.Run(json);
    return decoded.ok() ? static_cast<int64_t>(decoded.event->position) : -1;
  };
  EXPECT_EQ(position("3"), 3);
  EXPECT_EQ(position("\"3\""), 3);
  EXPECT_EQ(position("3.0"), 3);
  EXPECT_EQ(position("2e1"), 20);
  EXPECT_EQ(position("250e-1"), 25);
  EXPECT_EQ(position("0e999999999999"), 0);
  EXPECT_EQ(position("4294967295"), 4294967295);
  EXPECT_EQ(position("4294967296"), -1);
  EXPECT_EQ(position("25e-1"), -1);
  EXPECT_EQ(position("1e999999999999"), -1);
  EXPECT_EQ(position("-1"), -1);
  EXPECT_EQ(position("\" 3\""), -1);
  EXPECT_EQ(position("\"3 \""), -1);
  EXPECT_EQ(position("\"\""), -1);
}

}  // namespace
}  // namespace lineward::event
