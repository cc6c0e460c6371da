#include "lineward/policy/tests.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "lineward/base/status.h"
#include "lineward/policy/naive.h"
#include "lineward/policy/policy_set.h"
#include "lineward/policy/reasons.h"
#include "policy/src/case_reader.h"
#include "policy/src/reader.h"
#include "policy/src/set_reader.h"

namespace lineward::policy {
namespace {

using document::YamlEntry;
using document::YamlNode;
using Key = std::string_view;

// `over` wins: maps are merged deep, all else replaced.
YamlNode Merged(const YamlNode& base, const YamlNode& over) {
  if (!base.is_map() || !over.is_map()) return over;
  YamlNode merged = base;
  merged.place = over.place;
  for (const YamlEntry& entry : over.entries) {
    const auto same = std::find_if(merged.entries.begin(), merged.entries.end(),
                                   [&](const YamlEntry& e) { return e.key == entry.key; });
    if (same == merged.entries.end()) {
      merged.entries.push_back(entry);
    } else {
      same->value = Merged(same->value, entry.value);
    }
  }
  return merged;
}

void Erase(YamlNode* map, std::string_view key) {
  std::erase_if(map->entries, [&](const YamlEntry& entry) { return entry.key == key; });
}

// Takes away what stands at a path; keys are joined by `.`, and may hold one.
void RemovePath(YamlNode* map, std::string_view path) {
  if (!map->is_map()) return;
  Erase(map, path);
  for (YamlEntry& entry : map->entries) {
    if (path.size() > entry.key.size() && path.starts_with(entry.key) &&
        path[entry.key.size()] == '.') {
      RemovePath(&entry.value, path.substr(entry.key.size() + 1));
    }
  }
}

void SetPath(YamlNode* map, std::string_view path, const YamlNode& value) {
  map->kind = YamlNode::Kind::kMap;
  const size_t dot = path.find('.');
  const std::string_view head = path.substr(0, dot);
  auto entry = std::find_if(map->entries.begin(), map->entries.end(),
                            [&](const YamlEntry& e) { return e.key == head; });
  if (entry == map->entries.end()) {
    map->entries.push_back({std::string(head), value.place, {}});
    entry = map->entries.end() - 1;
  }
  if (dot == std::string_view::npos) {
    entry->value = value;
    return;
  }
  if (!entry->value.is_map()) entry->value = YamlNode{};
  SetPath(&entry->value, path.substr(dot + 1), value);
}

bool GlobMatches(std::string_view glob, std::string_view text) {
  if (glob.empty()) return text.empty();
  if (glob[0] == '*') {
    for (size_t i = 0; i <= text.size(); ++i) {
      if (GlobMatches(glob.substr(1), text.substr(i))) return true;
    }
    return false;
  }
  return !text.empty() && (glob[0] == '?' || glob[0] == text[0]) &&
         GlobMatches(glob.substr(1), text.substr(1));
}

// The set that a `use` of a binding and a policy stands for: that binding alone, with that policy.
struct Stage {
  std::shared_ptr<const PolicySet> set;
  const Binding* binding = nullptr;
  bool has_short_ids = false;
};

struct Expanded {
  std::string name;
  YamlNode node;
};

class Runner {
 public:
  Runner(const Source& source, std::string_view filter, Findings* findings)
      : source_(source), filter_(filter), findings_(findings) {}

  absl::StatusOr<TestReport> Run() {
    absl::StatusOr<PolicySet> whole = Compile(source_, findings_);
    if (!whole.ok()) return whole.status();
    whole_ = std::make_shared<const PolicySet>(*std::move(whole));
    for (const TestsFile& file : source_.tests) RunFile(file);
    return std::move(report_);
  }

 private:
  void RunFile(const TestsFile& file) {
    static constexpr Key kKeys[] = {"apiVersion", "kind", "use", "defaults", "cases"};
    Reader in(findings_, source_.files[file.file], file.file, false);
    if (!in.Map(file.root, "a Tests", kKeys)) return;
    const YamlNode* defaults = file.root.Find("defaults");
    std::set<std::string> names;
    for (const YamlNode& item : in.List(file.root, "cases", true)) {
      YamlNode merged = defaults == nullptr ? item : Merged(*defaults, item);
      merged.place = item.place;
      if (const YamlNode* use = file.root.Find("use");
          use != nullptr && merged.Find("use") == nullptr && merged.is_map()) {
        merged.entries.push_back({"use", use->place, *use});
      }
      for (Expanded& expanded : Expand(&in, merged)) {
        if (!names.insert(expanded.name).second) {
          in.Error(103, item.place, fmt::format("case `{}` stands twice", expanded.name));
          continue;
        }
        RunCase(&in, expanded);
      }
    }
  }

