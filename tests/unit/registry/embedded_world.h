#pragma once

// A policy set and a registry on an embedded log, for the tests that start one.

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "lineward/base/status.h"
#include "lineward/registry/registry.h"
#include "lineward/stream/embedded.h"
#include "lineward/stream/topics.h"
#include "tests/unit/registry/world.h"

namespace lineward::registry {

inline constexpr std::string_view kTaxonomyFile =
    "apiVersion: lineward/v1\nkind: Taxonomy\nversion: 1\npurposes:\n"
    "- {id: \"dpv:Purpose\"}\n- {id: \"dpv:Marketing\", under: [\"dpv:Purpose\"]}\n"
    "- {id: \"dpv:Advertising\", under: [\"dpv:Marketing\"]}\n"
    "aliases: [{alias: \"tcf:2\", purpose: \"dpv:Advertising\"}]\n";
inline constexpr std::string_view kVocabularyFile =
    "apiVersion: lineward/v1\nkind: Vocabulary\nplaces: {EU: {DE: {}}}\n";
inline constexpr std::string_view kPolicyFile =
    "apiVersion: lineward/v1\nkind: Policy\npolicy: p@1\nrules:\n"
    "- {id: ok, effect: permit, match: {purpose_under: [\"dpv:Marketing\"]}}\n";
inline constexpr std::string_view kBindingsFile =
    "apiVersion: lineward/v1\nkind: Bindings\nbindings:\n"
    "- {id: b, purposes: [\"dpv:Purpose\"], consent_max_age_ms: 5000, policies: [{policy: p@1}]}\n";

inline document::Json Set(std::string_view policy = kPolicyFile) {
  document::Json files = document::Json::EmptyList();
  const auto add = [&files](std::string_view name, std::string_view content) {
    document::Json file;
    file.Set("name", name);
    file.Set("content", content);
    files.Append(std::move(file));
  };
  add("taxonomy.yaml", kTaxonomyFile);
  add("vocabulary.yaml", kVocabularyFile);
  add("policy.yaml", policy);
  add("bindings.yaml", kBindingsFile);
  document::Json body;
  body.Set("files", std::move(files));
  return body;
}

// Asks until the writer has its seat.
inline absl::StatusOr<Answer> WhenWriting(const std::function<absl::StatusOr<Answer>()>& ask) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (true) {
    auto answer = ask();
    const std::string reason = base::ReasonOf(answer.status());
    const bool is_waiting = reason == "NO_WRITER" || reason == "NOT_READY";
    if (!is_waiting || std::chrono::steady_clock::now() > deadline) return answer;
  }
}

// One process: a log, a follower of the control topics and a registry.
struct EmbeddedNode {
  static std::unique_ptr<EmbeddedNode> Start(std::unique_ptr<stream::EmbeddedTransport> transport,
                                             RegistryOptions options) {
    auto node = std::make_unique<EmbeddedNode>();
    node->transport = std::move(transport);
    auto admin = node->transport->OpenAdmin();
    EXPECT_TRUE((*admin)->Create(stream::OwnTopics()).ok());
    EXPECT_TRUE((*admin)->Create(stream::ConsentTopics(2)).ok());
    auto follower = control::Follower::Start(node->transport.get(), {}, nullptr, {});
    EXPECT_TRUE(follower.ok()) << follower.status();
    node->follower = *std::move(follower);
    auto registry =
        Registry::Start(node->transport.get(), node->follower.get(), options, nullptr, {});
    EXPECT_TRUE(registry.ok()) << registry.status();
    if (registry.ok()) node->registry = *std::move(registry);
    return node;
  }
  absl::StatusOr<Answer> Publish(const document::Json& body) {
    return WhenWriting([&] { return registry->ProposePolicySet({.actor = "ann"}, body); });
  }
  absl::StatusOr<Answer> Register(const std::string& items, const std::string& request_id = "") {
    return WhenWriting([&] {
      return registry->Register({.actor = "ann", .route = "r", .request_id = request_id},
                                Parse("{\"items\":[" + items + "]}"));
    });
  }

  std::unique_ptr<stream::EmbeddedTransport> transport;
  std::unique_ptr<control::Follower> follower;
  std::unique_ptr<Registry> registry;
};

}  // namespace lineward::registry
