#include "lineward/policy/taxonomy.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/document/nearest.h"
#include "lineward/policy/findings.h"
#include "lineward/policy/reasons.h"
#include "lineward/policy/source.h"

namespace lineward::policy {
namespace {

using base::BitSet256;

struct Edge {
  uint8_t from = 0;
  uint8_t to = 0;
  Window effective;
};

// Narrows [from, until) around `now` to exclude the moment `boundary`.
void Bound(int64_t boundary, int64_t now, int64_t* from, int64_t* until) {
  if (boundary == kNeverUs || boundary == kForeverUs) return;
  if (boundary <= now) {
    *from = std::max(*from, boundary);
  } else {
    *until = std::min(*until, boundary);
  }
}

constexpr std::string_view kDpv = "dpv:";
constexpr std::string_view kIriPrefixes[] = {"https://w3id.org/dpv#", "http://w3id.org/dpv#"};

std::string CanonicalIri(std::string_view text) {
  for (std::string_view prefix : kIriPrefixes) {
    if (text.substr(0, prefix.size()) == prefix) {
      return std::string(kDpv) + std::string(text.substr(prefix.size()));
    }
  }
  return std::string(text);
}

}  // namespace

struct Taxonomy::Impl {
  struct Parent {
    uint8_t bit = 0;
    int64_t since = 1;
  };

  int64_t version = 1;
  std::vector<std::string> ids;
  std::vector<std::vector<uint8_t>> parents;
  std::vector<std::vector<Parent>> parent_edges;
  std::vector<bool> retired;
  size_t edge_count = 0;
  std::vector<BitSet256> down;
  std::vector<BitSet256> up;
  // Closures by taxonomy version: the entry of the greatest `since` <= version; versions below the
  // first have no edges.
  std::map<int64_t, std::vector<BitSet256>> down_in;
  std::vector<BitSet256> alone;
  base::StringMap<ResolvedPurpose> names;                          // ids, old names, aliases
  base::StringMap<ResolvedPurpose> dpv_names;                      // of those the rest of `dpv:X`
  std::vector<std::pair<std::string, ResolvedPurpose>> wildcards;  // `a.b.`, longest first
  std::vector<Edge> edges;
  bool inherit_undeclared = true;

  std::vector<BitSet256> Close(int64_t at_version) const {
    std::vector<BitSet256> below(ids.size());
    for (size_t bit = 0; bit < ids.size(); ++bit) below[bit].Set(bit);
    for (bool changed = true; changed;) {
      changed = false;
      for (size_t bit = 0; bit < ids.size(); ++bit) {
        for (const Parent& parent : parent_edges[bit]) {
          if (parent.since > at_version || below[parent.bit].Contains(below[bit])) continue;
          below[parent.bit] |= below[bit];
          changed = true;
        }
      }
    }
    return below;
  }

