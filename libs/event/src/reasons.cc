#include "lineward/event/reasons.h"

#include <array>

namespace lineward::event {
namespace {

struct CauseText {
  std::string_view name;
  std::string_view advice;
};

constexpr std::array<CauseText, kCauses + 1> kCauseTexts = {{
    {"", ""},
    {"tombstone", "send a value: a null one deletes nothing here"},
    {"too_large", "send a smaller value or raise max_bytes of the source"},
    {"headers_too_large", "send at most 64 headers and 64 KiB of names and values"},
    {"framing",
     "send __value_schema_id as 00 and 4 bytes or 01 and 16 bytes, and the message index of "
     "Promotion (option message_index)"},
    {"schema_unknown", "register the id in schema_ids or the type in ce_types of the source"},
    {"cloudevent",
     "send CloudEvents 1.0 with id, source, type, a readable time, and data or data_base64"},
    {"json", "send one JSON object by RFC 8259, at most 16 levels deep"},
    {"protobuf",
     "send a lineward.event.v1.Promotion without groups, or name the format of the source"},
    {"utf8", "send text as UTF-8"},
    {"duplicate_field", "send each singular field and each key once"},
    {"missing_field", "send the required field"},
    {"too_long", "shorten the field to its limit"},
    {"bad_value", "send a value that the field's type, pattern and range allow"},
}};

constexpr std::array<std::string_view, 31> kFieldNames = {
    "",
    "event_id",
    "event_time",
    "surface",
    "subject_id",
    "item_id",
    "model_name",
    "model_version",
    "purpose",
    "jurisdiction",
    "processing_region",
    "weights_digest",
    "sources",
    "subject_class",
    "attributes",
    "tenant",
    "recommender_id",
    "consent_ref",
    "consented_purposes",
    "position",
    "slate_size",
    "slate_id",
    "experiment_arm",
    "score",
    "propensity",
    "creator_id",
    "sponsor_id",
    "item_labels",
    "top_signals",
    "user_option",
    "traceparent",
};

}  // namespace

std::string_view CauseName(Cause cause) { return kCauseTexts[static_cast<size_t>(cause)].name; }

std::string_view CauseAdvice(Cause cause) { return kCauseTexts[static_cast<size_t>(cause)].advice; }

std::string_view FieldName(int field) {
  if (field < 1 || field >= static_cast<int>(kFieldNames.size())) return {};
  return kFieldNames[static_cast<size_t>(field)];
}

}  // namespace lineward::event
