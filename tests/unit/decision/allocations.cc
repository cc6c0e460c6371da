#include "tests/unit/decision/allocations.h"

#include <cstdlib>
#include <new>

namespace {

thread_local bool counting = false;
thread_local size_t count = 0;

}  // namespace

void* operator new(size_t size) {
  if (counting) ++count;
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void* operator new(size_t size, const std::nothrow_t&) noexcept {
  if (counting) ++count;
  return std::malloc(size == 0 ? 1 : size);
}
void operator delete(void* memory, const std::nothrow_t&) noexcept { std::free(memory); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }

namespace lineward::decision {

void CountAllocations(bool is_counting) {
  if (is_counting) count = 0;
  counting = is_counting;
}

size_t Allocations() { return count; }

}  // namespace lineward::decision
