#pragma once

// Named std::jthread: stopped by its std::stop_token, joined by its owner; no detach.

#include <functional>
#include <stop_token>
#include <string_view>
#include <thread>

namespace lineward::base {

// Starts `run` on a thread named `name` (`lw-gate-3`; cut to the 15 bytes that Linux keeps).
std::jthread StartThread(std::string_view name, std::function<void(std::stop_token)> run);

}  // namespace lineward::base
