#pragma once

// Page tokens: where a list goes on, bound to the route, the query and the actor, and proved by an
// HMAC so that no other place can be asked for (interfaces design, section 2).

#include <absl/status/statusor.h>
#include <absl/time/time.h>

#include <string>
#include <string_view>

namespace lineward::http {

inline constexpr absl::Duration kPageTokenLife = absl::Hours(24);

// What a token is bound to. `query` is every parameter that chooses or orders the rows.
struct PageBinding {
  std::string_view route;
  std::string_view query;
  std::string_view actor;
};

// Immutable; any thread.
class PageTokens {
 public:
  // `key`: the shared secret `http.page_token_key`, at least 16 bytes.
  explicit PageTokens(std::string key);

  // `position` is opaque: the last key and the as-of log sizes.
  std::string Make(const PageBinding& binding, std::string_view position, absl::Time now) const;

  // The position. INVALID_ARGUMENT `PAGE_TOKEN_MISMATCH`: not made with this key for this binding;
  // `PAGE_TOKEN_EXPIRED`: older than 24 h.
  absl::StatusOr<std::string> Open(const PageBinding& binding, std::string_view token,
                                   absl::Time now) const;

 private:
  std::string Mac(const PageBinding& binding, std::string_view payload) const;
  std::string key_;
};

}  // namespace lineward::http
