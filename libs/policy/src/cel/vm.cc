#include "policy/src/cel/vm.h"

#include <algorithm>
#include <span>

#include "policy/src/cel/containers.h"
#include "policy/src/cel/functions.h"
#include "policy/src/cel/loop.h"
#include "policy/src/cel/texts.h"

namespace lineward::policy::cel {
namespace {

class Vm {
 public:
  Vm(const Program& program, const Activation& activation, Scratch* scratch)
      : program_(program),
        activation_(activation),
        scratch_(scratch),
        stack_(scratch->stack()),
        loops_(scratch->loops()) {}

  Value Execute() noexcept {
    while (true) {
      const Instruction& instruction = program_.code[at_++];
      if (!scratch_->Step(instruction.cost)) return Value::Failed(Failure::kBudgetSpent);
      if (instruction.op >= Op::kAddInt) {
        Typed(instruction);
      } else if (instruction.op >= Op::kJump) {
        if (instruction.op == Op::kReturn) return Pop();
        Flow(instruction);
      } else {
        Data(instruction);
      }
    }
  }

 private:
  void Push(const Value& value) noexcept { stack_[depth_++] = value; }
  Value Pop() noexcept { return stack_[--depth_]; }
  Value& Top() noexcept { return stack_[depth_ - 1]; }

  // A failure that arises here gets this place.
  Value Placed(const Value& value) const noexcept {
    return value.is_failure() ? value.PlacedAt(program_.offsets[at_ - 1]) : value;
  }
  // Takes `count` values, leaves `result`.
  void Leave(uint32_t count, const Value& result) noexcept {
    depth_ -= count;
    Push(Placed(result));
  }
  std::span<const Value> Arguments(uint32_t count) const noexcept {
    return {stack_ + depth_ - count, count};
  }

  void Data(const Instruction& instruction) noexcept {
    const uint32_t argument = instruction.argument;
    switch (instruction.op) {
      case Op::kConstant:
        return Leave(0, program_.constants[argument]);
      case Op::kFolded:
        scratch_->Take(program_.folded[argument]);
        return Push(program_.constants[argument]);
      case Op::kVariable:
        return Leave(0, activation_.variables[argument]);
      case Op::kHasVariable:
        return Leave(0, HasVariable(activation_.variables[argument]));
      case Op::kLocal:
        return Push(loops_[argument].item());
      case Op::kSelect:
        return Leave(1, Select(Top(), program_.texts[argument], scratch_));
      case Op::kHas:
        return Leave(1, Has(Top(), program_.texts[argument], scratch_));
      case Op::kHostCall:
        return Leave(instruction.count,
                     CallHost(activation_, argument, Arguments(instruction.count), scratch_));
      case Op::kMatches:
        return Leave(1, MatchesLiteral(argument));
      case Op::kList:
      case Op::kMap:
        return Leave(argument, Collection(instruction));
      default:
        return Call(instruction);
    }
  }

  void Call(const Instruction& instruction) noexcept {
    const auto function = static_cast<Function>(instruction.argument);
    Leave(instruction.count,
          cel::Call(function, Arguments(instruction.count), activation_, scratch_));
  }

  Value MatchesLiteral(uint32_t index) noexcept {
    if (Top().is_failure()) return Top();
    return Matches(Top(), program_.regexes[index], scratch_);
  }

  Value Collection(const Instruction& instruction) noexcept {
    const std::span<const Value> from = Arguments(instruction.argument);
    Value* values = scratch_->NewValues(from.size());
    if (values == nullptr) return Value::Failed(Failure::kBudgetSpent);
    std::copy(from.begin(), from.end(), values);
    const std::span<const Value> copied(values, from.size());
    return instruction.op == Op::kList ? MakeList(copied) : MakeMap(copied, scratch_);
  }

  void Flow(const Instruction& instruction) noexcept {
    switch (instruction.op) {
      case Op::kJump:
        return Go(instruction, true);
      case Op::kJumpIfFalse:
        return Go(instruction, Top().is_false());
      case Op::kJumpIfTrue:
        return Go(instruction, Top().is_true());
      case Op::kAnd:
        return Leave(2, And(stack_[depth_ - 2], stack_[depth_ - 1]));
      case Op::kOr:
        return Leave(2, Or(stack_[depth_ - 2], stack_[depth_ - 1]));
      case Op::kCondition:
        return Condition(instruction);
      case Op::kBranch:
        return Go(instruction, Pop().is_false());
      default:
        return LoopStep(instruction);
    }
  }

  void Go(const Instruction& instruction, bool is_taken) noexcept {
    if (is_taken) at_ = instruction.argument;
  }

