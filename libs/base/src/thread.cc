#include "lineward/base/thread.h"

#include <pthread.h>

#include <string>
#include <utility>

namespace lineward::base {

std::jthread StartThread(std::string_view name, std::function<void(std::stop_token)> run) {
  constexpr size_t kNameBytesMax = 15;  // Linux: TASK_COMM_LEN less the final zero
  return std::jthread([short_name = std::string(name.substr(0, kNameBytesMax)),
                       run = std::move(run)](std::stop_token stop) {
    pthread_setname_np(pthread_self(), short_name.c_str());
    run(std::move(stop));
  });
}

}  // namespace lineward::base
