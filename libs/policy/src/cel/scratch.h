#pragma once

// What one thread needs to evaluate expressions: an arena of fixed size, the VM's stack, and the
// meter that bounds steps, bytes scanned and bytes made. Allocates when built, never afterwards.
// Not thread-safe: one per thread. A result points into it and lives until the next `Begin`.

#include <cstddef>
#include <cstdint>
#include <memory>

#include "policy/src/cel/limits.h"
#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

class Loop;

class Scratch {
 public:
  explicit Scratch(uint32_t arena_bytes = kArenaBytes);
  ~Scratch();

  // Forgets the last evaluation; the next may take `steps` steps.
  void Begin(uint64_t steps) noexcept;

  // Takes steps, or bytes of scanning; false once a bound is passed: then nothing more is granted.
  bool Step(uint32_t steps) noexcept {
    if (steps > steps_left_) return Exhaust();
    steps_left_ -= steps;
    return true;
  }
  bool Work(uint64_t bytes) noexcept {
    if (bytes > work_left_) return Exhaust();
    work_left_ -= bytes;
    return true;
  }

  // Room for `count` nulls, or for `bytes` characters; nullptr once a bound is passed.
  Value* NewValues(size_t count) noexcept;
  char* NewChars(size_t bytes) noexcept;

  // What the evaluation has taken so far, and taking the same again without doing the work.
  struct Taken {
    uint64_t steps = 0;
    uint64_t work = 0;
    uint64_t arena = 0;
  };
  Taken taken() const noexcept;
  bool Take(const Taken& taken) noexcept;

  bool is_exhausted() const noexcept { return is_exhausted_; }
  // The VM's own: kStackMax values, and a loop for each macro that may be open at once.
  Value* stack() noexcept { return stack_.get(); }
  Loop* loops() noexcept { return loops_.get(); }

 private:
  bool Exhaust() noexcept;

  const uint32_t arena_bytes_;
  const std::unique_ptr<char[]> arena_;
  const std::unique_ptr<Value[]> stack_;
  const std::unique_ptr<Loop[]> loops_;
  uint64_t arena_used_ = 0;
  uint64_t steps_given_ = 0;
  uint64_t steps_left_ = 0;
  uint64_t work_left_ = 0;
  bool is_exhausted_ = false;
};

}  // namespace lineward::policy::cel
