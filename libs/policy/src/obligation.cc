#include "lineward/policy/obligation.h"

#include <array>

#include "lineward/document/json.h"

namespace lineward::policy {
namespace {

constexpr std::array<std::string_view, kObligationTypes> kTypeNames = {
    "log", "notify", "redact", "degrade_non_personalised", "no_train", "label", "delay", "ttl"};

}  // namespace

std::string_view ObligationTypeName(ObligationType type) {
  return kTypeNames[static_cast<size_t>(type)];
}

std::optional<ObligationType> ObligationTypeOf(std::string_view name) {
  for (size_t i = 0; i < kTypeNames.size(); ++i) {
    if (kTypeNames[i] == name) return static_cast<ObligationType>(i);
  }
  return std::nullopt;
}

std::string ToJson(const Obligation& obligation) {
  document::Json json;
  json.Set("type", ObligationTypeName(obligation.type));
  switch (obligation.type) {
    case ObligationType::kLog:
      json.Set("level", obligation.is_full ? "full" : "brief");
      break;
    case ObligationType::kNotify:
      json.Set("channel", obligation.channel);
      break;
    case ObligationType::kRedact: {
      document::Json fields = document::Json::EmptyList();
      for (const std::string& field : obligation.fields) fields.Append(field);
      json.Set("fields", std::move(fields));
      break;
    }
    case ObligationType::kLabel:
      json.Set("key", obligation.key).Set("value", obligation.value);
      break;
    case ObligationType::kDelay:
    case ObligationType::kTtl:
      json.Set("seconds", obligation.seconds);
      break;
    case ObligationType::kDegradeNonPersonalised:
    case ObligationType::kNoTrain:
      break;
  }
  return document::Canonical(json);
}

std::string ToJson(const std::vector<Obligation>& obligations) {
  std::string json = "[";
  for (size_t i = 0; i < obligations.size(); ++i) {
    if (i > 0) json += ",";
    json += ToJson(obligations[i]);
  }
  return json + "]";
}

}  // namespace lineward::policy
