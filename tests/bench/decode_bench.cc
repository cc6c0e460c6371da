// CPU of decoding one promotion: all 30 fields against protobuf's parse and serialise (floor: at
// most 0.25 of it), JSON against simdjson's DOM alone (at most 1.0). Median of rounds that run the
// variants in turn, so that both see the same machine. Prints one JSON line per ratio; exit 1 above
// a floor.

#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>
#include <vector>

#include "lineward/base/check.h"
#include "lineward/event/decode.h"
#include "lineward/event/v1/promotion.pb.h"

namespace lineward::event {
namespace {

constexpr int kRounds = 15;
constexpr int kEvents = 20'000;

v1::Promotion FullPromotion() {
  v1::Promotion promotion;
  promotion.set_event_id("018f3a1c-7b2e-7c4d-9a51-3f0c6e2d8b11");
  promotion.mutable_event_time()->set_seconds(1772366400);
  promotion.mutable_event_time()->set_nanos(120000000);
  promotion.set_surface("home_feed");
  promotion.set_subject_id("u-93ab-7721-4410");
  promotion.set_item_id("sku-118712345");
  promotion.set_model_name("ranker");
  promotion.set_model_version("42");
  promotion.set_purpose("dpv:ProvideProductRecommendations");
  promotion.set_jurisdiction("DE-BY");
  promotion.set_processing_region("IE");
  promotion.set_weights_digest("sha256:" + std::string(64, 'a'));
  promotion.add_sources("shop/sessions@sha256:" + std::string(64, 'b'));
  promotion.set_subject_class(v1::SUBJECT_CLASS_ADULT);
  (*promotion.mutable_attributes())["rank"] = "3";
  promotion.set_tenant("acme");
  promotion.set_recommender_id("recs-main");
  promotion.set_consent_ref("c-100");
  promotion.add_consented_purposes("dpv:Marketing");
  promotion.set_position(3);
  promotion.set_slate_size(20);
  promotion.set_slate_id("slate-118");
  promotion.set_experiment_arm("b");
  promotion.set_score(0.731);
  promotion.set_propensity(0.045);
  promotion.set_creator_id("creator-1");
  promotion.set_sponsor_id("sponsor-1");
  promotion.add_item_labels("political");
  auto* signal = promotion.add_top_signals();
  signal->set_name("viewed");
  signal->set_weight(1.5);
  signal->set_source("shop/views");
  promotion.set_user_option(v1::USER_OPTION_PROFILED);
  promotion.set_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01");
  return promotion;
}

constexpr std::string_view kJson =
    R"({"eventId":"018f3a1c-7b2e-7c4d-9a51-3f0c6e2d8b11","eventTime":"2026-03-01T12:00:00.120Z",)"
    R"("surface":"home_feed","subjectId":"u-93ab-7721","itemId":"sku-118712345","modelName":"ranker",)"
    R"("modelVersion":"42","purpose":"dpv:ProvideProductRecommendations","jurisdiction":"DE",)"
    R"("position":3,"slateSize":20,"propensity":0.045,"attributes":{"rank":"3"}})";

double CpuSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
}

template <typename Work>
double NanosPerEvent(const Work& work) {
  const double start = CpuSeconds();
  for (int i = 0; i < kEvents; ++i) work();
  return (CpuSeconds() - start) * 1e9 / kEvents;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

// Prints the ratio of the medians; true if it is within the floor.
template <typename Ours, typename Theirs>
bool Compare(const char* name, double floor, const Ours& ours, const Theirs& theirs) {
  std::vector<double> our_times;
  std::vector<double> their_times;
  for (int round = 0; round < kRounds; ++round) {
    our_times.push_back(NanosPerEvent(ours));
    their_times.push_back(NanosPerEvent(theirs));
  }
  const double mine = Median(our_times);
  const double other = Median(their_times);
  std::printf("{\"bench\":\"%s\",\"ns\":%.0f,\"baseline_ns\":%.0f,\"ratio\":%.3f,\"floor\":%.2f}\n",
              name, mine, other, mine / other, floor);
  return mine / other <= floor;
}

int Run() {
  Scratch scratch;
  const SourceOptions options;
  const std::string bytes = FullPromotion().SerializeAsString();
  std::printf("{\"protobuf_bytes\":%zu,\"json_bytes\":%zu}\n", bytes.size(), kJson.size());
  LW_CHECK(Decode({}, bytes, options, &scratch).ok());
  LW_CHECK(Decode({}, kJson, options, &scratch).ok());
  v1::Promotion message;
  std::string written;
  const bool is_protobuf_fast = Compare(
      "decode_protobuf", 0.25,
      [&] { LW_CHECK(Decode({}, bytes, options, &scratch).event != nullptr); },
      [&] {
        LW_CHECK(message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())));
        LW_CHECK(message.SerializeToString(&written));
      });
  simdjson::dom::parser parser;
  const simdjson::padded_string padded(kJson);
  const bool is_json_fast = Compare(
      "decode_json", 1.0, [&] { LW_CHECK(Decode({}, kJson, options, &scratch).event != nullptr); },
      [&] { LW_CHECK(parser.parse(padded).error() == simdjson::SUCCESS); });
  return is_protobuf_fast && is_json_fast ? 0 : 1;
}

}  // namespace
}  // namespace lineward::event

int main() { return lineward::event::Run(); }
