#include "services/registry/options.h"

namespace lineward::services {

void BindRegistryOptions(RegistryRoleOptions* options, config::OptionTable* table) {
  table->Bind("registry.address", &options->address,
              {.sentence = "Where other nodes reach this one's HTTP listener, to pass writes on to "
                           "the writer; empty is http.listen, with the host's name for a wildcard.",
               .example = "registry-1.example:8080"});
  table->Bind("registry.consents_topic", &options->consents_topic,
              {.sentence = "Topic of consent statements; empty is none."});
  table->Bind("registry.data_dir", &options->data_dir,
              {.sentence = "Folder of the registry's view; empty is `registry` below state_dir.",
               .example = "/var/lib/lineward/registry"});
  table->Bind("registry.group_wait", &options->group_wait,
              {.sentence = "How long a transaction gathers writes.", .min = "0ms", .max = "1s"});
  table->Bind("registry.queue_max", &options->queue_max,
              {.sentence = "Writes that wait; further ones get 503.", .min = "1", .max = "65536"});
}

registry::RegistryOptions ToRegistryOptions(const RegistryRoleOptions& options,
                                            const std::string& state_dir,
                                            const std::string& instance_id,
                                            const std::string& address, bool require_signatures) {
  registry::RegistryOptions to;
  to.data_dir = options.data_dir.empty() ? state_dir + "/registry" : options.data_dir;
  to.instance_id = instance_id;
  to.address = address;
  to.consents_topic = options.consents_topic;
  to.require_signatures = require_signatures;
  to.group_wait = options.group_wait;
  to.queue_max = static_cast<size_t>(options.queue_max);
  return to;
}

}  // namespace lineward::services
