#pragma once

// gzip (RFC 1952) of whole bodies through zlib. Pure functions, any thread.

#include <absl/status/statusor.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace lineward::http {

// The bytes behind one or more gzip members. INVALID_ARGUMENT: BODY_TOO_LARGE over `limit` bytes,
// of which no more than one piece is made (a small body can stand for gigabytes);
// REQUEST_MALFORMED: no gzip, cut off, a wrong checksum.
absl::StatusOr<std::string> Gunzip(std::string_view bytes, size_t limit);

std::string Gzip(std::string_view bytes);

// True if `accept_encoding` takes gzip.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace lineward::http
