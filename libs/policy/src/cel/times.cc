#include "policy/src/cel/times.h"

#include <absl/time/civil_time.h>
#include <fmt/format.h>

#include <array>
#include <limits>

namespace lineward::policy::cel {
namespace {

constexpr int64_t kFirstSecond = -62'135'596'800;  // 0001-01-01T00:00:00Z
constexpr int64_t kLastSecond = 253'402'300'799;   // 9999-12-31T23:59:59Z
constexpr int64_t kNanosPerSecond = 1'000'000'000;
constexpr size_t kFractionDigitsMax = 9;

Value Failed(Failure failure) { return Value::Failed(failure); }

// Reads digits and marks from the front of a text.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  bool is_ok() const { return is_ok_; }
  bool is_done() const { return is_ok_ && text_.empty(); }
  bool Accept(char c) {
    if (!text_.starts_with(c)) return false;
    text_.remove_prefix(1);
    return true;
  }
  void Expect(char c) { is_ok_ = Accept(c) && is_ok_; }
  bool AtDigit() const { return !text_.empty() && text_[0] >= '0' && text_[0] <= '9'; }
  int64_t Digit() {
    const int64_t digit = text_[0] - '0';
    text_.remove_prefix(1);
    return digit;
  }
  // Exactly `count` digits.
  int64_t Number(int count) {
    int64_t number = 0;
    for (; count > 0 && AtDigit(); --count) number = number * 10 + Digit();
    is_ok_ = is_ok_ && count == 0;
    return number;
  }
  // `.` and 1-9 digits, if there is a dot.
  uint32_t NanoFraction() {
    if (!Accept('.')) return 0;
    size_t digits = 0;
    uint32_t nanos = 0;
    for (; digits < kFractionDigitsMax && AtDigit(); ++digits) {
      nanos = nanos * 10 + static_cast<uint32_t>(Digit());
    }
    is_ok_ = is_ok_ && digits > 0 && !AtDigit();
    for (; digits < kFractionDigitsMax; ++digits) nanos *= 10;
    return nanos;
  }
  std::string_view Rest() const { return text_; }
  void Skip(size_t bytes) { text_.remove_prefix(bytes); }