  // The product of a case's matrix, each with its paths removed.
  std::vector<Expanded> Expand(Reader* in, YamlNode merged) {
    static constexpr Key kKeys[] = {"name",
                                    "use",
                                    "matrix",
                                    "remove",
                                    "malformed",
                                    "decision_time",
                                    "processing_place",
                                    "event",
                                    "subject",
                                    "consent",
                                    "model",
                                    "datasets",
                                    "models",
                                    "sources",
                                    "breaker",
                                    "overrides",
                                    "expect"};
    if (!in->Map(merged, "a case", kKeys)) return {};
    const std::optional<std::string> name = in->Text(merged, "name", true);
    if (!name.has_value()) return {};
    std::vector<Expanded> all = {{*name, merged}};
    if (const YamlNode* matrix = merged.Find("matrix"); matrix != nullptr && matrix->is_map()) {
      for (const YamlEntry& axis : matrix->entries) {
        std::vector<Expanded> product;
        for (const Expanded& expanded : all) {
          for (const YamlNode& value : in->List(*matrix, axis.key)) {
            Expanded one = expanded;
            SetPath(&one.node, axis.key, value);
            one.name += fmt::format(" [{}={}]", axis.key,
                                    value.is_text() ? value.text : KindName(value.kind));
            product.push_back(std::move(one));
            if (product.size() <= kTestCasesMax) continue;
            in->Error(110, matrix->place,
                      fmt::format("a matrix of more than {} cases", kTestCasesMax));
            return {};
          }
        }
        all = std::move(product);
      }
    }
    const std::vector<std::string> removed = in->Texts(merged, "remove");
    for (Expanded& expanded : all) {
      for (const std::string& path : removed) RemovePath(&expanded.node, path);
    }
    return all;
  }

  // nullopt after a finding.
  std::optional<Stage> StageOf(Reader* in, const YamlNode& node) {
    static constexpr Key kKeys[] = {"binding", "policy"};
    const YamlNode* use = node.Find("use");
    if (use == nullptr) return Stage{whole_, nullptr, false};
    if (!in->Map(*use, "`use`", kKeys)) return std::nullopt;
    const auto binding = in->Text(*use, "binding", true);
    const auto policy = in->Pid(*use, "policy", false);
    if (!binding.has_value()) return std::nullopt;
    const std::string key = *binding + "\n" + policy.value_or("");
    if (const auto known = stages_.find(key); known != stages_.end()) return known->second;

    Source staged = source_;
    std::erase_if(staged.bindings, [&](const Binding& b) { return b.id != *binding; });
    if (staged.bindings.empty()) {
      in->Error(102, use->place, fmt::format("unknown binding `{}`", *binding));
      return std::nullopt;
    }
    if (policy.has_value()) {
      const bool known = std::any_of(staged.policies.begin(), staged.policies.end(),
                                     [&](const Policy& p) { return p.pid == *policy; });
      if (!known) {
        in->Error(102, use->place, fmt::format("unknown policy `{}`", *policy));
        return std::nullopt;
      }
      PolicyEntry entry;
      entry.pid = *policy;
      staged.bindings[0].policies = {entry};
    }
    absl::StatusOr<PolicySet> set = Compile(staged, findings_);
    if (!set.ok()) return std::nullopt;
    Stage stage;
    stage.set = std::make_shared<const PolicySet>(*std::move(set));
    stage.binding = stage.set->binding(0);
    stage.has_short_ids = policy.has_value();
    stages_[key] = stage;
    return stage;
  }

  void RunCase(Reader* in, const Expanded& expanded) {
    if (!filter_.empty() && !GlobMatches(filter_, in->file() + ":" + expanded.name)) return;
    const std::optional<Stage> stage = StageOf(in, expanded.node);
    if (!stage.has_value()) return;
    CaseFacts facts;
    if (!ReadCase(in, expanded.node, *stage->set, stage->binding, &facts)) return;
    Verdict verdict;
    stage->set->Evaluate(facts.facts, &scratch_, &verdict);
    const NamedVerdict compiled = NameVerdict(*stage->set, verdict);
    const NamedVerdict naive = EvaluateNaive(stage->set->source(), facts.named, nullptr);

    TestResult result;
    result.file = in->file();
    result.place = expanded.node.place;
    result.name = expanded.name;
    if (compiled != naive) {
      result.failures.push_back(fmt::format(
          "engine: compiled {} ({}), naive {} ({})", OutcomeName(compiled.outcome),
          ReasonName(compiled.primary), OutcomeName(naive.outcome), ReasonName(naive.primary)));
    }
    const size_t errors = findings_->error_count();
    Compare(in, expanded.node, *stage, compiled, &result);
    if (findings_->error_count() > errors) return;
    result.passed = result.failures.empty();
    ++(result.passed ? report_.passed : report_.failed);
    report_.results.push_back(std::move(result));
  }

  // --- expectations ---

  static std::string ListText(const std::vector<std::string>& names) {
    std::string text = "[";
    for (const std::string& name : names) text += (text.size() > 1 ? ", " : "") + name;
    return text + "]";
  }

  static void Expect(std::string_view key, std::string_view expected, std::string_view got,
                     TestResult* result) {
    if (expected == got) return;
    result->failures.push_back(fmt::format("{}: expected {}, got {}", key, expected, got));
  }

