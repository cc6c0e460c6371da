#pragma once

// The commands of each area.

#include <vector>

#include "tools/lineward/cli.h"

namespace lineward::cli {

void AddServeCommands(std::vector<Command>* commands);       // serve, health, config
void AddDemoCommand(std::vector<Command>* commands);         // demo
void AddDecisionCommands(std::vector<Command>* commands);    // decision
void AddTopicCommands(std::vector<Command>* commands);       // event, topic, consent
void AddRegistryCommands(std::vector<Command>* commands);    // dataset, model, run, import, purpose
void AddPolicyCommands(std::vector<Command>* commands);      // policy publish
void AddPolicyFileCommands(std::vector<Command>* commands);  // policy check, test
void AddMetaCommands(std::vector<Command>* commands);        // version, openapi, auth, completion

}  // namespace lineward::cli
