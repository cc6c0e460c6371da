#include <algorithm>
#include <array>

#include "lineward/base/check.h"
#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/control/names.h"
#include "lineward/document/nearest.h"
#include "lineward/http/reasons.h"
#include "lineward/http/route.h"

namespace lineward::http {
namespace {

bool IsParameter(std::string_view segment) { return !segment.empty() && segment.front() == '{'; }

std::string_view ParameterName(std::string_view segment) {
  return segment.substr(1, segment.size() - 2);
}

}  // namespace

Router::Router(std::span<const RouteSpec> routes, Listener listener) {
  for (const RouteSpec& route : routes) {
    if (route.listener != listener) continue;
    Entry entry;
    entry.spec = &route;
    entry.segments = base::Split(route.path.substr(1), '/');
    std::string_view& last = entry.segments.back();
    if (const size_t colon = last.rfind(':'); colon != std::string_view::npos) {
      entry.verb = last.substr(colon + 1);
      last = last.substr(0, colon);
    }
    for (const std::string_view segment : entry.segments) {
      if (!IsParameter(segment)) ++entry.literals;
    }
    entries_.push_back(std::move(entry));
  }
  std::stable_sort(entries_.begin(), entries_.end(),
                   [](const Entry& a, const Entry& b) { return a.literals > b.literals; });
}

absl::StatusOr<Match> Router::Find(Method method, const Target& target) const {
  std::vector<std::string> decoded;
  for (const std::string_view segment : target.segments) {
    auto text = control::DecodeSegment(segment);
    if (!text.has_value() || !base::IsUtf8(*text)) {
      return base::InvalidArgument(kRequestMalformed, "path: a broken escape or no UTF-8");
    }
    decoded.push_back(*std::move(text));
  }
  Match match;
  size_t literals = 0;
  for (const Entry& entry : entries_) {
    if (entry.segments.size() != decoded.size() || entry.verb != target.verb) continue;
    bool is_match = true;
    for (size_t i = 0; i < decoded.size() && is_match; ++i) {
      is_match =
          IsParameter(entry.segments[i]) ? !decoded[i].empty() : entry.segments[i] == decoded[i];
    }
    if (!is_match) continue;
    // A path with fewer literals is another resource: it says nothing about this one's methods.
    if (!match.allowed.empty() && entry.literals < literals) break;
    literals = entry.literals;
    match.allowed.push_back(entry.spec->method);
    if (entry.spec->method != method || match.route != nullptr) continue;
    match.route = entry.spec;
    for (size_t i = 0; i < decoded.size(); ++i) {
      if (IsParameter(entry.segments[i])) {
        match.parameters.emplace_back(ParameterName(entry.segments[i]), decoded[i]);
      }
    }
  }
  return match;
}

absl::Status Router::CheckQuery(const RouteSpec& route, const Target& target) {
  std::vector<std::string_view> names;
  std::vector<std::string_view> repeated;
  for (std::string_view name : base::Split(route.query, ' ')) {
    if (name.empty()) continue;
    if (name.ends_with('*')) {
      name.remove_suffix(1);
      repeated.push_back(name);
    }
    names.push_back(name);
  }
  for (size_t i = 0; i < target.query.size(); ++i) {
    const std::string& name = target.query[i].first;
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      return base::InvalidArgument(
          kQueryInvalid, "unknown query parameter `{}`{}", base::IsUtf8(name) ? name : "?",
          document::NearestHint(name, std::span<const std::string_view>(names)));
    }
    if (!base::IsUtf8(target.query[i].second)) {
      return base::InvalidArgument(kQueryInvalid, "`{}`: the value is no UTF-8", name);
    }
    if (std::find(repeated.begin(), repeated.end(), name) != repeated.end()) continue;
    for (size_t j = 0; j < i; ++j) {
      if (target.query[j].first == name) {
        return base::InvalidArgument(kQueryInvalid, "query parameter `{}` is given twice", name);
      }
    }
  }
  return absl::OkStatus();
}

void Handlers::Add(Method method, std::string_view path, Handler handler) {
  for (const RouteSpec& route : Routes()) {
    if (route.method != method || route.path != path) continue;
    LW_CHECK(handlers_.emplace(&route, std::move(handler)).second, "{} {} has two handlers",
             NameOf(method), path);
    return;
  }
  LW_CHECK(false, "{} {} is not in the route table", NameOf(method), path);
}

const Handler* Handlers::Find(const RouteSpec& route) const {
  const auto found = handlers_.find(&route);
  return found == handlers_.end() ? nullptr : &found->second;
}

}  // namespace lineward::http
