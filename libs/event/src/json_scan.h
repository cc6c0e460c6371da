#pragma once

// The JSON scan: simdjson finds quotes, operators and bad UTF-8 with the best instructions of the
// machine (its stage 1); one walk over what it found then reads the members of a promotion and
// judges every other one too, since simdjson's own readers take broken members that nobody asks
// for, repeated keys, and no half of a surrogate pair.

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "event/src/collector.h"

namespace lineward::event {

// A text member of a CloudEvents envelope.
struct EnvelopeText {
  enum class Kind : uint8_t { kAbsent, kText, kOther };
  Kind kind = Kind::kAbsent;
  std::string_view text;
  TextSource source = TextSource::kUtf8;
  size_t byte = 0;
};

struct StructuredEnvelope {
  enum class Data : uint8_t { kAbsent, kObject, kOther };
  EnvelopeText specversion;
  EnvelopeText id;
  EnvelopeText source;
  EnvelopeText type;
  EnvelopeText time;
  EnvelopeText traceparent;
  EnvelopeText data_base64;
  Data data = Data::kAbsent;
};

// A text that cannot be read: cause utf8 or json.
struct JsonError {
  Cause cause = Cause::kJson;
  size_t byte = 0;
};

// Buffers and structural index; reused. Not thread-safe.
class JsonScanner {
 public:
  JsonScanner();
  ~JsonScanner();
  JsonScanner(const JsonScanner&) = delete;
  JsonScanner& operator=(const JsonScanner&) = delete;

  // Gives the members of the one object in `text` to the collector; places are counted from
  // `byte_base`. Unescaped texts live in this scanner until its next scan.
  std::optional<JsonError> ScanPromotion(std::string_view text, size_t byte_base, Collector* out);
  // The same for a structured CloudEvent, whose `data` is the promotion.
  std::optional<JsonError> ScanStructured(std::string_view text, StructuredEnvelope* envelope,
                                          Collector* out);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace lineward::event
