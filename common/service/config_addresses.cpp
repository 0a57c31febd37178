// The getters of ConfigSection that yield addresses, networks and ports.
#include "common/base/parse_number.hpp"
#include "common/service/config_file.hpp"

namespace icebreaker::service {
namespace {

std::string in_quotes(std::string_view word) {
  return '`' + std::string{word} + '`';
}

}  // namespace

std::vector<Cidr> ConfigSection::cidrs(std::string_view key) const {
  std::vector<Cidr> result;
  for (const std::string& each : texts(key)) {
    const auto cidr = Cidr::parse(each);
    if (!cidr) {
      fail(key, in_quotes(each) +
                    " is not a network such as \"10.0.0.0/8\" or \"fd00::/8\" "
                    "(no bits may be set past the prefix)");
    }
    result.push_back(*cidr);
  }
  return result;
}

std::vector<IpAddress> ConfigSection::ip_addresses(std::string_view key) const {
  std::vector<IpAddress> result;
  for (const std::string& each : texts(key)) {
    const auto ip = IpAddress::parse(each);
    if (!ip) fail(key, in_quotes(each) + " is not an IPv4 or IPv6 address");
    result.push_back(*ip);
  }
  return result;
}

std::optional<SocketAddress> ConfigSection::socket_address(std::string_view key) const {
  const auto text = find_text(key);
  if (!text) return std::nullopt;
  const auto address = SocketAddress::parse(*text);
  if (address && address->ip.unmapped() != address->ip) {
    const SocketAddress plain{address->ip.unmapped(), address->port};
    fail(key, in_quotes(*text) + " is an IPv4 address in IPv6 form; write \"" + plain.to_string() +
                  "\"");
  }
  if (address) return address;
  fail(key, in_quotes(*text) +
                " is not an address and a port such as \"0.0.0.0:3478\" or \"[::]:3478\"");
}

SocketAddress ConfigSection::required_socket_address(std::string_view key) const {
  const auto address = socket_address(key);
  if (!address) fail_missing(key);
  return *address;
}

PortRange ConfigSection::ports(std::string_view key, PortRange otherwise) const {
  const auto text = find_text(key);
  if (!text) return otherwise;
  const std::size_t dash = text->find('-');
  if (dash != std::string::npos) {
    const auto first = parse_number<std::uint16_t>(std::string_view{*text}.substr(0, dash));
    const auto last = parse_number<std::uint16_t>(std::string_view{*text}.substr(dash + 1));
    if (first && last && *first > 0 && *first <= *last) return {*first, *last};
  }
  fail(key, in_quotes(*text) + " is not a range of ports such as \"49152-65535\"");
}

}  // namespace icebreaker::service
