#pragma once

// Conditional requests (RFC 9110, section 13): a reader that holds the newest revision gets no
// body.

#include <string_view>

#include "lineward/http/message.h"

namespace lineward::http {

// True if `if_none_match` (a list of entity tags, or `*`) names `etag`. Compared weakly, as the RFC
// wants it here: `W/` is passed over.
bool NamesEtag(std::string_view if_none_match, std::string_view etag);

// Makes a 200 with an `ETag` a 304 without body if the request holds that tag already.
void AnswerConditionally(const Request& request, Response* response);

}  // namespace lineward::http
