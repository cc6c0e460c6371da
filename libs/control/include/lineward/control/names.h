#pragma once

// Resource names and references (registry design, section 2). Each part of a name is
// percent-encoded once: `A-Za-z0-9-._~` stay, all else is `%XX` in capitals. Any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lineward::control {

std::string EncodeSegment(std::string_view text);
// nullopt if an escape is broken or a NUL; takes lower-case hex too. A `+` stays one.
std::optional<std::string> DecodeSegment(std::string_view segment);

// `datasets/{ns}/{name}`, its `/versions/{digest}`, `models/{m}/versions/{n}`,
// `models/{m}/aliases/{a}`, `models/{m}`, `runs/{id}`, `jobs/{ns}/{name}`.
std::string DatasetName(std::string_view name_space, std::string_view name);
std::string DatasetVersionName(std::string_view dataset_name, std::string_view digest);
std::string ModelName(std::string_view model);
std::string ModelVersionName(std::string_view model, int32_t version);
std::string AliasName(std::string_view model, std::string_view alias);
std::string RunName(std::string_view id);
std::string JobName(std::string_view name_space, std::string_view name);

// The resource name of a dataset reference as events, items and flags write it:
// `{ns}/{name}@{digest or label}`, without `@` the series; the `:` of a digest may stand bare.
// nullopt if it is none.
std::optional<std::string> ParseDatasetReference(std::string_view reference);

// A resource name as people read it: `default/clicks`, `default/clicks@sha256:...`, `ranker@2`,
// `run 7f31`; any other name as it is. Parts stay encoded.
std::string DisplayName(std::string_view resource_name);

}  // namespace lineward::control
