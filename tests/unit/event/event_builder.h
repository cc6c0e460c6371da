#pragma once

// Promotions for these tests: a good one in both forms, and what becomes of it.

#include <string>
#include <string_view>
#include <vector>

#include "lineward/event/decode.h"
#include "lineward/event/v1/promotion.pb.h"

namespace lineward::event {

inline v1::Promotion GoodPromotion() {
  v1::Promotion promotion;
  promotion.set_event_id("r-81f2/3");
  promotion.mutable_event_time()->set_seconds(1772366400);
  promotion.mutable_event_time()->set_nanos(120000000);
  promotion.set_surface("home_feed");
  promotion.set_item_id("sku-1187");
  promotion.set_model_name("ranker");
  promotion.set_model_version("42");
  promotion.set_purpose("dpv:Marketing");
  return promotion;
}

// A good JSON promotion with more members, e.g. `"position": 3`.
inline std::string GoodJson(std::string_view more = "") {
  std::string json =
      R"({"eventId":"r-81f2/3","eventTime":"2026-03-01T12:00:00.120Z","surface":"home_feed",)"
      R"("itemId":"sku-1187","modelName":"ranker","modelVersion":"42","purpose":"dpv:Marketing")";
  if (!more.empty()) json.append(",").append(more);
  return json + "}";
}

struct Outcome {
  Cause cause;
  std::string field;
  bool operator==(const Outcome&) const = default;
};
inline void PrintTo(const Outcome& outcome, std::ostream* out) {
  *out << (outcome.cause == Cause::kNone ? "good" : CauseName(outcome.cause)) << " "
       << outcome.field;
}
inline const Outcome kGood = {Cause::kNone, ""};

// Decodes with one Scratch for the whole test, as a loop does.
class Decoder {
 public:
  Decoded Run(std::string_view value) { return Decode(headers, value, options, &scratch_); }
  Decoded RunTombstone() { return Decode(headers, std::nullopt, options, &scratch_); }
  Outcome Of(std::string_view value) {
    const Decoded decoded = Run(value);
    return {decoded.error.cause, std::string(FieldName(decoded.error.field))};
  }
  Outcome Of(const v1::Promotion& promotion) { return Of(promotion.SerializeAsString()); }

  std::vector<Header> headers;
  SourceOptions options;

 private:
  Scratch scratch_;
};

}  // namespace lineward::event
