#include "signaling/server/web_root.hpp"

#include <string>
#include <system_error>

namespace icebreaker::signaling {

namespace fs = std::filesystem;

namespace {

bool runs_from_build_directory() {
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  const std::string build = std::string{ICEBREAKER_BUILD_ROOT} + '/';
  return !error && program.string().starts_with(build);
}

}  // namespace

std::optional<fs::path> find_web_root(std::string_view configured) {
  if (configured == "off") return std::nullopt;
  if (!configured.empty()) return fs::path{configured};
  return fs::path{runs_from_build_directory() ? ICEBREAKER_WEB_SOURCE : ICEBREAKER_WEB_INSTALLED};
}

}  // namespace icebreaker::signaling
