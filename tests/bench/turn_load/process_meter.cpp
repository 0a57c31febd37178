#include "tests/bench/turn_load/process_meter.hpp"

#include <ctime>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>
#include <stdexcept>
#include <string>
#include <system_error>

namespace icebreaker::bench {
namespace {

std::filesystem::path folder_of(pid_t pid) {
  return std::filesystem::path{"/proc"} / std::to_string(pid);
}

}  // namespace

ProcessMeter::ProcessMeter(pid_t pid) : pid_{pid} {
  if (::clock_getcpuclockid(pid, &clock_) != 0) {
    throw std::runtime_error{"no process " + std::to_string(pid)};
  }
}

std::chrono::nanoseconds ProcessMeter::cpu() const {
  timespec time{};
  if (::clock_gettime(clock_, &time) != 0) {
    throw std::runtime_error{"process " + std::to_string(pid_) + " ended while it was measured"};
  }
  return std::chrono::seconds{time.tv_sec} + std::chrono::nanoseconds{time.tv_nsec};
}

std::size_t ProcessMeter::resident_bytes() const {
  std::ifstream status{folder_of(pid_) / "status"};
  for (std::string word; status >> word;) {
    std::size_t kilobytes = 0;
    if (word == "VmRSS:" && status >> kilobytes) return kilobytes * 1024;
  }
  throw std::runtime_error{"no VmRSS of process " + std::to_string(pid_)};
}

std::size_t ProcessMeter::open_files() const {
  const std::filesystem::directory_iterator files{folder_of(pid_) / "fd"};
  return static_cast<std::size_t>(std::distance(begin(files), end(files)));
}

std::size_t ProcessMeter::udp_ports() const {
  std::set<std::string> sockets;  // "socket:[inode]"
  for (const auto& file : std::filesystem::directory_iterator{folder_of(pid_) / "fd"}) {
    std::error_code gone;
    sockets.insert(std::filesystem::read_symlink(file, gone).string());
  }
  constexpr int kInodeColumn = 9;
  std::size_t ports = 0;
  std::ifstream table{folder_of(pid_) / "net" / "udp"};
  for (std::string line; std::getline(table, line);) {
    std::istringstream columns{line};
    std::string word;
    for (int column = 0; column <= kInodeColumn; ++column) columns >> word;
    ports += sockets.count("socket:[" + word + "]");
  }
  return ports;
}

}  // namespace icebreaker::bench
