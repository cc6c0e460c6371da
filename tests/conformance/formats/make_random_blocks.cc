// Writes random decision blocks for readers in other languages: `make_random_blocks COUNT SEED`
// prints per block u32 length, then the message.

#include <cstdio>
#include <string>

#include "lineward/base/bytes.h"
#include "lineward/base/strings.h"
#include "tests/conformance/formats/random_blocks.h"

int main(int argc, char** argv) {
  const auto count = argc == 3 ? lineward::base::ParseUint64(argv[1]) : std::nullopt;
  const auto seed = argc == 3 ? lineward::base::ParseUint64(argv[2]) : std::nullopt;
  if (!count.has_value() || !seed.has_value()) {
    std::fprintf(stderr, "usage: make_random_blocks COUNT SEED\n");
    return 2;
  }
  lineward::decision::RandomBlocks blocks(*seed);
  lineward::decision::BlockBuilder builder(&blocks.fragments());
  for (uint64_t i = 0; i < *count; ++i) {
    blocks.Draw();
    const std::string message = blocks.Build(&builder, {.zstd_level = i % 2 == 0 ? 1 : 0}).bytes;
    std::string length;
    lineward::base::AppendU32(&length, static_cast<uint32_t>(message.size()));
    std::fwrite(length.data(), 1, length.size(), stdout);
    std::fwrite(message.data(), 1, message.size(), stdout);
  }
  return std::fflush(stdout) == 0 ? 0 : 1;
}
