#include "lineward/http/uri.h"

#include "lineward/base/status.h"
#include "lineward/http/reasons.h"

namespace lineward::http {
namespace {

constexpr size_t kQueryParametersMax = 100;  // far beyond what any route declares

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

bool IsUnreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

std::optional<std::string> DecodeQuery(std::string_view text) {
  std::string spaced(text);
  for (char& c : spaced) {
    if (c == '+') c = ' ';
  }
  return PercentDecode(spaced);
}

}  // namespace

std::optional<std::string> PercentDecode(std::string_view text) {
  std::string decoded;
  decoded.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      decoded.push_back(text[i]);
      continue;
    }
    if (i + 2 >= text.size()) return std::nullopt;
    const int high = HexValue(text[i + 1]);
    const int low = HexValue(text[i + 2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0)) return std::nullopt;
    decoded.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  return decoded;
}

std::string PercentEncode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c)) {
      encoded.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded.push_back('%');
    encoded.push_back(kHex[byte >> 4]);
    encoded.push_back(kHex[byte & 15]);
  }
  return encoded;
}

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
