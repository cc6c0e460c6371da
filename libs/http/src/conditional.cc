#include "http/src/conditional.h"

#include <algorithm>

#include "lineward/base/strings.h"

namespace lineward::http {

bool NamesEtag(std::string_view if_none_match, std::string_view etag) {
  for (std::string_view tag : base::Split(if_none_match, ',')) {
    while (tag.starts_with(' ')) tag.remove_prefix(1);
    while (tag.ends_with(' ')) tag.remove_suffix(1);
    if (tag.starts_with("W/")) tag.remove_prefix(2);
    if (tag == "*" || tag == etag) return true;
  }
  return false;
}

void AnswerConditionally(const Request& request, Response* response) {
  const auto etag = std::find_if(response->headers.begin(), response->headers.end(),
                                 [](const Header& header) { return header.first == "ETag"; });
  if (request.method != Method::kGet || response->status != 200 ||
      etag == response->headers.end() ||
      !NamesEtag(request.HeaderValue("if-none-match"), etag->second)) {
    return;
  }
  response->status = 304;
  response->content_type.clear();
  response->body.clear();
}

}  // namespace lineward::http
