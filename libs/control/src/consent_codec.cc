#include <algorithm>
#include <utility>

#include "lineward/base/status.h"
#include "lineward/control/consent.h"
#include "lineward/control/reasons.h"
#include "lineward/registry/v1/control.pb.h"

namespace lineward::control {
namespace {

namespace pb = ::lineward::registry::v1;

pb::ConsentState StateOf(policy::ConsentChange change) {
  switch (change) {
    case policy::ConsentChange::kGranted:
      return pb::CONSENT_STATE_GRANTED;
    case policy::ConsentChange::kWithdrawn:
      return pb::CONSENT_STATE_WITHDRAWN;
    case policy::ConsentChange::kNever:
      return pb::CONSENT_STATE_NEVER;
    case policy::ConsentChange::kExpired:
      return pb::CONSENT_STATE_EXPIRED;
    case policy::ConsentChange::kObjected:
      return pb::CONSENT_STATE_OBJECTED;
    case policy::ConsentChange::kObjectionLifted:
      return pb::CONSENT_STATE_OBJECTION_LIFTED;
  }
  return pb::CONSENT_STATE_UNSPECIFIED;
}

absl::StatusOr<policy::ConsentChange> ChangeOf(pb::ConsentState state) {
  switch (state) {
    case pb::CONSENT_STATE_GRANTED:
      return policy::ConsentChange::kGranted;
    case pb::CONSENT_STATE_WITHDRAWN:
      return policy::ConsentChange::kWithdrawn;
    case pb::CONSENT_STATE_NEVER:
      return policy::ConsentChange::kNever;
    case pb::CONSENT_STATE_EXPIRED:
      return policy::ConsentChange::kExpired;
    case pb::CONSENT_STATE_OBJECTED:
      return policy::ConsentChange::kObjected;
    case pb::CONSENT_STATE_OBJECTION_LIFTED:
      return policy::ConsentChange::kObjectionLifted;
    default:
      return base::InvalidArgument(kControlRecordInvalid, "unknown consent state {}",
                                   static_cast<int>(state));
  }
}

int64_t VersionOf(int32_t version) { return version == 0 ? 1 : version; }

}  // namespace

std::string EncodeConsentRecord(const ConsentRecord& record) {
  pb::ConsentRecord message;
  for (const PurposeConsent& purpose : record.purposes) {
    pb::PurposeConsent* value = message.add_purposes();
    value->set_purpose(purpose.purpose);
    for (const ConsentTransition& transition : purpose.transitions) {
      pb::ConsentTransition* out = value->add_transitions();
      out->set_state(StateOf(transition.change));
      out->set_effective_at_us(transition.effective_at_us);
      out->set_received_at_us(transition.received_at_us);
      out->set_taxonomy_version(static_cast<int32_t>(transition.taxonomy_version));
    }
  }
  if (record.reaches_back_to_us) message.set_reaches_back_to_us(*record.reaches_back_to_us);
  message.set_erased(record.is_erased);
  return message.SerializeAsString();
}

absl::StatusOr<ConsentRecord> DecodeConsentRecord(std::string_view bytes) {
  pb::ConsentRecord message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::InvalidArgument(kControlRecordInvalid, "{} bytes are no consent record",
                                 bytes.size());
  }
  ConsentRecord record;
  for (const pb::PurposeConsent& value : message.purposes()) {
    PurposeConsent purpose;
    purpose.purpose = value.purpose();
    for (const pb::ConsentTransition& in : value.transitions()) {
      ConsentTransition transition;
      LW_ASSIGN_OR_RETURN(transition.change, ChangeOf(in.state()));
      transition.effective_at_us = in.effective_at_us();
      transition.received_at_us = in.received_at_us();
      transition.taxonomy_version = VersionOf(in.taxonomy_version());
      purpose.transitions.push_back(transition);
    }
    record.purposes.push_back(std::move(purpose));
  }
  if (message.has_reaches_back_to_us()) record.reaches_back_to_us = message.reaches_back_to_us();
  record.is_erased = message.erased();
  return record;
}

std::string EncodeConsentItem(const ConsentItem& item) {
  pb::ConsentItem message;
  message.set_subject(item.subject);
  message.set_purpose(item.purpose);
  message.set_state(StateOf(item.change));
  message.set_effective_at_us(item.effective_at_us);
  message.set_taxonomy_version(static_cast<int32_t>(item.taxonomy_version));
  message.set_request_id(item.request_id);
  return message.SerializeAsString();
}

absl::StatusOr<ConsentItem> DecodeConsentItem(std::string_view bytes) {
  pb::ConsentItem message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return base::InvalidArgument(kControlRecordInvalid, "{} bytes are no consent item",
                                 bytes.size());
  }
  ConsentItem item;
  item.subject = message.subject();
  item.purpose = message.purpose();
  LW_ASSIGN_OR_RETURN(item.change, ChangeOf(message.state()));
  item.effective_at_us = message.effective_at_us();
  item.taxonomy_version = VersionOf(message.taxonomy_version());
  item.request_id = message.request_id();
  return item;
}

}  // namespace lineward::control
