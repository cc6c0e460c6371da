#pragma once

// From trees to `Source`: one reader per set. Taxonomy and Vocabulary first, since all else names
// what they declare. Where one of them is absent or wrong, its names are taken as they stand:
// without it every rule would seem wrong. Not thread-safe.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/base/strings.h"
#include "lineward/document/yaml.h"
#include "lineward/policy/source.h"
#include "policy/src/cel/env.h"
#include "policy/src/reader.h"

namespace lineward::policy {

class SetReader {
 public:
  explicit SetReader(Source* source) : source_(source) {}

  void ReadTaxonomy(Reader* in, const document::YamlNode& node);
  void ReadVocabulary(Reader* in, const document::YamlNode& node);
  void ReadEdge(Reader* in, const document::YamlNode& node);
  void ReadPolicy(Reader* in, const document::YamlNode& node);
  void ReadBinding(Reader* in, const document::YamlNode& node);
  // What needs the whole set: references between policies and bindings, equal selectors, limits.
  void Finish(Findings* findings);

 private:
  void ReadTree(Reader* in, const document::YamlNode& map, std::string_view key, bool by_path,
                std::vector<TreeNode>* nodes);
  void ReadSubtree(Reader* in, const document::YamlNode& tree, const TreeNode* parent, bool by_path,
                   std::vector<TreeNode>* nodes, base::StringSet* seen);
  void ReadEventFields(Reader* in, const document::YamlNode& map);
  void ReadSelect(Reader* in, const document::YamlNode& node, Binding* binding);
  void ReadLegal(Reader* in, const document::YamlNode& node, Binding* binding);
  void ReadDischarges(Reader* in, const document::YamlNode& node, Binding* binding);
  void ReadEntry(Reader* in, const document::YamlNode& node, Binding* binding);
  void CheckEntries(Reader* in, Binding* binding);
  void ReadRule(Reader* in, const document::YamlNode& node, Policy* policy);
  void ReadWhen(Reader* in, const document::YamlNode& node, Rule* rule);
  void ReadForbidKeys(Reader* in, const document::YamlNode& node, Rule* rule);
  void CheckExplanation(Reader* in, const document::YamlNode& node, std::string_view text);
  std::optional<MatchMap> ReadMatch(Reader* in, const document::YamlNode& rule,
                                    std::string_view key);
  void ReadConditions(Reader* in, const document::YamlNode& fields, MatchMap* match);
  std::optional<std::string> FieldText(Reader* in, const document::YamlNode& node,
                                       const EventField& field);
  void CheckLabels(Reader* in, document::Place place, const std::vector<Obligation>& obligations);
  // Values of a list, each resolved to its canonical id; LP102 with the nearest for each unknown.
  std::vector<std::string> Purposes(Reader* in, const document::YamlNode& map, std::string_view key,
                                    bool required = false);
  std::optional<std::string> Purpose(Reader* in, const document::YamlNode& node);
  // The same for names of the vocabulary.
  std::vector<std::string> Known(Reader* in, const document::YamlNode& map, std::string_view key,
                                 std::string_view what, const std::vector<std::string>& names);
  void CheckBound(size_t count, std::string_view what, Reader* in, document::Place place);

  Source* const source_;
  bool has_vocabulary_ = false;  // read without a finding
  // Ids of the vocabulary, for references.
  std::vector<std::string> categories_, places_;
  std::optional<cel::Env> env_;  // of the vocabulary, once a rule needs it
  base::StringMap<Origin> policy_ids_, binding_ids_, edge_ids_;
};

// A set of processings; 0 if the key is absent. An empty list is a finding.
ProcessingSet ReadProcessing(Reader* in, const document::YamlNode& map, std::string_view key);

// Obligations of a list, sorted by their bytes, each once; and one. LP101, LP110.
std::vector<Obligation> ReadObligations(Reader* in, const document::YamlNode& map,
                                        std::string_view key);
std::optional<Obligation> ReadObligation(Reader* in, const document::YamlNode& node);

// A place that a rule or region may name: of the tree, or an assigned country outside it.
bool IsKnownRegion(const std::vector<std::string>& places, std::string_view id);

}  // namespace lineward::policy
