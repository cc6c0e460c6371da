#pragma once

// The reasons that statuses of `stream` carry; a section each in docs/errors.md.

#include <string_view>

namespace lineward::stream {

inline constexpr std::string_view kRecordTooLarge = "RECORD_TOO_LARGE";
inline constexpr std::string_view kTopicUnknown = "TOPIC_UNKNOWN";
inline constexpr std::string_view kTopicMismatch = "TOPIC_MISMATCH";
inline constexpr std::string_view kSeatTaken = "SEAT_TAKEN";
inline constexpr std::string_view kProducerFenced = "PRODUCER_FENCED";
inline constexpr std::string_view kMembershipLost = "MEMBERSHIP_LOST";
inline constexpr std::string_view kTransactionAborted = "TRANSACTION_ABORTED";
inline constexpr std::string_view kTransactionUnclear = "TRANSACTION_UNCLEAR";
inline constexpr std::string_view kQueueFull = "QUEUE_FULL";
inline constexpr std::string_view kOffsetOutOfLog = "OFFSET_OUT_OF_LOG";
inline constexpr std::string_view kLogDamaged = "LOG_DAMAGED";
inline constexpr std::string_view kLogFull = "LOG_FULL";
inline constexpr std::string_view kBrokerUnavailable = "BROKER_UNAVAILABLE";
inline constexpr std::string_view kKafkaOptionRefused = "KAFKA_OPTION_REFUSED";

}  // namespace lineward::stream
