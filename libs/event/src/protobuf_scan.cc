#include "event/src/protobuf_scan.h"

#include <bit>
#include <cstring>

#include "event/src/text.h"
#include "lineward/base/strings.h"

namespace lineward::event {
namespace {

enum Wire : uint32_t { kVarint = 0, kFixed64 = 1, kLength = 2, kFixed32 = 5 };

constexpr int kFieldsMax = 1024;  // a message of more is an attack, not a promotion
constexpr int kTagBytesMax = 5;
constexpr int kVarintBytesMax = 10;

constexpr uint32_t Tag(int field, Wire wire) {
  return static_cast<uint32_t>(field) << 3 | static_cast<uint32_t>(wire);
}

// A cursor over the fields of one message. After a read that fails, `failed` stays true.
class Wires {
 public:
  explicit Wires(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}

  // The next tag; false at the end and on failure.
  bool Next(uint32_t* tag) {
    if (at_ == end_ || failed) return false;
    if (++fields_ > kFieldsMax) return Fail();
    // Fields 1-15 and 16-2047, whose tags are one byte and two.
    const auto first = static_cast<uint8_t>(*at_);
    if (first >= 8 && first < 0x80) {
      *tag = first;
      ++at_;
      return true;
    }
    if (end_ - at_ >= 2 && first >= 0x80 && static_cast<uint8_t>(at_[1] - 1) < 0x7f) {
      *tag = static_cast<uint32_t>(first & 0x7f) | static_cast<uint32_t>(at_[1]) << 7;
      at_ += 2;
      return true;
    }
    uint64_t value = 0;
    if (!Varint(kTagBytesMax, &value)) return false;
    *tag = static_cast<uint32_t>(value);  // cut, as protobuf does
    return *tag >> 3 != 0 || Fail();
  }
  bool Varint(uint64_t* value) { return Varint(kVarintBytesMax, value); }
  bool Double(double* value) {
    if (end_ - at_ < 8) return Fail();
    uint64_t bits = 0;
    std::memcpy(&bits, at_, sizeof(bits));
    if constexpr (std::endian::native == std::endian::big) bits = __builtin_bswap64(bits);
    *value = std::bit_cast<double>(bits);
    at_ += 8;
    return true;
  }
  bool Bytes(std::string_view* value) {
    uint64_t size = 0;
    if (at_ != end_ && static_cast<uint8_t>(*at_) < 0x80) [[likely]] {
      size = static_cast<uint8_t>(*at_++);
    } else if (!Varint(kTagBytesMax, &size)) {
      return false;
    }
    if (size > static_cast<uint64_t>(end_ - at_)) return Fail();
    *value = {at_, static_cast<size_t>(size)};
    at_ += size;
    return true;
  }
  // Passes a field that nobody reads.
  bool Skip(uint32_t tag) {
    uint64_t number = 0;
    std::string_view bytes;
    switch (tag & 7) {
      case kVarint:
        return Varint(&number);
      case kFixed64:
        return Advance(8);
      case kLength:
        return Bytes(&bytes);
      case kFixed32:
        return Advance(4);
      default:
        return Fail();
    }
  }
  const char* at() const { return at_; }

  bool failed = false;

 private:
  bool Fail() {
    failed = true;
    return false;
  }
  bool Advance(std::ptrdiff_t size) {
    if (end_ - at_ < size) return Fail();
    at_ += size;
    return true;
  }
  bool Varint(int bytes_max, uint64_t* value) {
    uint64_t result = 0;
    for (int i = 0; i < bytes_max && at_ + i < end_; ++i) {
      const auto byte = static_cast<uint8_t>(at_[i]);
      result |= static_cast<uint64_t>(byte & 0x7f) << (7 * i);
      if (byte < 0x80) {
        at_ += i + 1;
        *value = result;
        return true;
      }
    }
    return Fail();
  }

  const char* at_;
  const char* end_;
  int fields_ = 0;
};

class Scanner {
 public:
  Scanner(std::string_view bytes, size_t byte_base, Collector* out)
      : bytes_(bytes), byte_base_(byte_base), out_(*out) {}

