#include "tools/lineward/demo_data.h"

#include <fmt/format.h>

#include <random>

namespace lineward::cli {
namespace {

using document::Json;

// Every 20th person withdrew, every 20th never said anything, every 25th is a minor.
constexpr size_t kWithdrawnEvery = 20;
constexpr size_t kSilentEvery = 20;
constexpr size_t kMinorEvery = 25;
constexpr size_t kItems = 3'000;

bool IsWithdrawn(size_t person) { return person % kWithdrawnEvery == 3; }
bool IsSilent(size_t person) { return person % kSilentEvery == 11; }
bool IsMinor(size_t person) { return person % kMinorEvery == 7; }
bool HasConsent(size_t person) { return !IsWithdrawn(person) && !IsSilent(person); }

std::string PersonId(size_t person) { return fmt::format("u-{:03}", person); }

Json Texts(std::initializer_list<const char*> values) {
  Json list = Json::EmptyList();
  for (const char* value : values) list.Append(value);
  return list;
}

Json Dataset(const char* name, const char* purpose, const char* basis, const char* category) {
  Json grant;
  grant.Set("purposes", Texts({purpose}));
  grant.Set("basis", basis);
  Json grants = Json::EmptyList();
  grants.Append(std::move(grant));
  Json declaration;
  declaration.Set("grants", std::move(grants));
  declaration.Set("categories", Texts({category}));
  declaration.Set("regions", Texts({"EU"}));
  Json item;
  item.Set("kind", "DATASET");
  item.Set("namespace", "default");
  item.Set("name", name);
  item.Set("type", "TABLE");
  item.Set("declaration", std::move(declaration));
  return item;
}

Json NamedModel(const char* name, const char* description) {
  Json item;
  item.Set("kind", "MODEL");
  item.Set("name", name);
  item.Set("description", description);
  return item;
}

Json ModelVersion(const char* model, int version, char digit) {
  Json item;
  item.Set("kind", "MODEL_VERSION");
  item.Set("model", model);
  item.Set("version", version);
  item.Set("weights_digest", fmt::format("sha256:{}", std::string(64, digit)));
  return item;
}

}  // namespace

Json DemoRegistrations() {
  Json items = Json::EmptyList();
  items.Append(Dataset("clicks", "dpv:ServicePersonalisation", "CONSENT", "behaviour.viewing"));
  items.Append(Dataset("catalogue", "dpv:Purpose", "CONTRACT", "content.catalogue"));
  items.Append(
      Dataset("support-chats", "dpv:ServiceUsageAnalytics", "CONTRACT", "content.support"));
  Json run;
  run.Set("kind", "RUN");
  run.Set("id", "7f31c0de");
  run.Set("job", "default/train-ranker");
  run.Set("state", "COMPLETED");
  run.Set("reads", Texts({"default/clicks", "default/catalogue", "default/support-chats"}));
  items.Append(std::move(run));
  items.Append(NamedModel("ranker", "ranks products for a person"));
  items.Append(NamedModel("finder", "finds products for a search"));
  Json first = ModelVersion("ranker", 1, '1');
  first.Set("inputs", Texts({"default/clicks", "default/catalogue"}));
  items.Append(std::move(first));
  Json second = ModelVersion("ranker", 2, '2');
  second.Set("run", "7f31c0de");
  items.Append(std::move(second));
  Json finder = ModelVersion("finder", 1, '3');
  finder.Set("inputs", Texts({"default/catalogue"}));
  items.Append(std::move(finder));
  Json body;
  body.Set("items", std::move(items));
  return body;
}

Json DemoConsents(std::string_view said_at) {
  Json items = Json::EmptyList();
  const auto say = [&](size_t person, const char* state) {
    Json item;
    item.Set("subject", PersonId(person));
    item.Set("purpose", "dpv:ServicePersonalisation");
    item.Set("state", state);
    item.Set("effective_at", said_at);
    item.Set("request_id", fmt::format("demo-{}-{}", person, state));
    items.Append(std::move(item));
  };
  for (size_t person = 0; person < kDemoPeople; ++person) {
    say(person, IsSilent(person) ? "NEVER" : IsWithdrawn(person) ? "WITHDRAWN" : "GRANTED");
  }
  Json body;
  body.Set("items", std::move(items));
  return body;
}

std::vector<DemoPromotion> DemoPromotions(std::string_view event_time) {
  std::mt19937_64 random(kDemoSeed);
  const auto below = [&](size_t bound) { return static_cast<size_t>(random() % bound); };
  std::vector<DemoPromotion> promotions;
  promotions.reserve(kDemoPromotions);
  for (size_t i = 0; i < kDemoPromotions; ++i) {
    const size_t person = below(kDemoPeople);
    const size_t draw = below(1'000);
    Json event;
    event.Set("event_id", fmt::format("shop-{:04}", i));
    event.Set("event_time", event_time);
    event.Set("subject_id", PersonId(person));
    event.Set("item_id", fmt::format("sku-{:04}", below(kItems)));
    event.Set("subject_class", IsMinor(person) ? "MINOR" : "ADULT");
    event.Set("jurisdiction", "DE");
    event.Set("processing_region", "DE");
    event.Set("position", static_cast<int64_t>(1 + below(20)));
    event.Set("slate_size", 20);
    event.Set("model_name", "ranker");
    event.Set("model_version", "1");
    event.Set("surface", draw % 3 == 0 ? "product_page" : "home_feed");
    event.Set("purpose", "dpv:ProvideProductRecommendations");

    DemoKind kind = DemoKind::kAllowed;
    if (draw < 52) {
      kind = DemoKind::kUnknownModel;
      event.Set("model_version", "3");
    } else if (draw < 120) {
      kind = DemoKind::kWrongData;
      event.Set("model_version", "2");
    } else if (draw < 300) {
      event.Set("model_name", "finder");
      event.Set("surface", "search_results");
      event.Set("purpose", "dpv:SearchFunctionalities");
    } else if (draw < 310) {
      kind = DemoKind::kWrongPurpose;
      event.Set("surface", "product_page");
      event.Set("purpose", "dpv:TargetedAdvertising");
      event.Set("model_name", "finder");
    } else if (draw < 316) {
      kind = DemoKind::kMalformed;
      event.Set("item_id", "");
    } else if (!HasConsent(person)) {
      kind = DemoKind::kNoConsent;
    } else if (IsMinor(person)) {
      kind = DemoKind::kMinor;
    } else if (draw < 330) {
      kind = DemoKind::kUnknownPlace;
      event.Set("processing_region", "");
    }
    promotions.push_back({kind, PersonId(person), std::move(event)});
  }
  return promotions;
}

}  // namespace lineward::cli