  void Condition(const Instruction& instruction) noexcept {
    if (Top().is(Kind::kBool)) return;
    Leave(1, Top().is_failure() ? Top() : Value::Failed(Failure::kNoOverload));
    at_ = instruction.argument;
  }

  void LoopStep(const Instruction& instruction) noexcept {
    switch (instruction.op) {
      case Op::kLoopBegin: {
        Loop& loop = loops_[loop_count_++];
        loop.Begin(static_cast<Macro>(instruction.count), Pop(), scratch_);
        return Go(instruction, loop.is_done());
      }
      case Op::kLoopCondition:
        return Go(instruction, !InnerLoop().Admits(Pop()));
      case Op::kLoopTake:
        return InnerLoop().Take(Pop());
      case Op::kLoopAgain:
        return Go(instruction, !InnerLoop().is_done());
      default:
        Leave(0, InnerLoop().result());
        --loop_count_;
    }
  }
  Loop& InnerLoop() noexcept { return loops_[loop_count_ - 1]; }

  // Whether both operands are of the kind; if not, the instruction is done as the function it is.
  bool Are(Kind kind, const Instruction& instruction) noexcept {
    if (stack_[depth_ - 2].is(kind) && stack_[depth_ - 1].is(kind)) return true;
    Call(instruction);
    return false;
  }

  void Typed(const Instruction& instruction) noexcept {
    if (instruction.op >= Op::kEqualString) return TypedString(instruction);
    if (instruction.op >= Op::kLessDouble) return TypedDouble(instruction);
    if (!Are(Kind::kInt, instruction)) return;
    const int64_t b = Pop().as_int();
    const int64_t a = Top().as_int();
    switch (instruction.op) {
      case Op::kAddInt:
        Top() = Placed(Sum(a, b));
        return;
      case Op::kSubtractInt:
        Top() = Placed(Difference(a, b));
        return;
      case Op::kEqualInt:
        Top() = Value::Bool(a == b);
        return Charge();
      case Op::kNotEqualInt:
        Top() = Value::Bool(a != b);
        return Charge();
      case Op::kLessInt:
        Top() = Value::Bool(a < b);
        return;
      case Op::kLessEqualInt:
        Top() = Value::Bool(a <= b);
        return;
      case Op::kGreaterInt:
        Top() = Value::Bool(a > b);
        return;
      default:
        Top() = Value::Bool(a >= b);
    }
  }

  // What AreEqual takes for one pair.
  void Charge() noexcept { scratch_->Work(sizeof(Value)); }

  static Value Sum(int64_t a, int64_t b) noexcept {
    int64_t sum = 0;
    if (__builtin_add_overflow(a, b, &sum)) return Value::Failed(Failure::kOverflow);
    return Value::Int(sum);
  }
  static Value Difference(int64_t a, int64_t b) noexcept {
    int64_t difference = 0;
    if (__builtin_sub_overflow(a, b, &difference)) return Value::Failed(Failure::kOverflow);
    return Value::Int(difference);
  }

  void TypedDouble(const Instruction& instruction) noexcept {
    if (!Are(Kind::kDouble, instruction)) return;
    const double b = Pop().as_double();
    const double a = Top().as_double();
    switch (instruction.op) {
      case Op::kLessDouble:
        Top() = Value::Bool(a < b);
        return;
      case Op::kLessEqualDouble:
        Top() = Value::Bool(a <= b);
        return;
      case Op::kGreaterDouble:
        Top() = Value::Bool(a > b);
        return;
      default:
        Top() = Value::Bool(a >= b);
    }
  }

  void TypedString(const Instruction& instruction) noexcept {
    if (!Are(Kind::kString, instruction)) return;
    const std::string_view b = Pop().text();
    const std::string_view a = Top().text();
    Charge();
    if (a.size() == b.size()) scratch_->Work(a.size());
    Top() = Value::Bool((a == b) == (instruction.op == Op::kEqualString));
  }

  const Program& program_;
  const Activation& activation_;
  Scratch* const scratch_;
  Value* const stack_;
  Loop* const loops_;
  size_t at_ = 0;
  uint32_t depth_ = 0;
  uint32_t loop_count_ = 0;
};

}  // namespace

Value Run(const Program& program, const Activation& activation, Scratch* scratch,
          uint64_t steps) noexcept {
  scratch->Begin(steps);
  const Value value = Vm(program, activation, scratch).Execute();
  if (!scratch->is_exhausted()) return value;
  return Value::Failed(Failure::kBudgetSpent).PlacedAt(0);
}

}  // namespace lineward::policy::cel
