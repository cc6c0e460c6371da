#pragma once

// What gates must read after a change: records of `lineward.registry` made from the state. Pure.

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "lineward/control/records.h"
#include "lineward/registry/state.h"

namespace lineward::registry {

// The record under a resource name as it must stand now; of datasets, dataset versions and model
// versions.
control::RegistryRecord RecordOf(const State& state, const Entity& entity);

// Keys and values that the staged changes of `state` write anew, ascending by key, without `seq`.
std::vector<std::pair<std::string, std::string>> ChangedRecords(const State& state);

// Keys and values of all records, ascending by key, without `seq`: what the topic holds once every
// change was written.
std::vector<std::pair<std::string, std::string>> AllRecords(const State& state);

// Flags of a model version (UNDIGESTED, NO_INPUTS, ...) with the first offenders.
std::vector<control::ModelFlagNote> FlagsOf(const State& state, const Entity& version);

// The greatest share of synthetic data that a dataset in the closure states; absent if none does.
std::optional<double> SyntheticShare(const State& state, const Entity& version);

}  // namespace lineward::registry
