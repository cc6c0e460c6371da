#include "event/src/protobuf_scan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "tests/unit/event/event_builder.h"

namespace lineward::event {
namespace {

using v1::Promotion;
using Setter = void (Promotion::*)(const std::string&);

struct TextLimit {
  std::string field;
  size_t bytes_max;
  std::function<void(Promotion*, std::string)> set;
};

std::vector<TextLimit> TextLimits() {
  return {
      {"event_id", 128, [](Promotion* p, std::string t) { p->set_event_id(t); }},
      {"surface", 128, [](Promotion* p, std::string t) { p->set_surface(t); }},
      {"subject_id", 128, [](Promotion* p, std::string t) { p->set_subject_id(t); }},
      {"item_id", 256, [](Promotion* p, std::string t) { p->set_item_id(t); }},
      {"model_name", 128, [](Promotion* p, std::string t) { p->set_model_name(t); }},
      {"model_version", 64, [](Promotion* p, std::string t) { p->set_model_version(t); }},
      {"purpose", 256, [](Promotion* p, std::string t) { p->set_purpose(t); }},
      {"sources", 512, [](Promotion* p, std::string t) { p->add_sources(t); }},
      {"attributes", 64, [](Promotion* p, std::string t) { (*p->mutable_attributes())[t] = ""; }},
      {"attributes", 256, [](Promotion* p, std::string t) { (*p->mutable_attributes())["k"] = t; }},
      {"tenant", 64, [](Promotion* p, std::string t) { p->set_tenant(t); }},
      {"recommender_id", 128, [](Promotion* p, std::string t) { p->set_recommender_id(t); }},
      {"consent_ref", 128, [](Promotion* p, std::string t) { p->set_consent_ref(t); }},
      {"consented_purposes", 256,
       [](Promotion* p, std::string t) { p->add_consented_purposes(t); }},
      {"slate_id", 128, [](Promotion* p, std::string t) { p->set_slate_id(t); }},
      {"experiment_arm", 64, [](Promotion* p, std::string t) { p->set_experiment_arm(t); }},
      {"creator_id", 128, [](Promotion* p, std::string t) { p->set_creator_id(t); }},
      {"sponsor_id", 128, [](Promotion* p, std::string t) { p->set_sponsor_id(t); }},
      {"item_labels", 64, [](Promotion* p, std::string t) { p->add_item_labels(t); }},
      {"top_signals", 64, [](Promotion* p, std::string t) { p->add_top_signals()->set_name(t); }},
      {"top_signals", 512,
       [](Promotion* p, std::string t) { p->add_top_signals()->set_source(t); }},
      {"traceparent", 512, [](Promotion* p, std::string t) { p->set_traceparent(t); }},
  };
}

TEST(ProtobufScan, TakesEachTextUpToItsLimitAndNoByteMore) {
  Decoder decoder;
  for (const TextLimit& limit : TextLimits()) {
    SCOPED_TRACE(limit.field);
    Promotion longest = GoodPromotion();
    limit.set(&longest, std::string(limit.bytes_max, 'a'));
    EXPECT_EQ(decoder.Of(longest), kGood);
    Promotion longer = GoodPromotion();
    limit.set(&longer, std::string(limit.bytes_max + 1, 'a'));
    EXPECT_EQ(decoder.Of(longer), (Outcome{Cause::kTooLong, limit.field}));
  }
}

TEST(ProtobufScan, RefusesControlCharactersInEveryTextButTraceparent) {
  Decoder decoder;
  for (const TextLimit& limit : TextLimits()) {
    SCOPED_TRACE(limit.field);
    for (const char c : {'\0', '\t', '\x1f', '\x7f'}) {
      Promotion promotion = GoodPromotion();
      // Behind eight bytes, so that both ways of looking at bytes are taken.
      limit.set(&promotion, std::string("abcdefgh") + c);
      EXPECT_EQ(decoder.Of(promotion),
                limit.field == "traceparent" ? kGood : (Outcome{Cause::kBadValue, limit.field}));
    }
  }
}

TEST(ProtobufScan, CountsListsUpToTheirLimits) {
  struct ListLimit {
    std::string field;
    int items_max;
    std::function<void(Promotion*, int)> add;
  };
  const std::vector<ListLimit> limits = {
      {"sources", 32, [](Promotion* p, int) { p->add_sources("ns/a"); }},
      {"attributes", 32,
       [](Promotion* p, int i) { (*p->mutable_attributes())[std::to_string(i)] = "v"; }},
      {"consented_purposes", 32, [](Promotion* p, int) { p->add_consented_purposes("x"); }},
      {"item_labels", 16, [](Promotion* p, int) { p->add_item_labels("x"); }},
      {"top_signals", 8, [](Promotion* p, int) { p->add_top_signals()->set_name("x"); }},
  };
  Decoder decoder;
  for (const ListLimit& limit : limits) {
    SCOPED_TRACE(limit.field);
    Promotion promotion = GoodPromotion();
    for (int i = 0; i < limit.items_max; ++i) limit.add(&promotion, i);
    EXPECT_EQ(decoder.Of(promotion), kGood);
    limit.add(&promotion, limit.items_max);
    EXPECT_EQ(decoder.Of(promotion), (Outcome{Cause::kTooLong, limit.field}));
  }
}

TEST(ProtobufScan, ReadsEveryFieldAsProtobufWroteIt) {
  Promotion promotion = GoodPromotion();
  promotion.set_subject_id("u-93ab");
  promotion.set_jurisdiction("DE-BY");
  promotion.set_processing_region("IE");
  promotion.set_weights_digest("sha256:" + std::string(64, 'a'));
  promotion.add_sources("ns/a");
  promotion.add_sources("ns/b");
  promotion.set_subject_class(v1::SUBJECT_CLASS_MINOR);
  (*promotion.mutable_attributes())["rank"] = "3";
  promotion.set_position(4294967295u);
  promotion.set_slate_size(20);
  promotion.set_score(-2.5);
  promotion.set_propensity(1);
  promotion.add_item_labels("political");
  auto* signal = promotion.add_top_signals();
  signal->set_name("viewed");
  signal->set_weight(1.5);
  signal->set_source("ns/views");
  promotion.set_user_option(v1::USER_OPTION_NON_PROFILED);

  Decoder decoder;
  const std::string bytes = promotion.SerializeAsString();
  const Decoded decoded = decoder.Run(bytes);
  ASSERT_TRUE(decoded.ok());
  const EventView& event = *decoded.event;
  EXPECT_EQ(event.event_id, "r-81f2/3");
  EXPECT_EQ(event.event_time_us, 1772366400120000);
  EXPECT_EQ(event.subject_id, "u-93ab");
  EXPECT_EQ(event.jurisdiction, "DE-BY");
  EXPECT_EQ(event.sources.size(), 2u);
  EXPECT_EQ(event.sources[1], "ns/b");
  EXPECT_EQ(event.subject_class, SubjectClass::kMinor);
  ASSERT_EQ(event.attributes.size(), 1u);
  EXPECT_EQ(event.attributes[0], (Attribute{"rank", "3"}));
  EXPECT_EQ(event.position, 4294967295u);
  EXPECT_EQ(event.score, -2.5);
  EXPECT_EQ(event.propensity, 1.0);
  ASSERT_EQ(event.top_signals.size(), 1u);
  EXPECT_EQ(event.top_signals[0], (Signal{"viewed", 1.5, "ns/views"}));
  EXPECT_EQ(event.user_option, UserOption::kNonProfiled);
  EXPECT_EQ(event.schema, "pb");
  // Views point into the record: nothing was copied.
  EXPECT_GE(event.item_id.data(), bytes.data());
  EXPECT_LT(event.item_id.data(), bytes.data() + bytes.size());
}

TEST(ProtobufScan, KeepsWhatLastEventHeldOutOfTheNext) {
  Promotion full = GoodPromotion();
  full.set_subject_id("u-93ab");
  full.add_sources("ns/a");
  full.set_score(1);
  full.set_subject_class(v1::SUBJECT_CLASS_ADULT);
  Decoder decoder;
  EXPECT_EQ(decoder.Of(full), kGood);
  const std::string bytes = GoodPromotion().SerializeAsString();
  const Decoded decoded = decoder.Run(bytes);
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded.event->subject_id, "");
  EXPECT_TRUE(decoded.event->sources.empty());
  EXPECT_FALSE(decoded.event->score.has_value());
  EXPECT_EQ(decoded.event->subject_class, SubjectClass::kUnspecified);
}

TEST(ProtobufScan, RefusesEveryCutOfAnEvent) {
  // A cut in front of a tag is a shorter event, any other cannot be read.
  Promotion promotion = GoodPromotion();
  promotion.add_top_signals()->set_name("viewed");
  const std::string bytes = promotion.SerializeAsString();
  Decoder decoder;
  int unreadable = 0;
  for (size_t size = 0; size < bytes.size(); ++size) {
    Promotion parsed;
    const bool is_parsed = parsed.ParseFromArray(bytes.data(), static_cast<int>(size));
    const Outcome outcome = decoder.Of(bytes.substr(0, size));
    EXPECT_EQ(outcome.cause == Cause::kProtobuf, !is_parsed) << size;
    unreadable += is_parsed ? 0 : 1;
  }
  EXPECT_GT(unreadable, 50);
}

TEST(ProtobufScan, RefusesGroupsAndUnknownWireTypes) {
  Decoder decoder;
  const std::string good = GoodPromotion().SerializeAsString();
  for (const int wire : {3, 4, 6, 7}) {
    const std::string tag = {static_cast<char>(0xb0 + wire), 0x09};
    EXPECT_EQ(decoder.Of(good + tag), (Outcome{Cause::kProtobuf, ""})) << wire;
  }
}

TEST(ProtobufScan, FindsDuplicatesInNestedMessages) {
  Decoder decoder;
  const std::string good = GoodPromotion().SerializeAsString();
  using std::string_literals::operator""s;
  EXPECT_EQ(decoder.Of(good + "*\1x"), (Outcome{Cause::kDuplicateField, "item_id"}));
  EXPECT_EQ(decoder.Of(good + "r\6\n\1k\n\1k"), (Outcome{Cause::kDuplicateField, "attributes"}));
  EXPECT_EQ(decoder.Of(good + "\xe2\1\6\n\1s\n\1s"),
            (Outcome{Cause::kDuplicateField, "top_signals"}));
  EXPECT_EQ(decoder.Of(good + "\x68\1\x68\1"), (Outcome{Cause::kDuplicateField, "subject_class"}));
  EXPECT_EQ(decoder.Of(good + "\x98\1\1\x98\1\1"), (Outcome{Cause::kDuplicateField, "position"}));
}

// Found by fuzzing: the first of two keys of an entry was overwritten before anybody looked at it.
TEST(ProtobufScan, ChecksTextThatARepeatReplaces) {
  Decoder decoder;
  const std::string good = GoodPromotion().SerializeAsString();
  EXPECT_EQ(decoder.Of(good + "r\6\n\1\xff\n\1k"), (Outcome{Cause::kUtf8, "attributes"}));
  EXPECT_EQ(decoder.Of(good + "\xe2\1\6\x1a\1\xff\x1a\1s"), (Outcome{Cause::kUtf8, "top_signals"}));
}

TEST(ProtobufScan, FindsOneRepeatedMapKeyAmongMany) {
  const auto entry = [](const std::string& key) {
    return std::string("r") + static_cast<char>(key.size() + 2) + "\n" +
           static_cast<char>(key.size()) + key;
  };
  std::string bytes = GoodPromotion().SerializeAsString();
  for (int i = 0; i < 500; ++i) bytes += entry("k" + std::to_string(i));
  Decoder decoder;
  EXPECT_EQ(decoder.Of(bytes), (Outcome{Cause::kTooLong, "attributes"}));
  EXPECT_EQ(decoder.Of(bytes + entry("k250")), (Outcome{Cause::kDuplicateField, "attributes"}));
}

TEST(ProtobufScan, TakesFiniteScoresAndProbabilitiesOnly) {
  Decoder decoder;
  const auto with_score = [&](double score) {
    Promotion promotion = GoodPromotion();
    promotion.set_score(score);
    return decoder.Of(promotion);
  };
  const auto with_propensity = [&](double propensity) {
    Promotion promotion = GoodPromotion();
    promotion.set_propensity(propensity);
    return decoder.Of(promotion);
  };
  EXPECT_EQ(with_score(0), kGood);
  EXPECT_EQ(with_score(-1e308), kGood);
  EXPECT_EQ(with_score(std::nan("")), (Outcome{Cause::kBadValue, "score"}));
  EXPECT_EQ(with_score(std::numeric_limits<double>::infinity()),
            (Outcome{Cause::kBadValue, "score"}));
  EXPECT_EQ(with_propensity(5e-324), kGood);
  EXPECT_EQ(with_propensity(1), kGood);
  EXPECT_EQ(with_propensity(0), (Outcome{Cause::kBadValue, "propensity"}));
  EXPECT_EQ(with_propensity(-0.5), (Outcome{Cause::kBadValue, "propensity"}));
  EXPECT_EQ(with_propensity(1.0000001), (Outcome{Cause::kBadValue, "propensity"}));
  EXPECT_EQ(with_propensity(std::nan("")), (Outcome{Cause::kBadValue, "propensity"}));
}

}  // namespace
}  // namespace lineward::event
