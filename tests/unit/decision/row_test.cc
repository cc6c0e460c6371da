#include "lineward/decision/row.h"

#include <gtest/gtest.h>

#include <string>

#include "lineward/base/bytes.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/decision/reasons.h"

namespace lineward::decision {
namespace {

RunFields GateRun() {
  RunFields run;
  run.control = {7, 5, 9, 2};
  run.registry_seq = 515;
  run.control_age_ms = {40, 12};
  run.seat = "lineward.gate.gate-0.0";
  run.software = "0.1.0";
  run.source_digest.fill(0x22);
  return run;
}

VerdictFields FullVerdict() {
  VerdictFields verdict;
  verdict.outcome = Outcome::kBlock;
  verdict.route = Route::kBlocked;
  verdict.mode = Mode::kCanary;
  verdict.binding = "home-feed";
  verdict.reasons = {{.code = 802, .outcome = Outcome::kBlock, .rule = {}},
                     {.code = 800, .outcome = Outcome::kQuarantine, .rule = "recs@7/minors"}};
  verdict.rules = {"recs@7/minors"};
  verdict.rule_errors = {"recs@7/broken"};
  verdict.obligations = R"([{"type":"no_train"}])";
  verdict.shadow = {.outcome = Outcome::kAllow, .code = 0};
  verdict.original = Outcome::kAllow;
  verdict.overflow = {1, 0, 3};
  verdict.canary = 5;
  verdict.ground = Ground::kLegal;
  verdict.grant = {.id = "g-1", .uses_left = 4};
  return verdict;
}

// A row with something in each column.
std::string FullRow() {
  std::string row = "\x01";
  AppendRun(GateRun(), &row);
  AppendVerdict(FullVerdict(), &row);
  AppendModel({.recommender = "recs",
               .model = "ranker",
               .version = "42",
               .weights = crypto::Sha256Of("weights"),
               .closure = Bytes16{1, 2, 3}},
              &row);
  PlaceFields place;
  place.tenant = "acme";
  place.surface = "home";
  place.schema = "json";
  place.sources = {"shop/views", "shop/views"};
  place.user_option = 2;
  AppendPlace(place, &row);
  AppendPurpose({.purpose = "dpv:Marketing", .consent = 0, .basis = 5}, &row);
  AppendWhere({.jurisdiction = "DE", .processing_region = "IE"}, &row);
  AppendMarks({.flags = kDigestOk | kSponsored,
               .breaker = MarksFields::Breaker{.key = "ctr", .state = 2, .epoch = 300, .marks = 1}},
              &row);
  base::AppendUv(&row, 80);
  row.append("\x01\x29", 2);
  return row;
}

TEST(DecodedRow, GivesBackEveryField) {
  const auto row = DecodedRow::Decode(FullRow());
  ASSERT_TRUE(row.ok()) << row.status();
  EXPECT_EQ(row->run.control, GateRun().control);
  EXPECT_EQ(row->run.seat, "lineward.gate.gate-0.0");
  EXPECT_EQ(row->verdict.outcome, Outcome::kBlock);
  EXPECT_EQ(row->verdict.mode, Mode::kCanary);
  EXPECT_EQ(row->verdict.reasons, FullVerdict().reasons);
  EXPECT_EQ(row->verdict.rule_errors, FullVerdict().rule_errors);
  EXPECT_EQ(row->verdict.obligations, R"([{"type":"no_train"}])");
  EXPECT_EQ(row->verdict.shadow->outcome, Outcome::kAllow);
  EXPECT_EQ(row->verdict.original, Outcome::kAllow);
  EXPECT_EQ(row->verdict.overflow[2], 3u);
  EXPECT_EQ(row->verdict.ground, Ground::kLegal);
  EXPECT_EQ(row->verdict.grant->uses_left, 4u);
  EXPECT_EQ(row->model.weights, crypto::Sha256Of("weights"));
  EXPECT_EQ(row->place.sources.size(), 2u);
  EXPECT_EQ(row->purpose.consent, 0);
  EXPECT_EQ(row->where.processing_region, "IE");
  EXPECT_EQ(row->marks.flags, uint64_t{kDigestOk | kSponsored});
  EXPECT_EQ(row->marks.breaker->epoch, 300u);
  EXPECT_EQ(row->offset, 41u);
  EXPECT_FALSE(row->envelope.has_value());
  EXPECT_EQ(row->bytes(), FullRow());
}

TEST(DecodedRow, ItsTextsOutliveTheOriginal) {
  std::optional<DecodedRow> original = DecodedRow::Decode(FullRow()).value();
  const DecodedRow copy = *original;
  original.reset();
  EXPECT_EQ(copy.verdict.binding, "home-feed");
}

TEST(DecodedRow, KeepsFieldsItDoesNotKnow) {
  std::string row = FullRow();
  base::AppendUv(&row, 950);
  row.append("\x02zz", 3);
  const auto decoded = DecodedRow::Decode(row);
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(decoded->bytes(), row);
}

TEST(DecodedRow, RefusesEveryCutRow) {
  const std::string row = FullRow();
  for (size_t size = 0; size < row.size(); ++size) {
    EXPECT_FALSE(DecodedRow::Decode(row.substr(0, size)).ok()) << size;
  }
}

TEST(DecodedRow, TellsAnotherFormatApart) {
  std::string row = FullRow();
  row[0] = 2;
  EXPECT_EQ(base::ReasonOf(DecodedRow::Decode(row).status()), kRowFormatUnknown);
}

TEST(DecodeVerdict, RefusesValuesOutsideTheirRange) {
  std::string fragment;
  AppendVerdict(FullVerdict(), &fragment);
  ASSERT_TRUE(DecodeVerdict(fragment).ok());
  ASSERT_EQ(fragment.substr(0, 3), std::string("\x0a\x01\x03"));
  for (char outcome : {'\x00', '\x04'}) {
    std::string other = fragment;
    other[2] = outcome;
    const auto verdict = DecodeVerdict(other);
    EXPECT_EQ(base::ReasonOf(verdict.status()), kBlockUndecodable);
  }
}

TEST(DecodePlace, WantsSurfaceAndSchema) {
  std::string fragment;
  base::AppendUv(&fragment, 41);
  base::AppendBytes(&fragment, "home");
  const auto place = DecodePlace(fragment);
  EXPECT_FALSE(place.ok());
  EXPECT_EQ(base::MessageOf(place.status()), "column 4: no field 42");
}

TEST(DecodeMarks, RefusesAFieldOfAnotherColumnAndAWrittenZero) {
  std::string other_column;
  AppendWhere({.jurisdiction = "DE", .processing_region = {}}, &other_column);
  EXPECT_FALSE(DecodeMarks(other_column).ok());
  EXPECT_FALSE(DecodeMarks(std::string("\x46\x01\x00", 3)).ok());
  EXPECT_TRUE(DecodeMarks("\x46\x01\x01").ok());
}

TEST(FragmentTable, GivesOneIdPerText) {
  FragmentTable table;
  const FragmentId first = table.Intern("a");
  EXPECT_EQ(table.Intern("a"), first);
  EXPECT_NE(table.Intern("b"), first);
  EXPECT_EQ(table.Intern(""), kEmptyFragment);
  EXPECT_EQ(table.bytes(first), "a");
  EXPECT_EQ(table.bytes(kEmptyFragment), "");
}

TEST(FragmentTable, SaysWhenItIsFullAndStartsAnew) {
  FragmentTable table;
  for (size_t i = 0; !table.is_full(); ++i) table.Intern("fragment " + std::to_string(i));
  EXPECT_EQ(table.size(), FragmentTable::kFragmentsMax + 1);
  table.Clear();
  EXPECT_FALSE(table.is_full());
  EXPECT_EQ(table.Intern("x"), 1u);
}

TEST(FragmentTable, IsFullByBytesToo) {
  FragmentTable table;
  table.Intern(std::string(FragmentTable::kFragmentBytesMax + 1, 'x'));
  EXPECT_TRUE(table.is_full());
}

TEST(Names, AreThoseOfTheDocuments) {
  EXPECT_EQ(OutcomeName(Outcome::kQuarantine), "QUARANTINE");
  EXPECT_EQ(RouteName(Route::kDeadLetter), "dead-letter");
  EXPECT_EQ(ModeName(Mode::kShadow), "SHADOW");
  EXPECT_EQ(GroundName(Ground::kSafety), "SAFETY");
}

}  // namespace
}  // namespace lineward::decision
