#pragma once

// The decoder: a record's headers and value in, an EventView or the cause of its refusal out
// (stream design, section 3). A pure function of its arguments: no clock, no network, no state but
// the reused buffers of Scratch. Nothing is re-serialised and, once the buffers have grown to the
// largest event seen, nothing is allocated.

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "lineward/event/event_view.h"
#include "lineward/event/reasons.h"
#include "lineward/event/source_options.h"

namespace lineward::event {

inline constexpr size_t kHeadersMax = 64;
inline constexpr size_t kHeaderBytesMax = 64 * 1024;

// A record's header; a null value is not an empty one.
struct Header {
  std::string_view name;
  std::optional<std::string_view> value;
};

enum class Framing : uint8_t {
  kNone,  // not found out: the event is malformed before
  kCloudEventsBinary,
  kCloudEventsStructured,
  kRegistryProtobuf,
  kRegistryJson,
  kProtobuf,
  kJson,
};
// `ce-binary`, `ce-structured`, `registry-protobuf`, `registry-json`, `bare-protobuf`, `bare-json`,
// `none`.
std::string_view FramingName(Framing framing);

// One thing that is wrong with an event.
struct DecodeError {
  Cause cause = Cause::kNone;
  // Lowest field number that has the cause; 0 if it belongs to no field.
  int field = 0;
  // Where in the value it was seen (in the decoded data of `data_base64`); 0 where that means
  // nothing.
  size_t byte = 0;

  bool operator==(const DecodeError&) const = default;
};

// Buffers of one thread, reused from event to event. Not thread-safe.
class Scratch {
 public:
  Scratch();
  ~Scratch();
  Scratch(Scratch&&) noexcept;
  Scratch& operator=(Scratch&&) noexcept;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

struct Decoded {
  // Null if the event is malformed. Points into the Scratch: valid until its next use.
  const EventView* event = nullptr;
  // The cause that counts; cause kNone if `event` is set.
  DecodeError error;
  // Everything that is wrong as far as it can be told, by cause, then field; the first is `error`.
  // Valid until the next use of the Scratch.
  std::span<const DecodeError> violations;
  Framing framing = Framing::kNone;
  // Of the traceparent that counts: header, field 30, CloudEvents extension; of a malformed event
  // the headers alone. Absent if there is none or it is invalid.
  std::optional<TraceId> trace_id;
  // Row field 86: the one `lineward-replay-of` that holds a decision id of this topic, else empty.
  std::string_view replay_of;

  bool ok() const { return event != nullptr; }
};

// Decodes and validates one promotion. `value` nullopt is a tombstone. `options` must be valid
// (Validate). Never fails otherwise: what is wrong with the event is the result. Thread-safe with
// one Scratch per thread.
Decoded Decode(std::span<const Header> headers, std::optional<std::string_view> value,
               const SourceOptions& options, Scratch* scratch);

}  // namespace lineward::event
