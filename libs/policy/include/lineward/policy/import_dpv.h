#pragma once

// Purposes of the W3C Data Privacy Vocabulary (DPV) as a taxonomy: its `purposes.csv`, one row per
// term (https://w3id.org/dpv, columns `term`, `type`, `hasbroader`). Any thread.

#include <absl/status/statusor.h>

#include <string>
#include <string_view>

#include "lineward/policy/findings.h"
#include "lineward/policy/source.h"

namespace lineward::policy {

// The classes of the file, ids `dpv:<term>`, in its order; properties are no purposes. What a
// taxonomy cannot hold is told as a warning LP104 and mended: a parent that is no class of the file
// is dropped, and a term left without any, a second root as well, stands under `dpv:Purpose`.
// INVALID_ARGUMENT `POLICY_SET_INVALID` if it is not such a file, with file and line.
absl::StatusOr<TaxonomySource> ImportDpv(std::string_view csv, std::string_view file,
                                         Findings* findings);

// A file of kind Taxonomy that says the same, without the head comment. Aliases are not written.
std::string TaxonomyText(const TaxonomySource& taxonomy);

}  // namespace lineward::policy
