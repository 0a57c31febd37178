#include "signaling/state/redis/handshake.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace icebreaker::signaling {
namespace {

// Long enough for the line of a Lua error, short enough for a log.
constexpr std::size_t kDetailBytes = 300;

std::vector<std::string> auth_words(const RedisUrl& url) {
  if (url.user.empty()) return {"AUTH", url.password};
  return {"AUTH", url.user, url.password};
}

// The value of `name:value` in the answer to INFO.
std::string_view info_field(std::string_view info, std::string_view name) {
  while (!info.empty()) {
    const std::string_view line = info.substr(0, info.find('\n'));
    info.remove_prefix(std::min(line.size() + 1, info.size()));
    if (line.starts_with(name) && line.substr(name.size()).starts_with(':')) {
      const std::string_view value = line.substr(name.size() + 1);
      return value.substr(0, value.find('\r'));
    }
  }
  return {};
}

// {7, 0} of "7.0.15"
std::pair<int, int> version_of(std::string_view text) {
  std::pair<int, int> version;
  const char* const end = text.data() + text.size();
  const auto [dot, error] = std::from_chars(text.data(), end, version.first);
  if (error == std::errc{} && dot != end) std::from_chars(dot + 1, end, version.second);
  return version;
}

}  // namespace

TroubleReport report_of(std::string_view error) {
  return {.trouble = trouble_of(error), .detail = std::string{error.substr(0, kDetailBytes)}};
}

Handshake::Handshake(Wire wire, const RedisUrl& url, const std::string& incarnation) {
  if (!url.password.empty()) steps_.push_back({.words = auth_words(url)});
  // For the reader of CLIENT LIST; a user may lack the right.
  steps_.push_back(
      {.words = {"CLIENT", "SETNAME", "icebreaker:" + incarnation}, .check = Check::Optional});
  if (wire == Wire::Wake) {
    steps_.push_back({.words = {"SUBSCRIBE", "ib:n:" + incarnation}});
    return;
  }
  steps_.push_back({.words = {"INFO"}, .check = Check::Server});
  if (url.database != 0) steps_.push_back({.words = {"SELECT", std::to_string(url.database)}});
  for (const ScriptSource& source : script_sources()) {
    steps_.push_back({.words = {"SCRIPT", "LOAD", std::string{source.text}},
                      .check = Check::Digest,
                      .script = source.script});
  }
}

const std::vector<std::string>* Handshake::next() const {
  return done() ? nullptr : &steps_[at_].words;
}

std::optional<TroubleReport> Handshake::on_reply(const WireReply& reply) {
  if (done()) return TroubleReport{.trouble = Trouble::Other, .detail = "an answer too many"};
  const Step& step = steps_[at_++];
  if (!reply) {
    TroubleReport report = report_of(reply.error());
    if (step.check == Check::Optional && report.trouble == Trouble::NoPermission) return {};
    if (step.check == Check::Digest) {
      report.detail = std::string{name_of(step.script)} + ".lua: " + report.detail;
    }
    return report;
  }
  if (step.check == Check::Server || step.check == Check::Digest) {
    const std::string* const text = reply->string();
    if (text == nullptr) {
      return TroubleReport{.trouble = Trouble::Other,
                           .detail = "no text in answer to " + step.words.front()};
    }
    if (step.check == Check::Server) return check_server(*text);
    digests_.at(static_cast<std::size_t>(step.script)) = *text;
  }
  return {};
}

std::optional<TroubleReport> Handshake::check_server(std::string_view info) {
  version_ = info_field(info, "redis_version");
  if (version_of(version_) < std::pair{6, 2}) {
    return TroubleReport{.trouble = Trouble::TooOld, .detail = "it says version " + version_};
  }
  if (info_field(info, "cluster_enabled") == "1") {
    return TroubleReport{.trouble = Trouble::ClusterMode, .detail = {}};
  }
  if (info_field(info, "loading") == "1") {
    return TroubleReport{.trouble = Trouble::Loading, .detail = {}};
  }
  if (info_field(info, "role") == "slave") {
    return TroubleReport{.trouble = Trouble::ReadOnly, .detail = "its role is replica"};
  }
  warn_of_eviction(info);
  return {};
}

void Handshake::warn_of_eviction(std::string_view info) {
  const std::string_view policy = info_field(info, "maxmemory_policy");
  if (info_field(info, "maxmemory") == "0" || policy.empty() || policy == "noeviction") return;
  warning_ = "throws sessions away when its memory is full (maxmemory-policy " +
             std::string{policy} + "): set maxmemory-policy noeviction";
}

}  // namespace icebreaker::signaling
