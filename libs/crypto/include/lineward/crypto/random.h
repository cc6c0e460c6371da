#pragma once

// Random bytes for keys, tokens and ids. Any thread; stops the process if the system gives none.

#include <string>

namespace lineward::crypto {

std::string RandomBytes(size_t size);

}  // namespace lineward::crypto
