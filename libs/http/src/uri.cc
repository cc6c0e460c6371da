#include "lineward/http/uri.h"

#include <optional>

#include "lineward/base/status.h"
#include "lineward/control/names.h"
#include "lineward/http/reasons.h"

namespace lineward::http {
namespace {

constexpr size_t kQueryParametersMax = 100;  // far beyond what any route declares

std::optional<std::string> DecodeQuery(std::string_view text) {
  std::string spaced(text);
  for (char& c : spaced) {
    if (c == '+') c = ' ';
  }
  return control::DecodeSegment(spaced);
}

}  // namespace

absl::StatusOr<Target> ParseTarget(std::string_view target) {
  if (target.empty() || target[0] != '/') {
    return base::InvalidArgument(kRequestMalformed, "the target does not begin with `/`");
  }
  if (target.find('#') != std::string_view::npos) {
    return base::InvalidArgument(kRequestMalformed, "the target holds a fragment");
  }
  Target parsed;
  const size_t question = target.find('?');
  std::string_view path =
      target.substr(1, question == std::string_view::npos ? std::string_view::npos : question - 1);
  for (;;) {
    const size_t slash = path.find('/');
    parsed.segments.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) break;
    path.remove_prefix(slash + 1);
  }
  std::string_view& last = parsed.segments.back();
  if (const size_t colon = last.rfind(':'); colon != std::string_view::npos) {
    parsed.verb = last.substr(colon + 1);
    last = last.substr(0, colon);
  }
  if (question == std::string_view::npos) return parsed;
  std::string_view query = target.substr(question + 1);
  while (!query.empty()) {
    const size_t end = query.find('&');
    const std::string_view pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    if (parsed.query.size() >= kQueryParametersMax) {
      return base::InvalidArgument(kRequestMalformed, "more than {} query parameters",
                                   kQueryParametersMax);
    }
    const size_t equals = pair.find('=');
    auto name = DecodeQuery(pair.substr(0, equals));
    auto value = DecodeQuery(equals == std::string_view::npos ? std::string_view()
                                                              : pair.substr(equals + 1));
    if (!name.has_value() || !value.has_value()) {
      return base::InvalidArgument(kRequestMalformed, "query: a `%` without two digits behind it");
    }
    parsed.query.emplace_back(*std::move(name), *std::move(value));
  }
  return parsed;
}

}  // namespace lineward::http
