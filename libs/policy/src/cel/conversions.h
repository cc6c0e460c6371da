#pragma once

// `int(x)`, `string(x)` and so on: exact or a failure; doubles are cut towards zero. Pure, no
// allocation; any thread. Text that is made lives in the scratch.

#include "policy/src/cel/scratch.h"
#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

Value ToBool(const Value& value) noexcept;
Value ToInt(const Value& value) noexcept;
Value ToUint(const Value& value) noexcept;
Value ToDouble(const Value& value) noexcept;
Value ToString(const Value& value, Scratch* scratch) noexcept;
Value ToBytes(const Value& value) noexcept;
Value ToTimestamp(const Value& value) noexcept;
Value ToDuration(const Value& value) noexcept;

}  // namespace lineward::policy::cel
