#include "tests/support/kafka_broker.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "lineward/base/status.h"
#include "tests/support/temp_dir.h"

namespace lineward::support {
namespace {

// The broker lives while our end of its standard input is open.
struct Broker {
  TempDir folder;
  pid_t pid = -1;
  int input = -1;
  std::string address;

  ~Broker() {
    if (input >= 0) close(input);
    if (pid > 0) waitpid(pid, nullptr, 0);
  }
};

absl::StatusOr<std::unique_ptr<Broker>> Start() {
  auto broker = std::make_unique<Broker>();
  int to_child[2];
  int from_child[2];
  if (pipe2(to_child, O_CLOEXEC) != 0 || pipe2(from_child, O_CLOEXEC) != 0) {
    return base::Unavailable("", "no pipe for the broker");
  }
  const std::string script =
      std::string(LINEWARD_SUPPORT_SOURCE_DIR) + "/tests/support/kafka/broker.py";
  const std::string folder = broker->folder.path().string();
  broker->pid = fork();
  if (broker->pid == 0) {
    dup2(to_child[0], STDIN_FILENO);
    dup2(from_child[1], STDOUT_FILENO);
    execlp("python3", "python3", script.c_str(), "run", "--dir", folder.c_str(), nullptr);
    _exit(3);
  }
  close(to_child[0]);
  close(from_child[1]);
  broker->input = to_child[1];
  char byte = 0;
  while (read(from_child[0], &byte, 1) == 1 && byte != '\n') broker->address += byte;
  close(from_child[0]);
  if (broker->address.empty()) return base::Unavailable("", "no Kafka broker can be started here");
  return broker;
}

}  // namespace

absl::StatusOr<std::string> SharedKafka() {
  if (const char* running = std::getenv("LINEWARD_KAFKA"); running != nullptr && *running != '\0') {
    return std::string(running);
  }
  static const auto broker = Start();
  if (!broker.ok()) return broker.status();
  return (*broker)->address;
}

}  // namespace lineward::support