 private:
  std::string_view text_;
  bool is_ok_ = true;
};

absl::CivilSecond CivilOf(int64_t seconds) { return absl::CivilSecond(1970) + seconds; }

// Seconds east of UTC; nullopt if `text` is no `+02:00`.
std::optional<int32_t> FixedOffset(std::string_view text) {
  Reader reader(text);
  const bool is_west = reader.Accept('-');
  if (!is_west) reader.Accept('+');
  const int64_t hours = reader.Number(2);
  reader.Expect(':');
  const int64_t minutes = reader.Number(2);
  if (!reader.is_done() || hours > 23 || minutes > 59) return std::nullopt;
  const auto seconds = static_cast<int32_t>(hours * 3600 + minutes * 60);
  return is_west ? -seconds : seconds;
}

struct Unit {
  std::string_view name;
  int64_t nanos;
};

// Longer names before those that they begin with.
constexpr std::array<Unit, 7> kUnits = {{{"ms", 1'000'000},
                                         {"us", 1'000},
                                         {"\xC2\xB5s", 1'000},
                                         {"ns", 1},
                                         {"h", 3600 * kNanosPerSecond},
                                         {"m", 60 * kNanosPerSecond},
                                         {"s", kNanosPerSecond}}};

// One `1.5h`; nullopt if there is none, beyond int64 if it is too long.
std::optional<__int128> TakeSpan(Reader* reader) {
  constexpr __int128 kTooMuch = __int128{std::numeric_limits<int64_t>::max()} * 4;
  __int128 whole = 0;
  bool has_digits = false;
  for (; reader->AtDigit(); has_digits = true)
    whole = std::min(whole * 10 + reader->Digit(), kTooMuch);
  __int128 fraction = 0;
  __int128 scale = 1;
  if (reader->Accept('.')) {
    for (; reader->AtDigit(); has_digits = true) {
      const int64_t digit = reader->Digit();
      if (scale >= 1'000'000'000'000'000) continue;  // below a nanosecond even of an hour
      fraction = fraction * 10 + digit;
      scale *= 10;
    }
  }
  if (!has_digits) return std::nullopt;
  for (const Unit& unit : kUnits) {
    if (!reader->Rest().starts_with(unit.name)) continue;
    reader->Skip(unit.name.size());
    return std::min(whole * unit.nanos, kTooMuch) + fraction * unit.nanos / scale;
  }
  return std::nullopt;
}

// ".5", ".000000001" or nothing.
std::string_view FractionText(uint32_t nanos, std::array<char, 16>* buffer) {
  if (nanos == 0) return "";
  char* end = fmt::format_to_n(buffer->data(), buffer->size(), ".{:09}", nanos).out;
  while (end[-1] == '0') --end;
  return {buffer->data(), static_cast<size_t>(end - buffer->data())};
}

}  // namespace

Value TimestampOf(int64_t seconds, uint32_t nanos) noexcept {
  if (seconds < kFirstSecond || seconds > kLastSecond) return Failed(Failure::kRange);
  return Value::Timestamp(seconds, nanos);
}

Value ParseTimestamp(std::string_view text) noexcept {
  Reader reader(text);
  const int64_t year = reader.Number(4);
  if (reader.AtDigit()) return Failed(Failure::kRange);
  reader.Expect('-');
  const int64_t month = reader.Number(2);
  reader.Expect('-');
  const int64_t day = reader.Number(2);
  if (!reader.Accept('T')) reader.Expect('t');
  const int64_t hour = reader.Number(2);
  reader.Expect(':');
  const int64_t minute = reader.Number(2);
  reader.Expect(':');
  const int64_t second = reader.Number(2);
  const uint32_t nanos = reader.NanoFraction();
  int32_t offset = 0;
  if (!reader.Accept('Z') && !reader.Accept('z')) {
    const std::string_view zone = reader.Rest();
    const auto fixed =
        zone.starts_with('+') || zone.starts_with('-') ? FixedOffset(zone) : std::nullopt;
    if (!fixed) return Failed(Failure::kMalformed);
    offset = *fixed;
    reader.Skip(zone.size());
  }
  if (!reader.is_done() || hour > 23 || minute > 59 || second > 59) {
    return Failed(Failure::kMalformed);
  }
  const absl::CivilSecond civil(year, month, day, hour, minute, second);
  if (civil.month() != month || civil.day() != day) return Failed(Failure::kMalformed);
  return TimestampOf(civil - absl::CivilSecond(1970) - offset, nanos);
}

Value ParseDuration(std::string_view text) noexcept {
  Reader reader(text);
  const bool is_negative = reader.Accept('-');
  if (!is_negative) reader.Accept('+');
  if (reader.Rest() == "0") return Value::Duration(0);
  constexpr __int128 kMax = std::numeric_limits<int64_t>::max();
  __int128 nanos = 0;
  do {
    const std::optional<__int128> span = TakeSpan(&reader);
    if (!span) return Failed(Failure::kMalformed);
    nanos = std::min(nanos + *span, kMax * 2);
  } while (!reader.is_done());
  if (nanos > kMax + (is_negative ? 1 : 0)) return Failed(Failure::kRange);
  return Value::Duration(static_cast<int64_t>(is_negative ? -nanos : nanos));
}

Value Shifted(const Value& time, int64_t nanos, bool is_forwards) noexcept {
  const __int128 from = __int128{time.seconds()} * kNanosPerSecond + time.nanos();
  const __int128 to = is_forwards ? from + nanos : from - nanos;
  __int128 seconds = to / kNanosPerSecond;
  __int128 rest = to % kNanosPerSecond;
  if (rest < 0) {
    rest += kNanosPerSecond;
    --seconds;
  }
  return TimestampOf(static_cast<int64_t>(seconds), static_cast<uint32_t>(rest));
}

Value Difference(const Value& a, const Value& b) noexcept {
  const __int128 nanos = __int128{a.seconds() - b.seconds()} * kNanosPerSecond +
                         (int64_t{a.nanos()} - int64_t{b.nanos()});
  if (nanos > std::numeric_limits<int64_t>::max() || nanos < std::numeric_limits<int64_t>::min()) {
    return Failed(Failure::kOverflow);
  }
  return Value::Duration(static_cast<int64_t>(nanos));
}

size_t WriteTimestamp(const Value& time, char* out) noexcept {
  const absl::CivilSecond civil = CivilOf(time.seconds());
  std::array<char, 16> fraction;
  const auto written =
      fmt::format_to_n(out, kTimeTextMax, "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}Z", civil.year(),
                       civil.month(), civil.day(), civil.hour(), civil.minute(), civil.second(),
                       FractionText(time.nanos(), &fraction));
  return written.size;
}

size_t WriteDuration(const Value& duration, char* out) noexcept {
  const int64_t nanos = duration.duration_nanos();
  const uint64_t magnitude = nanos < 0 ? 0 - static_cast<uint64_t>(nanos) : nanos;
  std::array<char, 16> fraction;
  const auto written = fmt::format_to_n(
      out, kTimeTextMax, "{}{}{}s", nanos < 0 ? "-" : "", magnitude / kNanosPerSecond,
      FractionText(static_cast<uint32_t>(magnitude % kNanosPerSecond), &fraction));
  return written.size;
}

std::string TimestampText(const Value& time) {
  std::array<char, kTimeTextMax> text;
  return {text.data(), WriteTimestamp(time, text.data())};
}

std::string DurationText(const Value& duration) {
  std::array<char, kTimeTextMax> text;
  return {text.data(), WriteDuration(duration, text.data())};
}

Value TimeField(Function function, const Value& time, std::string_view zone,
                const Activation& activation) noexcept {
  std::optional<int32_t> offset = zone == "UTC" ? 0 : FixedOffset(zone);
  if (!offset && activation.zone_offset != nullptr) {
    offset = activation.zone_offset(zone, time.seconds());
  }
  if (!offset) return Failed(Failure::kMalformed);
  const absl::CivilSecond civil = CivilOf(time.seconds() + *offset);
  switch (function) {
    case Function::kGetFullYear:
      return Value::Int(civil.year());
    case Function::kGetMonth:
      return Value::Int(civil.month() - 1);
    case Function::kGetDate:
      return Value::Int(civil.day());
    case Function::kGetDayOfMonth:
      return Value::Int(civil.day() - 1);
    case Function::kGetDayOfWeek:  // abseil's begins on Monday
      return Value::Int((static_cast<int>(absl::GetWeekday(civil)) + 1) % 7);
    case Function::kGetDayOfYear:
      return Value::Int(absl::GetYearDay(absl::CivilDay(civil)) - 1);
    case Function::kGetHours:
      return Value::Int(civil.hour());
    case Function::kGetMinutes:
      return Value::Int(civil.minute());
    case Function::kGetSeconds:
      return Value::Int(civil.second());
    case Function::kGetMilliseconds:
      return Value::Int(time.nanos() / 1'000'000);
    default:
      return Failed(Failure::kNoOverload);
  }
}

Value DurationField(Function function, const Value& duration) noexcept {
  const int64_t nanos = duration.duration_nanos();
  switch (function) {
    case Function::kGetHours:
      return Value::Int(nanos / (3600 * kNanosPerSecond));
    case Function::kGetMinutes:
      return Value::Int(nanos / (60 * kNanosPerSecond));
    case Function::kGetSeconds:
      return Value::Int(nanos / kNanosPerSecond);
    case Function::kGetMilliseconds:
      return Value::Int(nanos % kNanosPerSecond / 1'000'000);
    default:
      return Failed(Failure::kNoOverload);
  }
}

}  // namespace lineward::policy::cel
