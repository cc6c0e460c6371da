#include <csignal>
#include <vector>

#include "tools/lineward/cli.h"
#include "tools/lineward/commands.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  std::vector<lineward::cli::Command> commands;
  lineward::cli::AddServeCommands(&commands);
  lineward::cli::AddDemoCommand(&commands);
  lineward::cli::AddDecisionCommands(&commands);
  lineward::cli::AddTopicCommands(&commands);
  lineward::cli::AddRegistryCommands(&commands);
  lineward::cli::AddPolicyCommands(&commands);
  lineward::cli::AddPolicyFileCommands(&commands);
  lineward::cli::AddMetaCommands(&commands);
  return lineward::cli::RunCli(argc, argv, commands);
}
