#include "lineward/event/source_options.h"

#include <gtest/gtest.h>

#include <functional>

#include "lineward/base/status.h"
#include "lineward/event/reasons.h"

namespace lineward::event {
namespace {

TEST(SourceOptions, DefaultsAreValid) { EXPECT_TRUE(Validate(SourceOptions()).ok()); }

TEST(SourceOptions, RefusesWhatIsOutsideItsLimitsAndNamesIt) {
  const std::vector<std::pair<std::string, std::function<void(SourceOptions*)>>> cases = {
      {"topic", [](SourceOptions* o) { o->topic = ""; }},
      {"topic", [](SourceOptions* o) { o->topic = "a/b"; }},
      {"topic", [](SourceOptions* o) { o->topic = std::string(201, 'a'); }},
      {"max_bytes", [](SourceOptions* o) { o->max_bytes = 0; }},
      {"max_bytes", [](SourceOptions* o) { o->max_bytes = kMaxBytesLimit + 1; }},
      {"schema_ids", [](SourceOptions* o) { o->schema_ids = {"4294967296"}; }},
      {"schema_ids", [](SourceOptions* o) { o->schema_ids = {"07"}; }},
      {"schema_ids", [](SourceOptions* o) { o->schema_ids = {"7", "7"}; }},
      {"ce_types", [](SourceOptions* o) { o->ce_types = {""}; }},
      {"message_index", [](SourceOptions* o) { o->message_index = {}; }},
      {"message_index", [](SourceOptions* o) { o->message_index = {-1}; }},
      {"record", [](SourceOptions* o) { o->record = {"scores"}; }},
      {"start", [](SourceOptions* o) { o->start = {Start::Kind::kOffset, -1}; }},
      {"retention.rows", [](SourceOptions* o) { o->retention_rows = absl::ZeroDuration(); }},
  };
  for (const auto& [name, change] : cases) {
    SourceOptions options;
    change(&options);
    const absl::Status status = Validate(options);
    EXPECT_EQ(base::ReasonOf(status), kSourceOptionInvalid) << name;
    EXPECT_NE(base::MessageOf(status).find(name), std::string_view::npos) << status;
  }
}

TEST(SourceOptions, CanonicalTextDiffersForEveryOptionThatDecides) {
  const std::string defaults = CanonicalText({});
  const std::vector<std::function<void(SourceOptions*)>> changes = {
      [](SourceOptions* o) { o->topic = "p"; },
      [](SourceOptions* o) { o->format = Format::kJson; },
      [](SourceOptions* o) { o->max_bytes = 1; },
      [](SourceOptions* o) { o->schema_ids = {"7"}; },
      [](SourceOptions* o) { o->message_index = {1}; },
      [](SourceOptions* o) { o->ce_types = {"t"}; },
      [](SourceOptions* o) { o->personal_ids = false; },
      [](SourceOptions* o) { o->delivery = Delivery::kLowLatency; },
      [](SourceOptions* o) { o->record = {"score"}; },
      [](SourceOptions* o) { o->envelope = EnvelopeScope::kRow; },
  };
  for (const auto& change : changes) {
    SourceOptions options;
    change(&options);
    EXPECT_NE(CanonicalText(options), defaults);
  }
  // What only says where to start or how long to keep decides nothing.
  SourceOptions other;
  other.start = {Start::Kind::kLatest, 0};
  other.retention_rows = absl::Hours(1);
  EXPECT_EQ(CanonicalText(other), defaults);
}

TEST(SourceOptions, CanonicalTextIgnoresTheOrderOfSets) {
  SourceOptions a;
  a.schema_ids = {"7", "17"};
  SourceOptions b;
  b.schema_ids = {"17", "7"};
  EXPECT_EQ(CanonicalText(a), CanonicalText(b));
}

}  // namespace
}  // namespace lineward::event
