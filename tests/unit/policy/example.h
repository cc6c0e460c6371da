#pragma once

// The worked example of policy-files design, section 3, under the shipped taxonomy, without its
// canary lines.

#include <vector>

#include "tests/unit/policy/builders.h"

namespace lineward::policy {

inline constexpr std::string_view kExampleVocabulary = R"(
data_categories: {behaviour: {viewing: {}, purchase: {}}, profile: {age_band: {}}, special: {health: {}, politics: {}}}
places: {EU: {DE: {}, FR: {}}, US: {US-CA: {}}}
labels: [synthetic, scraped, licensed]
event_fields: {rank: {type: int, optional: true}, sponsored: {type: bool}}
label_orders: {disclosure: [none, short, full]}
)";
inline constexpr std::string_view kExampleEdges = R"(
edges:
- {id: analytics-recs, from: "dpv:ServiceUsageAnalytics", to: "dpv:ProvideProductRecommendations", assessment: DPIA-14, effective: {until: 2027-01-01T00:00:00Z}}
)";
inline constexpr std::string_view kExamplePolicy7 = R"(
policy: recs@7
owner: safety-team
rules:
- {id: recs-ok, effect: permit, match: {purpose_under: ["dpv:ServicePersonalisation"], subject_class: [adult, minor]}}
)";
inline constexpr std::string_view kExamplePolicy8 = R"(
policy: recs@8
owner: safety-team
rules:
- {id: recs-ok, effect: permit, match: {purpose_under: ["dpv:ServicePersonalisation"], subject_class: [adult, minor]},
   obligations: [{type: ttl, seconds: 86400}], explanation: "{{event.surface}} may promote for {{event.purpose}}"}
- {id: minors-no-profiling, effect: forbid, severity: block, hard: true, match: {subject_class: [minor], data_category_under: [behaviour, profile]}}
- {id: no-special-in-eu, effect: forbid, match: {place_under: [EU], data_category_under: [special]}, unless: {label: [licensed]}}
- {id: stale-or-synthetic, effect: forbid, severity: quarantine, overridable: true, effective: {from: 2026-01-01T00:00:00Z, until: 2027-01-01T00:00:00Z},
   when: 'model.synthetic_share > 0.3 || (has(event.rank) && event.rank <= 3 && decision_time - model.trained_at > duration("720h"))'}
)";
inline constexpr std::string_view kExampleBindings = R"(
bindings:
- {id: home-feed, select: {topic: promotions, surface: home_feed}, mode: enforce, on_unknown: quarantine, on_unavailable: quarantine, consent_max_age_ms: 5000,
   purposes: ["dpv:ProvidePersonalisedRecommendations"], legal: [{purpose: "dpv:ProvidePersonalisedRecommendations", require: consent}],
   discharges: [ttl, label, no_train, degrade_non_personalised],
   policies: [{policy: recs@7, mode: enforce}]}
)";
inline constexpr std::string_view kExampleTests = R"(
use: {policy: recs@8, binding: home-feed}
defaults: {event: {purpose: "dpv:ProvideProductRecommendations", time: 2026-03-01T12:00:00Z, fields: {sponsored: false}}, subject: {class: adult, place: DE},
  processing_place: DE, consent: {granted: ["dpv:ServicePersonalisation"], age_ms: 40}, model: {eff: ["dpv:ServicePersonalisation"], regions: [EU],
  basis: {consent: ["dpv:ServicePersonalisation"]}, categories: [behaviour.viewing], synthetic_share: 0.1, trained_at: 2026-02-20T00:00:00Z}}
cases:
- {name: adult, expect: {outcome: ALLOW, rules: [recs-ok], obligations: [{type: ttl, seconds: 86400}]}}
- {name: minor, subject: {class: minor}, expect: {outcome: BLOCK, reason: RULE_FORBID, rules: [minors-no-profiling]}}
- {name: special in the EU, model: {categories: [special.health]}, expect: {outcome: BLOCK, reason: RULE_FORBID, rules: [no-special-in-eu]}}
- {name: withdrawn, consent: {granted: [], withdrawn: ["dpv:ServicePersonalisation"]}, expect: {outcome: BLOCK, reason: CONSENT_WITHDRAWN}}
- {name: ads data only, model: {eff: ["dpv:Advertising"]}, expect: {outcome: BLOCK, reason: PURPOSE_NOT_ALLOWED}}
- {name: unregistered, model: unknown, expect: {outcome: QUARANTINE, reason: MODEL_UNKNOWN}}
- {name: synthetic, model: {synthetic_share: 0.4}, expect: {outcome: QUARANTINE, reason: RULE_FORBID, rules: [stale-or-synthetic]}}
)";

inline std::vector<SourceFile> ExampleFiles(std::string_view tests = kExampleTests) {
  SourceFile policy8 = File("Policy", kExamplePolicy8);
  policy8.name = "Policy8.yaml";
  return WithTaxonomy({File("Vocabulary", kExampleVocabulary), File("Compatibility", kExampleEdges),
                       File("Policy", kExamplePolicy7), policy8, File("Bindings", kExampleBindings),
                       File("Tests", tests)});
}

}  // namespace lineward::policy
