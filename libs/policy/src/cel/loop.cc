#include "policy/src/cel/loop.h"

namespace lineward::policy::cel {
namespace {

bool MakesList(Macro macro) {
  return macro == Macro::kFilter || macro == Macro::kMap || macro == Macro::kMapIf;
}

// A body that should be bool, as a bool or a failure.
Value Condition(const Value& body) {
  if (body.is(Kind::kBool) || body.is_failure()) return body;
  return Value::Failed(Failure::kNoOverload);
}

}  // namespace

void Loop::Begin(Macro macro, const Value& range, Scratch* scratch) noexcept {
  *this = Loop();
  macro_ = macro;
  if (range.is_failure()) return End(range);
  if (range.is(Kind::kList)) {
    elements_ = range.items();
  } else if (range.is(Kind::kMap)) {
    elements_ = range.entries();
    stride_ = 2;
  } else {
    return End(Value::Failed(Failure::kNoOverload));
  }
  if (MakesList(macro)) {
    items_ = scratch->NewValues(elements_.size() / stride_);
    if (items_ == nullptr) return End(Value::Failed(Failure::kBudgetSpent));
  }
  is_done_ = false;
  if (elements_.empty()) End(ResultAtEnd());
}

bool Loop::Admits(const Value& condition) noexcept {
  const Value value = Condition(condition);
  if (value.is_true()) return true;
  if (value.is_failure()) {
    End(value);
  } else {
    Next();
  }
  return false;
}

void Loop::Take(const Value& body) noexcept {
  const bool is_map = macro_ == Macro::kMap || macro_ == Macro::kMapIf;
  const Value value = is_map ? body : Condition(body);
  const bool absorbs = macro_ == Macro::kAll || macro_ == Macro::kExists;
  if (value.is_failure()) {
    if (!absorbs) return End(value);
    if (!pending_.is_failure()) pending_ = value;
    return Next();
  }
  switch (macro_) {
    case Macro::kAll:
      if (value.is_false()) return End(value);
      break;
    case Macro::kExists:
      if (value.is_true()) return End(value);
      break;
    case Macro::kExistsOne:
      if (value.is_true()) ++found_;
      break;
    case Macro::kFilter:
      if (value.is_true()) items_[made_++] = item();
      break;
    case Macro::kMap:
    case Macro::kMapIf:
      items_[made_++] = value;
      break;
  }
  Next();
}

void Loop::Next() noexcept {
  at_ += stride_;
  if (at_ >= elements_.size()) End(ResultAtEnd());
}

void Loop::End(const Value& result) noexcept {
  is_done_ = true;
  result_ = result;
}

Value Loop::ResultAtEnd() const noexcept {
  switch (macro_) {
    case Macro::kAll:
      return pending_.is_failure() ? pending_ : Value::Bool(true);
    case Macro::kExists:
      return pending_.is_failure() ? pending_ : Value::Bool(false);
    case Macro::kExistsOne:
      return Value::Bool(found_ == 1);
    case Macro::kFilter:
    case Macro::kMap:
    case Macro::kMapIf:
      break;
  }
  return Value::List({items_, made_});
}

}  // namespace lineward::policy::cel