  // Adds one spelling; false after a finding that it stands for another purpose already.
  bool AddName(std::string_view name, ResolvedPurpose purpose, const Origin& origin,
               std::string_view file, Findings* findings) {
    if (names.try_emplace(std::string(name), purpose).second) return true;
    findings->Error(103, file, origin.place, fmt::format("purpose name `{}` stands twice", name));
    return false;
  }
};

Taxonomy::Taxonomy(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Taxonomy::~Taxonomy() = default;
Taxonomy::Taxonomy(Taxonomy&&) noexcept = default;
Taxonomy& Taxonomy::operator=(Taxonomy&&) noexcept = default;

absl::StatusOr<Taxonomy> Taxonomy::Build(const TaxonomySource& source, std::string_view file,
                                         Findings* findings) {
  const size_t errors = findings->error_count();
  const auto failed = [&] {
    return base::FailedPrecondition(kPolicySetInvalid, "{}",
                                    ToText(findings->list[findings->list.size() - 1]));
  };
  if (source.purposes.empty()) {
    findings->Error(104, file, source.origin.place, "no purpose at all");
    return failed();
  }
  auto impl = std::make_unique<Impl>();
  impl->version = source.version;
  std::vector<const PurposeTerm*> terms;
  for (const PurposeTerm& term : source.purposes) terms.push_back(&term);
  std::sort(terms.begin(), terms.end(),
            [](const PurposeTerm* a, const PurposeTerm* b) { return a->id < b->id; });
  for (const PurposeTerm* term : terms) {
    if (impl->ids.size() == kNamesMax) {
      findings->Error(110, file, term->origin.place,
                      fmt::format("{} purposes, at most {} are taken", terms.size(), kNamesMax));
      return failed();
    }
    const ResolvedPurpose purpose{static_cast<uint8_t>(impl->ids.size()), kAllProcessings};
    if (!impl->AddName(term->id, purpose, term->origin, file, findings)) continue;
    impl->ids.push_back(term->id);
    impl->retired.push_back(term->retired.has_value() && *term->retired <= source.version);
    impl->alone.emplace_back().Set(purpose.bit);
  }
  impl->parents.resize(impl->ids.size());
  impl->parent_edges.resize(impl->ids.size());

  std::vector<std::string> roots;
  for (const PurposeTerm* term : terms) {
    const uint8_t bit = impl->names.find(term->id)->second.bit;
    if (term->under.empty()) {
      roots.push_back(term->id);
      if (roots.size() > 1) {
        findings->Error(104, file, term->origin.place,
                        fmt::format("a second root `{}` beside `{}`", term->id, roots.front()));
      }
    }
    for (const PurposeParent& parent : term->under) {
      const auto found = impl->names.find(CanonicalIri(parent.id));
      if (found == impl->names.end()) {
        findings->Error(104, file, term->origin.place,
                        fmt::format("purpose `{}`: unknown parent `{}`{}", term->id, parent.id,
                                    document::NearestHint(parent.id, impl->ids)));
        continue;
      }
      impl->parent_edges[bit].push_back({found->second.bit, parent.since});
      impl->parents[bit].push_back(found->second.bit);
      ++impl->edge_count;
    }
    std::sort(impl->parents[bit].begin(), impl->parents[bit].end());
  }
  if (findings->error_count() > errors) return failed();

  impl->down = impl->Close(INT64_MAX);
  impl->up.resize(impl->ids.size());
  for (size_t bit = 0; bit < impl->ids.size(); ++bit) {
    impl->down[bit].ForEach([&](size_t below) { impl->up[below].Set(bit); });
  }
  for (const PurposeTerm* term : terms) {
    const uint8_t bit = impl->names.find(term->id)->second.bit;
    for (uint8_t parent : impl->parents[bit]) {
      if (!impl->down[bit].Has(parent)) continue;
      findings->Error(104, file, term->origin.place,
                      fmt::format("a cycle: `{}` stands above its own parent `{}`", term->id,
                                  impl->ids[parent]));
      break;
    }
  }
  if (findings->error_count() > errors) return failed();
  if (roots.empty()) {
    findings->Error(104, file, source.origin.place, "no root: every purpose has a parent");
    return failed();
  }
  for (const std::vector<Impl::Parent>& edges : impl->parent_edges) {
    for (const Impl::Parent& parent : edges) impl->down_in.try_emplace(parent.since);
  }
  for (auto& [since, closure] : impl->down_in) closure = impl->Close(since);

  for (const PurposeTerm* term : terms) {
    const ResolvedPurpose purpose = impl->names.find(term->id)->second;
    for (const std::string& was : term->was) {
      impl->AddName(was, purpose, term->origin, file, findings);
    }
  }
  for (const PurposeAlias& alias : source.aliases) {
    const auto target = impl->names.find(CanonicalIri(alias.purpose));
    if (target == impl->names.end()) {
      findings->Error(102, file, alias.origin.place,
                      fmt::format("alias `{}`: unknown purpose `{}`{}", alias.alias, alias.purpose,
                                  document::NearestHint(alias.purpose, impl->ids)));
      continue;
    }
    const ResolvedPurpose purpose{target->second.bit, alias.processing};
    const bool is_wild = alias.alias.size() > 2 && alias.alias.ends_with(".*");
    impl->AddName(alias.alias, purpose, alias.origin, file, findings);
    if (is_wild) {
      impl->wildcards.emplace_back(alias.alias.substr(0, alias.alias.size() - 1), purpose);
    }
  }
  // `a.b.*` itself is no purpose.
  for (const auto& [prefix, purpose] : impl->wildcards) impl->names.erase(prefix + "*");
  std::sort(impl->wildcards.begin(), impl->wildcards.end(), [](const auto& a, const auto& b) {
    return std::pair(b.first.size(), a.first) < std::pair(a.first.size(), b.first);
  });
  for (const auto& [name, purpose] : impl->names) {
    if (name.starts_with(kDpv)) impl->dpv_names.try_emplace(name.substr(kDpv.size()), purpose);
  }
  if (findings->error_count() > errors) return failed();
  return Taxonomy(std::move(impl));
}

void Taxonomy::SetUses(const std::vector<CompatibilityEdge>& edges, bool inherit_undeclared) {
  impl_->edges.clear();
  for (const CompatibilityEdge& edge : edges) {
    impl_->edges.push_back({*Purpose(edge.from), *Purpose(edge.to), edge.effective});
  }
  impl_->inherit_undeclared = inherit_undeclared;
}

size_t Taxonomy::size() const { return impl_->ids.size(); }
size_t Taxonomy::edge_count() const { return impl_->edge_count; }
int64_t Taxonomy::version() const { return impl_->version; }
const std::vector<std::string>& Taxonomy::ids() const { return impl_->ids; }
const std::vector<uint8_t>& Taxonomy::parents(size_t bit) const { return impl_->parents[bit]; }
bool Taxonomy::is_retired(size_t bit) const { return impl_->retired[bit]; }

std::optional<ResolvedPurpose> Taxonomy::Resolve(std::string_view text) const {
  const auto found = impl_->names.find(text);
  if (found != impl_->names.end()) return found->second;
  for (const auto& [prefix, purpose] : impl_->wildcards) {
    if (text.size() > prefix.size() && text.substr(0, prefix.size()) == prefix &&
        text.back() != '*') {
      return purpose;
    }
  }
  for (std::string_view prefix : kIriPrefixes) {
    if (!text.starts_with(prefix)) continue;
    const auto by_iri = impl_->dpv_names.find(text.substr(prefix.size()));
    if (by_iri != impl_->dpv_names.end()) return by_iri->second;
  }
  return std::nullopt;
}

std::optional<uint8_t> Taxonomy::Purpose(std::string_view text) const {
  const std::optional<ResolvedPurpose> purpose = Resolve(text);
  if (!purpose.has_value() || purpose->is_narrowed()) return std::nullopt;
  return purpose->bit;
}

std::string Taxonomy::NearestHint(std::string_view text) const {
  return document::NearestHint(text, impl_->ids);
}

const BitSet256& Taxonomy::Down(size_t bit) const { return impl_->down[bit]; }
const BitSet256& Taxonomy::Up(size_t bit) const { return impl_->up[bit]; }

BitSet256 Taxonomy::Down(const BitSet256& purposes) const {
  BitSet256 all;
  purposes.ForEach([&](size_t bit) { all |= impl_->down[bit]; });
  return all;
}

BitSet256 Taxonomy::Up(const BitSet256& purposes) const {
  BitSet256 all;
  purposes.ForEach([&](size_t bit) { all |= impl_->up[bit]; });
  return all;
}

const BitSet256& Taxonomy::DownIn(size_t bit, int64_t version) const {
  auto next = impl_->down_in.upper_bound(version);
  if (next == impl_->down_in.begin()) return impl_->alone[bit];
  return std::prev(next)->second[bit];
}

// One record as it stands at one time: reads its parts one after the other, then says what is
// allowed for each processing.
class Taxonomy::Reading {
 public:
  Reading(const Taxonomy& taxonomy, const DatasetUse& use, int64_t time_us)
      : taxonomy_(taxonomy),
        impl_(*taxonomy.impl_),
        use_(use),
        declaration_(*use.declaration),
        time_us_(time_us),
        all_(BitSet256::First(taxonomy.size())) {}

  DatasetSets Run() {
    sets_.is_revoked = declaration_.is_revoked;
    sets_.retain_until_us = declaration_.retain_until_us.value_or(kForeverUs);
    if (declaration_.is_unknown) sets_.unknown = all_;
    ReadWithdrawals();
    ReadRestorations();
    for (const Edge& edge : impl_.edges) {
      BoundAt(edge.effective.from_us);
      BoundAt(edge.effective.until_us);
    }
    ReadProhibitions();
    if (IsUndeclared() && (!declaration_.is_sourced || !impl_.inherit_undeclared)) {
      sets_.unknown = all_;
    }
    if (is_series() && declaration_.grants.has_value()) ReadGrants();
    ReadRestriction();
    if (is_withdrawn_) {
      sets_.is_revoked = true;
      return std::move(sets_);
    }
    for (size_t k = 0; k < kProcessings; ++k) Allow(k);
    return std::move(sets_);
  }

 private:
  bool is_series() const { return declaration_.kind == Declaration::Kind::kSeries; }
  bool IsUndeclared() const {
    if (is_series()) return !declaration_.grants.has_value();
    return declaration_.is_undeclared_version &&
           declaration_.kind == Declaration::Kind::kDatasetVersion;
  }

  void BoundAt(int64_t boundary_us) {
    Bound(boundary_us, time_us_, &sets_.valid_from_us, &sets_.valid_until_us);
  }

  // The bit of a name outside grants and prohibitions; unknown to the set: all becomes unknown.
  void AddNamed(std::string_view name, BitSet256* to) {
    const std::optional<uint8_t> bit = taxonomy_.Purpose(name);
    if (bit.has_value()) {
      to->Set(*bit);
    } else {
      sets_.unknown = all_;
    }
  }

  // Calls `f` with each processing for which a grant or prohibition names a purpose, and its bit.
  template <typename F>
  void ForEachNamed(const std::vector<std::string>& names, ProcessingSet processing, F&& f) {
    for (const std::string& name : names) {
      const std::optional<ResolvedPurpose> purpose = taxonomy_.Resolve(name);
      if (!purpose.has_value()) {
        sets_.unknown = all_;
        continue;
      }
      for (size_t k = 0; k < kProcessings; ++k) {
        if (((processing & purpose->processing) >> k & 1) != 0) f(k, purpose->bit);
      }
    }
  }

  void ReadWithdrawals() {
    for (const Withdrawal& withdrawal : declaration_.withdrawn) {
      BoundAt(withdrawal.from_us);
      if (withdrawal.from_us > time_us_) continue;
      if (withdrawal.purposes.empty()) {
        if (withdrawal.is_block) is_withdrawn_ = true;
        if (!withdrawal.is_block) sets_.unknown = all_;
        continue;
      }
      BitSet256 named;
      for (const std::string& purpose : withdrawal.purposes) AddNamed(purpose, &named);
      const BitSet256 reached = taxonomy_.Down(named) | taxonomy_.Up(named);
      (withdrawal.is_block ? withdrawn_ : sets_.unknown) |= reached;
    }
  }

  void ReadRestorations() {
    for (const Restoration& restoration : use_.restorations) {
      BoundAt(restoration.until_us);
      if (restoration.until_us <= time_us_) continue;
      for (const std::string& purpose : restoration.purposes) AddNamed(purpose, &restored_);
    }
  }

  void ReadProhibitions() {
    for (const Prohibition& prohibition : declaration_.prohibits) {
      ForEachNamed(prohibition.purposes, prohibition.processing, [&](size_t k, uint8_t bit) {
        prohibited_[k] |= impl_.down[bit] | impl_.up[bit];
      });
    }
  }

  void ReadGrants() {
    for (const Grant& grant : *declaration_.grants) {
      const auto basis = static_cast<size_t>(grant.basis);
      ForEachNamed(grant.purposes, grant.processing, [&](size_t k, uint8_t bit) {
        granted_[k] |= impl_.down[bit];
        sets_.basis[k][basis] |= impl_.down[bit];
        named_[k].Set(bit);
        named_basis_[k][basis].Set(bit);
      });
    }
  }

  void ReadRestriction() {
    restricted_ = all_;
    if (is_series() || !declaration_.restricted.has_value()) return;
    BitSet256 roots;
    for (const std::string& name : *declaration_.restricted) AddNamed(name, &roots);
    restricted_ = taxonomy_.Down(roots);
  }

  void Allow(size_t k) {
    const BitSet256 barred = prohibited_[k] | withdrawn_;
    if (!is_series()) {
      sets_.allowed[k] = restricted_ - barred;
    } else if (!declaration_.grants.has_value()) {
      sets_.allowed[k] = all_ - barred;
    } else {
      AllowGranted(k, barred);
    }
  }

  // What grants, compatible use and reclassification allow together, and on which basis.
  void AllowGranted(size_t k, const BitSet256& barred) {
    const BitSet256& by_consent = named_basis_[k][static_cast<size_t>(Basis::kConsent)];
    const auto is_used = [&](const Edge& edge) {
      return edge.effective.Has(time_us_) && named_[k].Has(edge.from);
    };
    BitSet256 compatible;
    for (const Edge& edge : impl_.edges) {
      if (is_used(edge) && !by_consent.Has(edge.from)) compatible.Set(edge.to);
    }
    sets_.allowed[k] = (granted_[k] | compatible | restored_) - barred;
    sets_.compatible[k] = (compatible - granted_[k] - restored_) - barred;
    for (size_t i = 0; i < impl_.edges.size(); ++i) {
      const Edge& edge = impl_.edges[i];
      if (!is_used(edge) || !sets_.compatible[k].Has(edge.to)) continue;
      sets_.edges[k].push_back(static_cast<uint16_t>(i));
      for (size_t basis = 0; basis < kBases; ++basis) {
        if (named_basis_[k][basis].Has(edge.from)) sets_.basis[k][basis].Set(edge.to);
      }
    }
    for (size_t basis = 0; basis < kBases; ++basis) {
      if (!named_basis_[k][basis].empty()) sets_.basis[k][basis] |= restored_ - granted_[k];
    }
  }

  const Taxonomy& taxonomy_;
  const Taxonomy::Impl& impl_;
  const DatasetUse& use_;
  const Declaration& declaration_;
  const int64_t time_us_;
  const BitSet256 all_;

  DatasetSets sets_;
  bool is_withdrawn_ = false;  // as a whole
  BitSet256 withdrawn_, restored_, restricted_;
  std::array<BitSet256, kProcessings> prohibited_, granted_;
  std::array<BitSet256, kProcessings> named_;  // literally
  std::array<std::array<BitSet256, kBases>, kProcessings> named_basis_;
};

DatasetSets Taxonomy::Effective(const DatasetUse& use, int64_t time_us) const {
  return Reading(*this, use, time_us).Run();
}

}  // namespace lineward::policy