  std::optional<size_t> Run();

 private:
  size_t Place(const char* at) const {
    return byte_base_ + static_cast<size_t>(at - bytes_.data());
  }
  // Each reads one nested message; false if it cannot be read (then `failed_at_` is set).
  bool ReadTime(std::string_view bytes);
  bool ReadAttribute(std::string_view bytes);
  bool ReadSignal(std::string_view bytes);
  bool End(const Wires& wires) {
    if (wires.failed) failed_at_ = wires.at();
    return !wires.failed;
  }
  // Notes a repeated singular field of a nested message of `field`.
  void SeeNested(uint32_t* seen, uint32_t bit, int field, const char* at) {
    if ((*seen & bit) != 0) out_.Violate(Cause::kDuplicateField, field, Place(at));
    *seen |= bit;
  }
  // The same for a text: `before`, which the repeat replaces, must be UTF-8 all the same.
  void SeeNestedText(uint32_t* seen, uint32_t bit, int field, std::string_view before,
                     const char* at) {
    SeeNested(seen, bit, field, at);
    if (!before.empty() && !base::IsUtf8(before)) out_.Violate(Cause::kUtf8, field, Place(at));
  }

  const std::string_view bytes_;
  const size_t byte_base_;
  Collector& out_;
  const char* failed_at_ = nullptr;
};

bool Scanner::ReadTime(std::string_view bytes) {
  Wires wires(bytes);
  uint32_t tag = 0;
  uint32_t seen = 0;
  uint64_t seconds = 0;
  uint64_t nanos = 0;
  while (wires.Next(&tag)) {
    if (tag == Tag(1, kVarint)) {
      SeeNested(&seen, 1, kEventTime, wires.at());
      if (!wires.Varint(&seconds)) break;
    } else if (tag == Tag(2, kVarint)) {
      SeeNested(&seen, 2, kEventTime, wires.at());
      if (!wires.Varint(&nanos)) break;
    } else if (!wires.Skip(tag)) {
      break;
    }
  }
  if (!End(wires)) return false;
  const auto whole = static_cast<int64_t>(seconds);
  const auto part = static_cast<int32_t>(nanos);
  const size_t place = Place(bytes.data());
  if (part < 0 || part > 999'999'999 || whole < kTimeMinUs / 1'000'000 ||
      whole >= kTimeEndUs / 1'000'000) {
    out_.MarkUnreadable(kEventTime, place);
    return true;
  }
  out_.EventTime(whole * 1'000'000 + part / 1'000, place);
  return true;
}

bool Scanner::ReadAttribute(std::string_view bytes) {
  Wires wires(bytes);
  uint32_t tag = 0;
  uint32_t seen = 0;
  std::string_view name;
  std::string_view value;
  while (wires.Next(&tag)) {
    if (tag == Tag(1, kLength)) {
      SeeNestedText(&seen, 1, kAttributes, name, wires.at());
      if (!wires.Bytes(&name)) break;
    } else if (tag == Tag(2, kLength)) {
      SeeNestedText(&seen, 2, kAttributes, value, wires.at());
      if (!wires.Bytes(&value)) break;
    } else if (!wires.Skip(tag)) {
      break;
    }
  }
  if (!End(wires)) return false;
  const size_t place = Place(bytes.data());
  out_.keys.Add(name, place);
  out_.AttributeItem(name, TextSource::kRaw, value, TextSource::kRaw, place);
  return true;
}

bool Scanner::ReadSignal(std::string_view bytes) {
  Wires wires(bytes);
  uint32_t tag = 0;
  uint32_t seen = 0;
  Signal signal;
  while (wires.Next(&tag)) {
    if (tag == Tag(1, kLength)) {
      SeeNestedText(&seen, 1, kTopSignals, signal.name, wires.at());
      if (!wires.Bytes(&signal.name)) break;
    } else if (tag == Tag(2, kFixed64)) {
      SeeNested(&seen, 2, kTopSignals, wires.at());
      if (!wires.Double(&signal.weight)) break;
    } else if (tag == Tag(3, kLength)) {
      SeeNestedText(&seen, 4, kTopSignals, signal.source, wires.at());
      if (!wires.Bytes(&signal.source)) break;
    } else if (!wires.Skip(tag)) {
      break;
    }
  }
  if (!End(wires)) return false;
  out_.SignalItem(signal, TextSource::kRaw, TextSource::kRaw, Place(bytes.data()));
  return true;
}

std::optional<size_t> Scanner::Run() {
  Wires wires(bytes_);
  const size_t mark = out_.keys.Mark();
  uint32_t tag = 0;
  while (wires.Next(&tag)) {
    const int field = static_cast<int>(tag >> 3);
    const size_t place = Place(wires.at());
    switch (tag) {
      case Tag(kEventId, kLength):
      case Tag(kSurface, kLength):
      case Tag(kSubjectId, kLength):
      case Tag(kItemId, kLength):
      case Tag(kModelName, kLength):
      case Tag(kModelVersion, kLength):
      case Tag(kPurpose, kLength):
      case Tag(kJurisdiction, kLength):
      case Tag(kProcessingRegion, kLength):
      case Tag(kWeightsDigest, kLength):
      case Tag(kTenant, kLength):
      case Tag(kRecommenderId, kLength):
      case Tag(kConsentRef, kLength):
      case Tag(kSlateId, kLength):
      case Tag(kExperimentArm, kLength):
      case Tag(kCreatorId, kLength):
      case Tag(kSponsorId, kLength):
      case Tag(kTraceparent, kLength): {
        std::string_view text;
        if (!wires.Bytes(&text)) return Place(wires.at());
        out_.See(field, place);
        out_.Text(field, text, TextSource::kRaw, place);
        break;
      }
      case Tag(kSources, kLength):
      case Tag(kConsentedPurposes, kLength):
      case Tag(kItemLabels, kLength): {
        std::string_view text;
        if (!wires.Bytes(&text)) return Place(wires.at());
        out_.Item(field, text, TextSource::kRaw, place);
        break;
      }
      case Tag(kEventTime, kLength): {
        std::string_view bytes;
        if (!wires.Bytes(&bytes)) return Place(wires.at());
        out_.See(field, place);
        if (!ReadTime(bytes)) return Place(failed_at_);
        break;
      }
      case Tag(kAttributes, kLength): {
        std::string_view bytes;
        if (!wires.Bytes(&bytes)) return Place(wires.at());
        if (!ReadAttribute(bytes)) return Place(failed_at_);
        break;
      }
      case Tag(kTopSignals, kLength): {
        std::string_view bytes;
        if (!wires.Bytes(&bytes)) return Place(wires.at());
        if (!ReadSignal(bytes)) return Place(failed_at_);
        break;
      }
      case Tag(kSubjectClass, kVarint):
      case Tag(kUserOption, kVarint): {
        uint64_t number = 0;
        if (!wires.Varint(&number)) return Place(wires.at());
        out_.See(field, place);
        out_.Enum(field, static_cast<int32_t>(number));
        break;
      }
      case Tag(kPosition, kVarint):
      case Tag(kSlateSize, kVarint): {
        uint64_t number = 0;
        if (!wires.Varint(&number)) return Place(wires.at());
        out_.See(field, place);
        out_.Number(field, static_cast<uint32_t>(number));
        break;
      }
      case Tag(kScore, kFixed64):
      case Tag(kPropensity, kFixed64): {
        double value = 0;
        if (!wires.Double(&value)) return Place(wires.at());
        out_.See(field, place);
        out_.Double(field, value, place);
        break;
      }
      default:
        if (!wires.Skip(tag)) return Place(wires.at());
    }
  }
  if (wires.failed) return Place(wires.at());
  if (const auto twice = out_.keys.Close(mark)) {
    out_.Violate(Cause::kDuplicateField, kAttributes, *twice);
  }
  return std::nullopt;
}

}  // namespace

std::optional<size_t> ScanProtobuf(std::string_view bytes, size_t byte_base, Collector* out) {
  return Scanner(bytes, byte_base, out).Run();
}

}  // namespace lineward::event
