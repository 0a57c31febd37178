#include "tests/support/redis_process.hpp"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace icebreaker {
namespace {

using namespace std::chrono_literals;

constexpr auto kStartLimit = 20s;
constexpr std::size_t kClockBytes = 2 * sizeof(std::int64_t);

[[noreturn]] void fail(const std::string& what) {
  throw std::system_error{errno, std::system_category(), what};
}

std::filesystem::path make_folder() {
  std::string name = std::filesystem::temp_directory_path() / "icebreaker-redis-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) fail("mkdtemp " + name);
  return name;
}

std::int64_t* map_clock(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0 || ftruncate(file, kClockBytes) != 0) fail(path);
  void* const mapped = mmap(nullptr, kClockBytes, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
  close(file);
  if (mapped == MAP_FAILED) fail("mmap");
  return static_cast<std::int64_t*>(mapped);
}

std::vector<char*> pointers_to(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

std::string text_of_file(const std::filesystem::path& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

}  // namespace

RedisProcess::RedisProcess(std::vector<std::string> more_arguments)
    : more_arguments_{std::move(more_arguments)},
      folder_{make_folder()},
      clock_us_{map_clock(folder_ / "clock")} {
  start();
  wait_until_it_listens();
}

void RedisProcess::restart() {
  end();
  start();
  wait_until_it_listens();
}

void RedisProcess::end() {
  kill(pid_, SIGKILL);
  waitpid(pid_, nullptr, 0);
}

RedisProcess::~RedisProcess() {
  end();
  munmap(clock_us_, kClockBytes);
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

void RedisProcess::start() {
  std::vector<std::string> arguments{
      "redis-server", "--port", "0", "--unixsocket", socket_path(), "--dir", folder_, "--logfile",
      "redis.log",    "--save", "",  "--appendonly", "no"};
  arguments.insert(arguments.end(), more_arguments_.begin(), more_arguments_.end());
  std::vector<std::string> environment{"LD_PRELOAD=" ICEBREAKER_SHIFT_CLOCK,
                                       "ICEBREAKER_CLOCK_SHIFT=" + (folder_ / "clock").string()};
  const std::vector<char*> argv = pointers_to(arguments);
  const std::vector<char*> envp = pointers_to(environment);

  pid_ = fork();
  if (pid_ < 0) fail("fork");
  if (pid_ == 0) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execvpe(argv[0], argv.data(), envp.data());
    _exit(127);
  }
}

void RedisProcess::wait_until_it_listens() const {
  const auto deadline = std::chrono::steady_clock::now() + kStartLimit;
  while (!listens()) {
    const bool ended = waitpid(pid_, nullptr, WNOHANG) != 0;
    if (ended || std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error{"redis-server does not start:\n" +
                               text_of_file(folder_ / "redis.log")};
    }
    ::poll(nullptr, 0, 10);
  }
}

bool RedisProcess::listens() const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_path().c_str(), sizeof address.sun_path - 1);
  const int probe = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the sockets API.
  const auto* const generic = reinterpret_cast<const sockaddr*>(&address);
  const bool connected = connect(probe, generic, sizeof address) == 0;
  close(probe);
  return connected;
}

bool RedisProcess::is_installed() {
  const char* const path = std::getenv("PATH");
  std::istringstream folders{path == nullptr ? "" : path};
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (access((std::filesystem::path{folder} / "redis-server").c_str(), X_OK) == 0) return true;
  }
  return false;
}

void RedisProcess::advance_clock(std::chrono::microseconds by) {
  std::atomic_ref{clock_us_[0]}.fetch_add(by.count());
}

void RedisProcess::freeze_clock() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  std::atomic_ref{clock_us_[1]}.store(
      std::chrono::duration_cast<std::chrono::microseconds>(now).count());
}

}  // namespace icebreaker
