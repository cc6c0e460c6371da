#pragma once

// Values of the registry's view (docs/formats/registry-view-v1.md). Decoders give nullopt for what
// no encoder of this version wrote. Any thread.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "lineward/lineage/graph.h"
#include "lineward/registry/state.h"

namespace lineward::registry {

std::string EncodeEntity(const Entity& entity);
std::optional<Entity> DecodeEntity(std::string_view name, std::string_view bytes);

std::string EncodeEdge(const lineage::EdgeFacts& edge);
std::optional<lineage::EdgeFacts> DecodeEdge(std::string_view bytes);

std::string EncodeStoredAnswer(const StoredAnswer& answer);
std::optional<StoredAnswer> DecodeStoredAnswer(std::string_view bytes);

// Up to which fact the view is the fold, and where on `lineward.registry.facts` one of them was
// read: from there reading goes on.
struct FactMark {
  uint64_t seq = 0;
  std::string chain = FirstChain();
  int64_t recorded_at_us = 0;
  int64_t read_offset = -1;  // -1: from the start of the log
  uint64_t read_seq = 0;     // of the fact at `read_offset`

  friend bool operator==(const FactMark&, const FactMark&) = default;
};
std::string EncodeFactMark(const FactMark& mark);
std::optional<FactMark> DecodeFactMark(std::string_view bytes);

// A number as a key that sorts, and back.
std::string NumberKey(uint64_t number);
std::optional<uint64_t> ParseNumberKey(std::string_view key);

}  // namespace lineward::registry
