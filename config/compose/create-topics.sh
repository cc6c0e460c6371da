#!/bin/bash
# Makes the topics on the single broker of docker-compose.yml, as libs/stream/src/topics.cc wants them but
# for replication. A role that finds another setting says so and exits 2.
set -euo pipefail
server=${KAFKA_SERVER:-kafka:9092}
kafka_topics=${KAFKA_TOPICS:-/opt/kafka/bin/kafka-topics.sh}
partitions=${PARTITIONS:-4}
day=$((24 * 3600 * 1000))

create() {
  local name=$1 count=$2 setting
  local options=()
  shift 2
  for setting in "$@"; do options+=(--config "$setting"); done
  "$kafka_topics" --bootstrap-server "$server" --create --if-not-exists --topic "$name" \
    --partitions "$count" --replication-factor 1 "${options[@]}"
}

ours=(message.timestamp.type=LogAppendTime max.message.bytes=1048576)
compacted=("${ours[@]}" cleanup.policy=compact min.cleanable.dirty.ratio=0.1
  "delete.retention.ms=$day")

create promotions "$partitions" "retention.ms=$((7 * day))"
create promotions.allowed "$partitions" "retention.ms=$((7 * day))"
create promotions.quarantined "$partitions" "retention.ms=$((30 * day))"
create promotions.blocked "$partitions" "retention.ms=$((30 * day))"
create promotions.dead-letter "$partitions" "retention.ms=$((14 * day))"
create consents "$partitions"
create consents.dead-letter "$partitions" "retention.ms=$((14 * day))"
create lineward.decisions 16 "${ours[@]}" "retention.ms=$((30 * day))"
create lineward.keys 16 "${compacted[@]}"
create lineward.registry 1 "${compacted[@]}"
create lineward.policies 1 "${compacted[@]}"
create lineward.consent 1 "${compacted[@]}" max.compaction.lag.ms=604800000
create lineward.breakers 1 "${compacted[@]}"
create lineward.registry.facts 1 "${compacted[@]}"
create lineward.openlineage 1 message.timestamp.type=LogAppendTime max.message.bytes=20971520 \
  "retention.ms=$((400 * day))"
create lineward.audit 1 "${ours[@]}" retention.ms=-1
