#include "policy/src/cel/scratch.h"

#include <memory>

#include "policy/src/cel/loop.h"

namespace lineward::policy::cel {

static_assert(alignof(Value) <= 16);

Scratch::Scratch(uint32_t arena_bytes)
    : arena_bytes_(arena_bytes),
      arena_(std::make_unique<char[]>(arena_bytes)),
      stack_(std::make_unique<Value[]>(kStackMax)),
      loops_(std::make_unique<Loop[]>(kMacroNestingMax)) {}

Scratch::~Scratch() = default;

void Scratch::Begin(uint64_t steps) noexcept {
  arena_used_ = 0;
  steps_given_ = steps;
  steps_left_ = steps;
  work_left_ = kWorkBytesMax;
  is_exhausted_ = false;
}

bool Scratch::Exhaust() noexcept {
  is_exhausted_ = true;
  steps_left_ = 0;
  return false;
}

char* Scratch::NewChars(size_t bytes) noexcept {
  const uint64_t rounded = (uint64_t{bytes} + 15) / 16 * 16;
  if (rounded > arena_bytes_ - arena_used_) {
    Exhaust();
    return nullptr;
  }
  char* at = arena_.get() + arena_used_;
  arena_used_ += rounded;
  return at;
}

Value* Scratch::NewValues(size_t count) noexcept {
  char* at = NewChars(count * sizeof(Value));
  if (at == nullptr) return nullptr;
  Value* values = reinterpret_cast<Value*>(at);
  std::uninitialized_default_construct_n(values, count);
  return values;
}

Scratch::Taken Scratch::taken() const noexcept {
  return {steps_given_ - steps_left_, kWorkBytesMax - work_left_, arena_used_};
}

bool Scratch::Take(const Taken& taken) noexcept {
  if (taken.steps > steps_left_ || taken.arena > arena_bytes_ - arena_used_) return Exhaust();
  steps_left_ -= taken.steps;
  arena_used_ += taken.arena;
  return Work(taken.work);
}

}  // namespace lineward::policy::cel
