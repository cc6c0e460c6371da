#pragma once

// Reasons of this lib's errors (docs/errors.md).

#include <string_view>

namespace lineward::http {

inline constexpr std::string_view kAnswerInvalid = "ANSWER_INVALID";
inline constexpr std::string_view kAuthAmbiguous = "AUTH_AMBIGUOUS";
inline constexpr std::string_view kBodyTooLarge = "BODY_TOO_LARGE";
inline constexpr std::string_view kDeadlineExceeded = "DEADLINE_EXCEEDED";
inline constexpr std::string_view kEncodingUnsupported = "ENCODING_UNSUPPORTED";
inline constexpr std::string_view kEndpointUnreachable = "ENDPOINT_UNREACHABLE";
inline constexpr std::string_view kHeadTooLarge = "HEAD_TOO_LARGE";
inline constexpr std::string_view kHostUnknown = "HOST_UNKNOWN";
inline constexpr std::string_view kListenFailed = "LISTEN_FAILED";
inline constexpr std::string_view kMethodNotAllowed = "METHOD_NOT_ALLOWED";
inline constexpr std::string_view kNotAcceptable = "NOT_ACCEPTABLE";
inline constexpr std::string_view kNotReady = "NOT_READY";
inline constexpr std::string_view kNotYetVisible = "NOT_YET_VISIBLE";
inline constexpr std::string_view kOverloaded = "OVERLOADED";
inline constexpr std::string_view kPageTokenExpired = "PAGE_TOKEN_EXPIRED";
inline constexpr std::string_view kPageTokenMismatch = "PAGE_TOKEN_MISMATCH";
inline constexpr std::string_view kPartialAnswer = "PARTIAL_ANSWER";
inline constexpr std::string_view kPermissionDenied = "PERMISSION_DENIED";
inline constexpr std::string_view kPolicySetNotFound = "POLICY_SET_NOT_FOUND";
inline constexpr std::string_view kQueryInvalid = "QUERY_INVALID";
inline constexpr std::string_view kRateLimited = "RATE_LIMITED";
inline constexpr std::string_view kRequestMalformed = "REQUEST_MALFORMED";
inline constexpr std::string_view kRequestTimeout = "REQUEST_TIMEOUT";
inline constexpr std::string_view kRoleNotHere = "ROLE_NOT_HERE";
inline constexpr std::string_view kRouteNotFound = "ROUTE_NOT_FOUND";
inline constexpr std::string_view kSendNotAllowed = "SEND_NOT_ALLOWED";
inline constexpr std::string_view kTokenFileInvalid = "TOKEN_FILE_INVALID";
inline constexpr std::string_view kUnauthenticated = "UNAUTHENTICATED";
inline constexpr std::string_view kUriTooLong = "URI_TOO_LONG";

}  // namespace lineward::http
