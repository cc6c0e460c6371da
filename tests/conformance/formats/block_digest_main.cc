// `block_digest LISTS SEED [ZSTD_LEVEL [hashed]]` prints the digests of that many random blocks:
// equal from every build of every preset. `hashed` takes rules in the order of a hash table.

#include <cstdio>
#include <string_view>

#include "lineward/base/strings.h"
#include "tests/conformance/formats/block_digest.h"

int main(int argc, char** argv) {
  using lineward::base::ParseUint64;
  const auto lists = argc >= 3 && argc <= 5 ? ParseUint64(argv[1]) : std::nullopt;
  const auto seed = lists.has_value() ? ParseUint64(argv[2]) : std::nullopt;
  const auto level = argc >= 4 ? ParseUint64(argv[3]) : 1;
  const bool is_hashed = argc == 5 && std::string_view(argv[4]) == "hashed";
  if (!seed.has_value() || !level.has_value() || *level > 19 || (argc == 5 && !is_hashed)) {
    std::fprintf(stderr, "usage: block_digest LISTS SEED [ZSTD_LEVEL [hashed]]\n");
    return 2;
  }
  const lineward::decision::DigestOptions options{
      .lists = *lists,
      .seed = *seed,
      .zstd_level = static_cast<int>(*level),
      .rule_order = is_hashed ? lineward::decision::RuleOrder::kHashed
                              : lineward::decision::RuleOrder::kSorted};
  const auto digests = lineward::decision::DigestOfRandomBlocks(options);
  std::fputs(lineward::decision::PrintDigests(options, digests).c_str(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}
