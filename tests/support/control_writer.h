#pragma once

// What has to stand on the control topics before a gate decides anything: one dataset, one model
// `ranker@1` that serves `x-t:News` and what is under it, one policy set for the surface `home`.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "lineward/stream/transport.h"

namespace lineward::support {

// Writes to any transport, which must outlive it; stops the process if anything is refused. Not
// thread-safe.
class ControlWriter {
 public:
  explicit ControlWriter(stream::Transport* transport);
  ~ControlWriter();

  // Our own topics, `source` and its outputs, where they do not exist yet.
  void CreateTopics(const std::string& source, int32_t partitions);
  void PublishRegistry();
  // A set whose one rule has that effect (`permit`, `forbid`) for every purpose. A head counts only
  // if its epoch is above that of the last one.
  void PublishPolicies(std::string_view effect = "permit", uint64_t epoch = 1);
  // Deletes the head: from then on nothing is allowed.
  void DeletePolicies();

 private:
  void Send(const stream::OutRecord& record);
  void Send(std::string_view topic, std::string_view key, std::string_view value);

  std::unique_ptr<stream::Producer> producer_;
  std::unique_ptr<stream::TopicAdmin> admin_;
};

}  // namespace lineward::support
