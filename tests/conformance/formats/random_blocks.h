#pragma once

// Random decision blocks that reach every encoding, with and without absent values, dictionaries
// around their limits, and blocks without rows. Equal seeds give equal blocks on every machine and
// from every compiler.

#include <array>
#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "lineward/decision/block.h"

namespace lineward::decision {

// How a row's determining rules are collected. `kHashed` is a deliberate bug, the control of the
// determinism tests: in the order of a flat_hash_map, whose seed differs per process.
enum class RuleOrder { kSorted, kHashed };

class RandomBlocks {
 public:
  explicit RandomBlocks(uint64_t seed, RuleOrder rule_order = RuleOrder::kSorted);

  // Draws context and rows of the next block; they replace those before.
  void Draw();
  // The same with that many rows.
  void Draw(size_t rows);

  const BlockContext& context() const { return context_; }
  const std::vector<RowFacts>& rows() const { return rows_; }
  const FragmentTable& fragments() const { return fragments_; }

  // Opens, fills and seals a block of what was drawn, with keys of alg 1.
  SealedBlock Build(BlockBuilder* builder, const SealOptions& options = {}) const;

  static constexpr char kTenantKey[] = "the tenant key of random blocks.";  // 32 bytes

 private:
  // How one column of a block looks.
  struct Shape {
    uint64_t present_percent = 100;
    uint64_t distinct = 1;
  };
  uint64_t Below(uint64_t bound);
  bool Percent(uint64_t percent) { return Below(100) < percent; }
  Shape DrawShape(size_t rows);
  // One of `shape.distinct` numbers.
  uint64_t Value(const Shape& shape) { return Below(shape.distinct); }
  std::string_view Keep(std::string text);
  std::string Id(uint64_t form, uint64_t number) const;
  void DrawContext();
  void DrawRow(RowFacts* row);
  std::vector<std::string_view> Rules(uint64_t number);
  void DrawSealed(RowFacts* row);
  FactValue DrawFact(FactType type, const Shape& shape);

  const RuleOrder rule_order_;
  std::array<uint64_t, 4> state_;
  FragmentTable fragments_;
  BlockContext context_;
  std::string seat_;
  std::vector<RowFacts> rows_;
  std::deque<std::string> texts_;
  std::deque<std::vector<Fact>> facts_;
  std::deque<std::vector<event::Signal>> signals_;
  std::deque<std::vector<std::string_view>> lists_;
  std::deque<std::vector<PurposeConsent>> consents_;

  // Of the block drawn last.
  std::vector<Shape> shapes_;
  uint64_t id_form_ = 0;
  std::vector<std::pair<uint32_t, FactType>> fact_types_;
};

}  // namespace lineward::decision
