#pragma once

// Reads the members of one JSON object strictly: every violation is told with its field, and a
// member that nobody asked for is one too, with the nearest known name. Not thread-safe.

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "lineward/document/json.h"
#include "lineward/registry/items.h"

namespace lineward::registry {

class FieldReader {
 public:
  // `path` stands before each field in violations (`items[3].`, or empty).
  FieldReader(const document::Json& object, std::string path, std::vector<Violation>* violations);

  // The member, or null if absent; marks it as known. A JSON null counts as absent.
  const document::Json* Get(std::string_view name);
  const document::Json* Require(std::string_view name);

  // Each reads a member and reports a wrong type, size or value; nullopt then and if absent.
  std::optional<std::string> Text(std::string_view name, size_t bytes_max);
  std::optional<std::string> RequiredText(std::string_view name, size_t bytes_max);
  std::optional<std::string> OneOf(std::string_view name, std::span<const std::string_view> words);
  std::optional<bool> Bool(std::string_view name);
  // A 64-bit integer: a JSON number or decimal text.
  std::optional<int64_t> Int(std::string_view name, int64_t min, int64_t max);
  // RFC 3339, as microseconds since 1970.
  std::optional<int64_t> Time(std::string_view name);
  std::optional<std::vector<std::string>> Texts(std::string_view name, size_t items_max,
                                                size_t bytes_max);

  void Report(std::string_view field, std::string message);
  std::string PathOf(std::string_view field) const { return path_ + std::string(field); }
  bool IsObject() const { return object_.is_object(); }

  // Reports the members that were never asked for.
  void Finish();

 private:
  const document::Json& object_;
  std::string path_;
  std::vector<Violation>* violations_;
  std::vector<std::string> known_;
};

}  // namespace lineward::registry
