#include "lineward/gate/output_headers.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace lineward::gate {
namespace {

OutputFacts Facts() {
  OutputFacts facts;
  facts.decision_id = "promotions-3-7";
  facts.topic = "promotions";
  facts.partition = 3;
  facts.offset = 7;
  facts.outcome = decision::Outcome::kAllow;
  facts.tail = "m=a@1;";
  facts.time_ms = 5;
  return facts;
}

using Strings = std::vector<std::string>;

Strings Texts(std::span<const stream::Header> headers) {
  Strings texts;
  for (const stream::Header& header : headers) {
    texts.push_back(std::string(header.name) + "=" +
                    (header.value.has_value() ? std::string(*header.value) : "(null)"));
  }
  return texts;
}

TEST(OutputHeaders, PutsOursBehindWhatCameIn) {
  OutputHeaders composer;
  const std::vector<stream::Header> in = {{"b", "1"}, {"a", std::nullopt}, {"b", ""}};
  EXPECT_EQ(Texts(composer.Compose(in, Facts())),
            (Strings{"b=1", "a=(null)", "b=", "lineward-id=promotions-3-7",
                     "lineward-decision=ALLOW;m=a@1;t=5"}));
  EXPECT_EQ(composer.removed().forged, 0u);
}

TEST(OutputHeaders, RemovesAndCountsWhatOnlyWeMayWrite) {
  OutputHeaders composer;
  const std::vector<stream::Header> in = {
      {"lineward-id", "x"}, {"LINEWARD-", "x"}, {"lineward-replay-of", "x"}, {"linewards", "y"}};
  EXPECT_EQ(Texts(composer.Compose(in, Facts())).front(), "linewards=y");
  EXPECT_EQ(composer.removed().forged, 2u);
  EXPECT_EQ(composer.removed().replays, 1u);
}

TEST(OutputHeaders, KeepsTheClaimThatTheDecoderFound) {
  OutputHeaders composer;
  OutputFacts facts = Facts();
  facts.replay_of = "promotions-3-1";
  const std::vector<stream::Header> in = {{"lineward-replay-of", "promotions-3-1"}};
  EXPECT_EQ(Texts(composer.Compose(in, facts)).front(), "lineward-replay-of=promotions-3-1");
  EXPECT_EQ(composer.removed().replays, 0u);
}

TEST(OutputHeaders, NamesTheReasonOfARefusalAlone) {
  OutputHeaders composer;
  OutputFacts facts = Facts();
  facts.outcome = decision::Outcome::kBlock;
  facts.reason = "RULE_FORBID";
  facts.obligations = "[]";
  facts.is_shadow = true;
  EXPECT_EQ(
      Texts(composer.Compose({}, facts)),
      (Strings{"lineward-id=promotions-3-7", "lineward-decision=BLOCK;r=RULE_FORBID;m=a@1;t=5",
               "lineward-obligations=[]", "lineward-mode=shadow"}));
}

TEST(OutputHeaders, CutsADeadLettersHeadersBeforeItLooksAtThem) {
  OutputHeaders composer;
  OutputFacts facts = Facts();
  facts.malformed = {event::Cause::kHeadersTooLarge, 0, 0};
  std::vector<stream::Header> in(64, stream::Header{"h", "v"});
  in[0] = {"lineward-id", "forged"};
  in.push_back({"last", "v"});
  const Strings texts = Texts(composer.Compose(in, facts));
  EXPECT_EQ(std::count(texts.begin(), texts.end(), "h=v"), 63);
  EXPECT_EQ(std::count(texts.begin(), texts.end(), "last=v"), 0);
  EXPECT_EQ(texts.back(), "__connect.errors.exception.message=headers_too_large");
}

TEST(DecisionTail, LeavesOutWhatIsUnknownAndEncodesTheRest) {
  crypto::Digest set{};
  set.fill(0x1f);
  EXPECT_EQ(DecisionTail("", "", std::nullopt, std::nullopt, set),
            "p=1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f;");
  decision::Bytes16 closure{};
  closure.fill(0x44);
  EXPECT_EQ(DecisionTail("a b", "1;", std::nullopt, closure, set),
            "m=a%20b@1%3B;l=44444444444444444444444444444444;p=1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f1f;");
}

}  // namespace
}  // namespace lineward::gate
