#include "tests/support/small_set.h"

#include <fmt/format.h>

#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/control/names.h"
#include "lineward/control/policy_records.h"
#include "lineward/control/records.h"
#include "lineward/policy/findings.h"

namespace lineward::support {

policy::Source SmallSet(const SmallSetOptions& options) {
  const std::string head = "apiVersion: lineward/v1\n";
  const std::vector<policy::SourceFile> files = {
      {"taxonomy.yaml", head + "kind: Taxonomy\nversion: 1\npurposes:\n- {id: \"x-t:Purpose\"}\n"
                               "- {id: \"x-t:News\", under: [\"x-t:Purpose\"]}\n"
                               "- {id: \"x-t:Sports\", under: [\"x-t:News\"]}\n"
                               "- {id: \"x-t:Ads\", under: [\"x-t:Purpose\"]}\n"},
      {"vocabulary.yaml", head + "kind: Vocabulary\ndata_categories: {behaviour: {}}\n"
                                 "places: {EU: {DE: {}}}\nlabels: [scraped]\n"},
      {"policy.yaml",
       fmt::format("{}kind: Policy\npolicy: p@1\nowner: {}\nrules:\n- {{id: all, effect: {}, "
                   "match: {{purpose_under: [\"x-t:Purpose\"]}}}}\n",
                   head, options.owner, options.effect)},
      {"bindings.yaml",
       fmt::format("{}kind: Bindings\nbindings:\n- {{id: b, select: {{surface: home}}, purposes: "
                   "[\"x-t:Purpose\"], consent_max_age_ms: {}, policies: [{{policy: p@1}}]{}}}\n",
                   head, options.consent_max_age_ms, options.binding_keys)}};
  policy::Findings findings;
  absl::StatusOr<policy::Source> source = policy::Parse(files, &findings);
  LW_CHECK(source.ok(), "{}", base::MessageOf(source.status()));
  return *std::move(source);
}

std::vector<std::pair<std::string, std::string>> PolicyRecords(const std::string& canonical,
                                                               uint64_t epoch, int64_t created_us) {
  const std::string id = policy::SetId(canonical);
  const std::vector<std::string> chunks = control::CutPolicySet(canonical);
  std::vector<std::pair<std::string, std::string>> records;
  for (uint32_t i = 0; i < chunks.size(); ++i) {
    records.emplace_back(control::ChunkKey(id, i), chunks[i]);
  }
  control::PolicyHead head;
  head.set_id = id;
  head.epoch = epoch;
  head.created_us = created_us;
  head.chunks = static_cast<uint32_t>(chunks.size());
  head.raw_bytes = canonical.size();
  records.emplace_back(std::string(control::kHeadKey), control::EncodePolicyHead(head));
  return records;
}

}  // namespace lineward::support