  static void ExpectList(std::string_view key, std::vector<std::string> expected,
                         std::vector<std::string> got, TestResult* result) {
    std::sort(expected.begin(), expected.end());
    std::sort(got.begin(), got.end());
    Expect(key, ListText(expected), ListText(got), result);
  }

  std::vector<std::string> RuleNames(const Stage& stage, std::vector<std::string> ids) const {
    if (!stage.has_short_ids) return ids;
    for (std::string& id : ids) id = id.substr(id.find('/') + 1);
    return ids;
  }

  void Compare(Reader* in, const YamlNode& node, const Stage& stage, const NamedVerdict& got,
               TestResult* result) {
    static constexpr Key kKeys[] = {"outcome",     "reason",     "reasons",  "rules",  "errors",
                                    "obligations", "mode",       "released", "shadow", "original",
                                    "binding",     "in_buckets", "grant"};
    const YamlNode* expect = node.Find("expect");
    if (expect == nullptr) {
      in->Error(101, node.place, "key `expect` is missing");
      return;
    }
    if (!in->Map(*expect, "`expect`", kKeys)) return;
    if (const YamlNode* grant = expect->Find("grant"); grant != nullptr) {
      in->Error(101, grant->place, "override grants are not supported yet");
    }
    const auto text = [&](std::string_view key, std::string_view value) {
      const auto expected = in->Text(*expect, key);
      if (expected.has_value()) Expect(key, *expected, value, result);
    };
    const auto reason = in->Text(*expect, "reason");
    if (reason.has_value() && !ReasonOf(*reason).has_value()) {
      in->Error(102, expect->Find("reason")->place, fmt::format("unknown reason `{}`", *reason));
    }
    if (const auto outcome = in->Text(*expect, "outcome"); outcome.has_value()) {
      const std::string with_reason =
          fmt::format("{} ({})", OutcomeName(got.outcome), ReasonName(got.primary));
      if (*outcome != OutcomeName(got.outcome)) {
        result->failures.push_back(
            fmt::format("outcome: expected {}, got {}", *outcome, with_reason));
      }
    }
    text("reason", ReasonName(got.primary));
    text("mode", ModeName(got.mode));
    text("released", got.is_released ? "true" : "false");
    text("shadow", OutcomeName(got.shadow_outcome));
    text("original", OutcomeName(got.outcome));
    text("binding", got.binding);
    const auto list = [&](std::string_view key, const std::vector<std::string>& value) {
      if (expect->Find(key) != nullptr) {
        ExpectList(key, in->Texts(*expect, key), value, result);
      }
    };
    std::set<std::string> reasons;
    for (const NamedContribution& contribution : got.contributions) {
      if (contribution.outcome != Outcome::kAllow) {
        reasons.emplace(ReasonName(contribution.reason));
      }
    }
    list("reasons", {reasons.begin(), reasons.end()});
    list("rules", RuleNames(stage, got.rules));
    list("errors", RuleNames(stage, got.errors));
    list("in_buckets", {});
    if (expect->Find("obligations") != nullptr) {
      Expect("obligations", ToJson(ReadObligations(in, *expect, "obligations")), got.obligations,
             result);
    }
  }

  const Source& source_;
  const std::string filter_;
  Findings* const findings_;
  std::shared_ptr<const PolicySet> whole_;
  std::map<std::string, Stage> stages_;
  Scratch scratch_;
  TestReport report_;
};

}  // namespace

absl::StatusOr<TestReport> RunTests(const Source& source, std::string_view filter,
                                    Findings* findings) {
  return Runner(source, filter, findings).Run();
}

CheckReport Check(std::span<const SourceFile> files) {
  CheckReport report;
  absl::StatusOr<Source> source = Parse(files, &report.findings);
  if (!source.ok()) return report;
  report.purposes = source->taxonomy->size();
  report.policies = source->policies.size();
  report.bindings = source->bindings.size();
  for (const Policy& policy : source->policies) report.rules += policy.rules.size();
  const absl::StatusOr<TestReport> tests = RunTests(*source, "", &report.findings);
  if (!tests.ok()) return report;
  report.tests = tests->results.size();
  if (!report.findings.has_errors()) report.set_id = source->id;
  return report;
}

std::vector<PurposeRow> ListPurposes(const Source& source) {
  std::vector<PurposeRow> rows;
  const Taxonomy& taxonomy = *source.taxonomy;
  for (size_t bit = 0; bit < taxonomy.size(); ++bit) {
    PurposeRow row;
    row.id = taxonomy.id(bit);
    for (uint8_t parent : taxonomy.parents(bit)) row.under.emplace_back(taxonomy.id(parent));
    for (const PurposeTerm& term : source.taxonomy_source.purposes) {
      if (term.id == row.id) row.aliases = term.was;
    }
    for (const PurposeAlias& alias : source.taxonomy_source.aliases) {
      if (alias.purpose == row.id) row.aliases.push_back(alias.alias);
    }
    std::sort(row.aliases.begin(), row.aliases.end());
    row.below = taxonomy.Down(bit).size() - 1;
    row.is_retired = taxonomy.is_retired(bit);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace lineward::policy
