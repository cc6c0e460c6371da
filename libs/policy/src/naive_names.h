#pragma once

// The oracle's own reading of names: purposes, categories, places, and what one record allows. It
// walks the parsed files each time and uses nothing of the compiled path. Pure.

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "lineward/policy/consent.h"
#include "lineward/policy/declaration.h"
#include "lineward/policy/naive.h"
#include "lineward/policy/source.h"

namespace lineward::policy::naive {

// The canonical id of a spelling outside grants; and, in grants, with the processings it is
// narrowed to.
std::optional<std::string> ResolvePurpose(const Source& source, const std::string& text);
std::optional<std::pair<std::string, ProcessingSet>> ResolveGranted(const Source& source,
                                                                    const std::string& text);

// `purpose` is `root` or below it.
bool IsUnder(const Source& source, const std::string& purpose, const std::string& root);
std::set<std::string> Below(const Source& source, const std::string& root);
std::set<std::string> Above(const Source& source, const std::string& purpose);

bool IsCategoryUnder(const Source& source, const std::string& category, const std::string& root);

// The place that a text of an event names; nullopt: unknown.
std::optional<std::string> KnownPlace(const Source& source, const std::string& text);
bool IsPlaceUnder(const Source& source, const std::string& place, const std::string& root);
// Every place that a region allows; nullopt: unknown region.
std::optional<std::set<std::string>> PlacesOf(const Source& source, const std::string& region);

// The facts of a closure, as `CombineModel` and `CombineSources` give them in bits.
NamedLineage LineageOfModel(const Source& source, const std::vector<DatasetUse>& train,
                            const std::vector<DatasetUse>& evaluate, int64_t time_us);
NamedLineage LineageOfSources(const Source& source, const std::vector<DatasetUse>& uses,
                              bool is_profiling, bool is_unknown, int64_t time_us);

struct NamedTransition {
  std::string purpose;
  ConsentChange change = ConsentChange::kGranted;
  int64_t effective_at_us = 0;
  int64_t received_at_us = 0;
  int64_t taxonomy_version = 1;
};

// The sets of `NamedConsent` at both times.
NamedConsent FoldConsent(const Source& source, const std::vector<NamedTransition>& transitions,
                         int64_t event_time_us, int64_t decision_time_us);

}  // namespace lineward::policy::naive
