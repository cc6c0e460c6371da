#include "tests/support/seed.h"

#include <cstdlib>

#include "lineward/base/strings.h"

namespace lineward::support {

uint64_t Seed() {
  const char* const text = std::getenv("LINEWARD_SEED");
  return text == nullptr ? 1 : base::ParseUint64(text).value_or(1);
}

}  // namespace lineward::support
