#include "lineward/crypto/random.h"

#include <openssl/rand.h>

#include "lineward/base/check.h"

namespace lineward::crypto {

std::string RandomBytes(size_t size) {
  std::string bytes(size, '\0');
  LW_CHECK(RAND_bytes(reinterpret_cast<unsigned char*>(bytes.data()), static_cast<int>(size)) == 1,
           "the system gives no random bytes");
  return bytes;
}

}  // namespace lineward::crypto
