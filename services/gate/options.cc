#include "services/gate/options.h"

#include "lineward/base/status.h"
#include "lineward/base/strings.h"
#include "lineward/gate/reasons.h"

namespace lineward::services {
namespace {

void BindSource(SourceEntry* source, config::OptionTable* table) {
  table->Bind("topic", &source->topic, {.sentence = "Topic of promotions."});
  table->Bind("format", &source->format,
              {.sentence = "How a value without framing and media type is read.",
               .choices = {"auto", "json", "protobuf"}});
  table->Bind("max_bytes", &source->max_bytes,
              {.sentence = "Larger values are dead letters.", .min = "1B", .max = "900KiB"});
  table->Bind("schema_ids", &source->schema_ids,
              {.sentence = "Schema ids that may come; empty is any."});
  table->Bind("ce_types", &source->ce_types,
              {.sentence = "CloudEvents types that may come; empty is any."});
  table->Bind("personal_ids", &source->personal_ids,
              {.sentence = "Event and item ids are sealed rather than public."});
  table->Bind("start", &source->start,
              {.sentence = "Where a partition without a committed offset starts: earliest, latest "
                           "or an offset."});
  table->Bind("record", &source->record,
              {.sentence = "Further facts to record: score, signals, experiment_arm, ..."});
}

absl::StatusOr<event::SourceOptions> ToSource(const SourceEntry& entry) {
  event::SourceOptions source;
  source.topic = entry.topic;
  source.format = entry.format == "json"       ? event::Format::kJson
                  : entry.format == "protobuf" ? event::Format::kProtobuf
                                               : event::Format::kAuto;
  source.max_bytes = static_cast<size_t>(entry.max_bytes.bytes);
  source.schema_ids = entry.schema_ids;
  source.ce_types = entry.ce_types;
  source.personal_ids = entry.personal_ids;
  source.record = entry.record;
  if (entry.start == "latest") {
    source.start.kind = event::Start::Kind::kLatest;
  } else if (entry.start != "earliest") {
    const auto offset = base::ParseInt64(entry.start);
    if (!offset.has_value() || *offset < 0) {
      return base::InvalidArgument(
          gate::kGateOptionInvalid,
          "source `{}`: start: `{}` is none of earliest, latest, an offset", entry.topic,
          entry.start);
    }
    source.start = {event::Start::Kind::kOffset, *offset};
  }
  return source;
}

}  // namespace

void BindGateOptions(GateRoleOptions* options, config::OptionTable* table) {
  table->Bind("gate.loops", &options->loops,
              {.sentence = "Threads that decide, each with its own part of the partitions.",
               .min = "1",
               .max = "16"});
  table->BindList("gate.sources", &options->sources,
                  {.sentence = "Topics that promotions come from, and how they are read."},
                  &BindSource);
  table->Bind("gate.commit_interval", &options->commit_interval,
              {.sentence = "Age at which a transaction is committed.", .min = "10ms", .max = "1s"});
  table->Bind("gate.max_clock_skew", &options->max_clock_skew,
              {.sentence = "Difference to the broker's clock beyond which nothing is committed.",
               .min = "100ms",
               .max = "5m"});
  table->Bind("gate.log_epoch", &options->log_epoch,
              {.sentence = "Epoch of the logs; a higher one begins new logs.",
               .min = "1",
               .max = "1000000"});
  table->Bind("gate.consent.max_subjects", &options->consent_max_subjects,
              {.sentence = "People in the consent table; with more the gate is not ready.",
               .min = "1",
               .max = "1000000000"});
  table->Bind("gate.control.staleness_max", &options->control_staleness_max,
              {.sentence = "Age of registry and policies beyond which a decision is marked.",
               .min = "1s",
               .max = "1h"});
}

absl::StatusOr<gate::GateOptions> ToGateOptions(const GateRoleOptions& options,
                                                const std::string& instance_id,
                                                const std::string& tenant_key,
                                                const std::string& version) {
  gate::GateOptions to;
  to.instance_id = instance_id;
  to.loops = static_cast<int>(options.loops);
  to.sources.clear();
  for (const SourceEntry& entry : options.sources) {
    LW_ASSIGN_OR_RETURN(event::SourceOptions source, ToSource(entry));
    to.sources.push_back(std::move(source));
  }
  to.tenant_key = tenant_key;
  to.software_version = version;
  to.log_epoch = static_cast<uint32_t>(options.log_epoch);
  to.commit_interval = options.commit_interval;
  to.max_clock_skew = options.max_clock_skew;
  LW_RETURN_IF_ERROR(gate::Validate(to));
  return to;
}

}  // namespace lineward::services
