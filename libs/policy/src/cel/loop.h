#pragma once

// One macro at work: runs over the range, takes what the body gave for each element, ends as soon
// as the result is known. Owned by one evaluation; not thread-safe.

#include <cstdint>
#include <span>

#include "policy/src/cel/scratch.h"
#include "policy/src/cel/syntax.h"
#include "policy/src/cel/value.h"

namespace lineward::policy::cel {

class Loop {
 public:
  // Over the items of a list or the keys of a map. Anything else, or a failure, ends it at once.
  void Begin(Macro macro, const Value& range, Scratch* scratch) noexcept;

  bool is_done() const noexcept { return is_done_; }
  // The element at hand, while not done.
  const Value& item() const noexcept { return elements_[at_]; }

  // Takes the condition of kMapIf; whether the transformation is to be evaluated. If not, the next
  // element is at hand, or the loop is done.
  bool Admits(const Value& condition) noexcept;
  // Takes the value of the body (of kMapIf: the transformation); the next element is at hand, or
  // the loop is done.
  void Take(const Value& body) noexcept;

  // Once done.
  const Value& result() const noexcept { return result_; }

 private:
  void Next() noexcept;
  void End(const Value& result) noexcept;
  Value ResultAtEnd() const noexcept;

  Macro macro_ = Macro::kAll;
  bool is_done_ = true;
  uint32_t stride_ = 1;
  size_t at_ = 0;
  uint32_t found_ = 0;  // elements that exists_one accepted
  uint32_t made_ = 0;
  std::span<const Value> elements_;
  Value* items_ = nullptr;  // of the list that filter and map make
  Value pending_;           // the first failure of all and exists; null if none
  Value result_;
};

}  // namespace lineward::policy::cel
