#include "turn/server/config.hpp"

#include <algorithm>
#include <ranges>

#include "common/crypto/opaque_string.hpp"

namespace icebreaker::turn {
namespace {

using service::ConfigSection;

// REALM is part of every challenge to strangers, and the reply buffer is sized for it. RFC 8489
// §14.9: fewer than 128 characters.
constexpr std::size_t kMaxRealmBytes = 127;
constexpr std::int64_t kMaxPeersPerAllocation = 1024;
constexpr std::int64_t kMaxChallenges = 1'000'000;
constexpr std::int64_t kMaxAllocations = 1'000'000;

void refuse_two_of_a_family(const ConfigSection& section, std::string_view key,
                            const std::vector<IpAddress>& addresses) {
  for (const Family family : {Family::V4, Family::V6}) {
    if (std::ranges::count(addresses, family, &IpAddress::family) > 1) {
      section.fail(key, "at most one IPv4 and one IPv6 address are possible");
    }
  }
  if (std::ranges::any_of(addresses, &IpAddress::is_any)) {
    section.fail(key, "an address of this machine is needed, not a wildcard");
  }
}

void read_relay(const ConfigSection& relay, ServerConfig& config) {
  config.relay_addresses = relay.ip_addresses("addresses");
  config.relay_external = relay.ip_addresses("external");
  refuse_two_of_a_family(relay, "addresses", config.relay_addresses);
  refuse_two_of_a_family(relay, "external", config.relay_external);
  for (const IpAddress& external : config.relay_external) {
    const auto& bound = config.relay_addresses;
    const bool paired = bound.empty() || std::ranges::find(bound, external.family(),
                                                           &IpAddress::family) != bound.end();
    if (!paired) {
      relay.fail("external",
                 external.to_string() + " has no address of its family in relay.addresses");
    }
  }
  const auto ports = relay.ports("ports", {.first = 49152, .last = 65535});
  config.relay_ports = {.first = ports.first, .last = ports.last};
}

// As clients prepare it before they make a key of it (RFC 8489 §9.2.2). Empty text stays.
std::string prepared(const ConfigSection& section, std::string_view key, const std::string& text) {
  if (text.empty()) return text;
  auto result = crypto::prepare_opaque_string(text);
  if (!result) section.fail(key, "has control characters or invisible ones");
  return std::move(*result);
}

std::string read_realm(const ConfigSection& root) {
  std::string realm = prepared(root, "realm", root.text("realm", "icebreaker"));
  if (realm.empty() || realm.size() > kMaxRealmBytes) {
    root.fail("realm", "1 to 127 bytes are needed");
  }
  // RFC 8489 §9.2.2 takes quotes out of what makes the key; not every client does.
  if (realm.find_first_of("\"\\") != std::string::npos) {
    root.fail("realm", "neither quotes nor backslashes are possible");
  }
  return realm;
}

std::vector<StaticUser> read_users(const ConfigSection& auth) {
  // RFC 8489 §14.3.
  constexpr std::size_t kMaxNameBytes = 508;
  std::vector<StaticUser> users;
  for (const ConfigSection& each : auth.sections("users")) {
    StaticUser user{prepared(each, "name", each.required_text("name")),
                    prepared(each, "password", each.required_text("password"))};
    if (user.name.size() > kMaxNameBytes) each.fail("name", "at most 508 bytes are possible");
    if (user.name.empty()) each.fail("name", "a user needs a name");
    if (user.password.empty()) each.fail("password", "a user needs a password");
    if (std::ranges::find(users, user.name, &StaticUser::name) != users.end()) {
      each.fail("name", "`" + user.name + "` is there twice");
    }
    users.push_back(std::move(user));
  }
  return users;
}

void add_secrets(std::string_view comma_separated, std::vector<std::string>& secrets) {
  for (const auto part : std::views::split(comma_separated, ',')) {
    if (!part.empty()) secrets.emplace_back(part.begin(), part.end());
  }
}

std::uint64_t read_bytes_per_second(const ConfigSection& limits, std::string_view key) {
  constexpr std::int64_t kMost = 1'000'000'000'000;
  const std::int64_t rate = limits.integer(key, 0, {0, kMost});
  if (rate != 0 && rate < static_cast<std::int64_t>(kMinBytesPerSecond)) {
    limits.fail(key, "0 (no limit) or at least " + std::to_string(kMinBytesPerSecond) +
                         " is needed; these are bytes, not kilobytes");
  }
  return static_cast<std::uint64_t>(rate);
}

void read_limits(const ConfigSection& limits, ServerConfig& config) {
  const auto count = [&](std::string_view key, std::size_t otherwise, std::int64_t min,
                         std::int64_t max) {
    const auto value = limits.integer(key, static_cast<std::int64_t>(otherwise), {min, max});
    return static_cast<std::size_t>(value);
  };
  config.quota.allocations_per_user =
      count("allocations_per_user", config.quota.allocations_per_user, 0, kMaxAllocations);
  config.quota.allocations_per_network =
      count("allocations_per_network", config.quota.allocations_per_network, 0, kMaxAllocations);
  config.quota.allocations = count("allocations", config.quota.allocations, 0, kMaxAllocations);
  config.limits.permissions_per_allocation =
      count("permissions_per_allocation", config.limits.permissions_per_allocation, 1,
            kMaxPeersPerAllocation);
  config.limits.channels_per_allocation = count(
      "channels_per_allocation", config.limits.channels_per_allocation, 1, kMaxPeersPerAllocation);
  config.limits.challenges_per_second =
      count("challenges_per_second", config.limits.challenges_per_second, 0, kMaxChallenges);
  config.limits.bandwidth = {
      .per_allocation = read_bytes_per_second(limits, "bytes_per_second_per_allocation"),
      .per_user = read_bytes_per_second(limits, "bytes_per_second_per_user")};
}

std::size_t read_count(const ConfigSection& section, std::string_view key, std::size_t otherwise,
                       service::IntegerRange range) {
  return static_cast<std::size_t>(
      section.integer(key, static_cast<std::int64_t>(otherwise), range));
}

StreamClientLimits read_tcp(const ConfigSection& tcp) {
  using namespace std::chrono_literals;
  constexpr std::int64_t kMostConnections = 10'000'000;
  // The longest message of all, and a bound for the memory of a client that does not read.
  constexpr service::IntegerRange kUnsentBytes{65'536, 1 << 26};
  StreamClientLimits limits;
  limits.connections = read_count(tcp, "connections", limits.connections, {1, kMostConnections});
  limits.connections_per_network = read_count(
      tcp, "connections_per_network", limits.connections_per_network, {0, kMostConnections});
  limits.idle_timeout = tcp.duration("idle_timeout_s", limits.idle_timeout, {1s, 24h});
  limits.message_timeout = tcp.duration("message_timeout_s", limits.message_timeout, {1s, 1h});
  limits.unsent_bytes = read_count(tcp, "unsent_bytes", limits.unsent_bytes, kUnsentBytes);
  return limits;
}

DtlsConfig read_dtls(const ConfigSection& dtls) {
  using namespace std::chrono_literals;
  constexpr std::int64_t kMost = 10'000'000;
  DtlsConfig config;
  net::DtlsLimits& limits = config.limits;
  limits.associations = read_count(dtls, "associations", limits.associations, {1, kMost});
  limits.associations_per_network =
      read_count(dtls, "associations_per_network", limits.associations_per_network, {0, kMost});
  limits.handshakes = read_count(dtls, "handshakes", limits.handshakes, {1, kMost});
  limits.handshakes_per_network =
      read_count(dtls, "handshakes_per_network", limits.handshakes_per_network, {0, kMost});
  limits.handshake_timeout =
      dtls.duration("handshake_timeout_s", limits.handshake_timeout, {1s, 1h});
  config.idle_timeout = dtls.duration("idle_timeout_s", config.idle_timeout, {1s, 24h});
  return config;
}

// Nothing when neither file is named.
std::optional<net::TlsIdentity> read_tls(const ConfigSection& tls) {
  const net::TlsFiles files{.certificate = tls.text("certificate_file", ""),
                            .key = tls.text("key_file", "")};
  if (files.certificate.empty() && files.key.empty()) return std::nullopt;
  if (files.certificate.empty()) tls.fail("certificate_file", "is missing beside key_file");
  if (files.key.empty()) tls.fail("key_file", "is missing beside certificate_file");
  auto identity = net::TlsIdentity::load(files);
  if (identity) return std::move(*identity);
  const auto& [file, words] = identity.error();
  tls.fail(file == net::TlsProblem::File::Key ? "key_file" : "certificate_file", words);
}

void read_listeners(const ConfigSection& root, ServerConfig& config) {
  config.listeners = service::read_listeners(
      root, {Transport::Udp, Transport::Tcp, Transport::Tls, Transport::Dtls});
  const auto sections = root.sections("listen");
  for (std::size_t index = 0; index < sections.size(); ++index) {
    service::Listener& listener = config.listeners.at(index);
    listener.proxies = sections[index].cidrs("proxy_protocol_from");
    if (!listener.proxies.empty() && is_datagram(listener.transport)) {
      sections[index].fail("proxy_protocol_from", "works on tcp and tls listeners only");
    }
    const bool is_secure =
        listener.transport == Transport::Tls || listener.transport == Transport::Dtls;
    if (is_secure && !config.tls) {
      sections[index].fail("transport", std::string{name_of(listener.transport)} +
                                            " needs certificate_file and key_file in [tls]");
    }
  }
}

DrainConfig read_drain(const ConfigSection& section) {
  DrainConfig drain;
  const service::DurationRange range{.min = std::chrono::seconds{0}, .max = std::chrono::hours{24}};
  drain.within = section.duration("seconds", drain.within, range);
  for (const std::string& text : section.texts("alternate")) {
    const auto address = SocketAddress::parse(text);
    if (!address || address->port == 0 || address->ip.is_any()) {
      section.fail("alternate", "`" + text +
                                    "` is not an address with a port that clients can go to, such "
                                    "as \"203.0.113.20:3478\"");
    }
    auto& alternate = address->ip.is_v4() ? drain.alternate_v4 : drain.alternate_v6;
    if (alternate) section.fail("alternate", "at most one IPv4 and one IPv6 address are possible");
    alternate = address;
  }
  return drain;
}

}  // namespace

ServerConfig read_config(const ConfigSection& root, std::string_view environment_secrets) {
  ServerConfig config;
  config.workers = service::read_workers(root);
  config.tls = read_tls(root.section("tls"));
  read_listeners(root, config);
  config.streams = read_tcp(root.section("tcp"));
  config.dtls = read_dtls(root.section("dtls"));
  config.credentials.realm = read_realm(root);
  read_relay(root.section("relay"), config);

  const ConfigSection auth = root.section("auth");
  config.credentials.users = read_users(auth);
  config.credentials.rest_secrets = auth.secrets("secrets");
  add_secrets(environment_secrets, config.credentials.rest_secrets);

  const ConfigSection peers = root.section("peers");
  config.peers_allow = peers.cidrs("allow");
  config.peers_deny = peers.cidrs("deny");
  read_limits(root.section("limits"), config);
  config.drain = read_drain(root.section("drain"));
  config.metrics = service::read_metrics_address(root);
  return config;
}

std::vector<std::string_view> settings_that_need_a_restart(const ServerConfig& running,
                                                           const ServerConfig& fresh) {
  std::vector<std::string_view> names;
  const auto compare = [&names](std::string_view name, const auto& old_value,
                                const auto& new_value) {
    if (old_value != new_value) names.push_back(name);
  };
  const auto same_listener = [](const service::Listener& a, const service::Listener& b) {
    return a.transport == b.transport && a.address == b.address && a.proxies == b.proxies;
  };
  compare("workers", running.workers, fresh.workers);
  if (!std::ranges::equal(running.listeners, fresh.listeners, same_listener)) {
    names.emplace_back("listen");
  }
  compare("relay.addresses", running.relay_addresses, fresh.relay_addresses);
  compare("relay.external", running.relay_external, fresh.relay_external);
  compare("relay.ports", running.relay_ports, fresh.relay_ports);
  compare("tcp", running.streams, fresh.streams);
  compare("dtls", running.dtls, fresh.dtls);
  compare("metrics", running.metrics, fresh.metrics);
  return names;
}

bool authenticates_somebody(const ServerConfig& config) {
  return !config.credentials.users.empty() || !config.credentials.rest_secrets.empty();
}

}  // namespace icebreaker::turn
