#include "common/service/listeners.hpp"

#include "common/net/open_socket.hpp"
#include "common/service/command_line.hpp"

namespace icebreaker::service {

std::string listen_advice(const std::error_code& error, std::string_view section) {
  if (error == std::errc::address_in_use) {
    return "; stop the program that uses it, or change " + std::string{section} + " address";
  }
  if (error == std::errc::permission_denied) {
    return "; ports below 1024 need CAP_NET_BIND_SERVICE";
  }
  if (error == std::errc::address_not_available) {
    return "; it is none of this machine's addresses";
  }
  return {};
}

// All are looked at before the first is opened: our own wildcard would make another listener's
// address on the same port look taken.
std::vector<Listener> usable_listeners(const std::vector<Listener>& wanted, const Logger& logger) {
  std::vector<Listener> usable;
  for (const Listener& each : wanted) {
    const auto error = net::check_address_is_free(each.transport, each.address);
    if (net::is_missing_ipv6(each.address, error)) {
      logger.warn("this machine has no IPv6, listener left out",
                  {{"transport", name_of(each.transport)}, {"address", each.address}});
    } else if (error) {
      throw StartError(listen_error(each.transport, each.address, error));
    } else {
      usable.push_back(each);
    }
  }
  if (usable.empty()) throw StartError("no listener is left; add one to [[listen]]");
  return usable;
}

std::string listen_error(Transport transport, const SocketAddress& address,
                         const std::error_code& error) {
  return "cannot listen on " + std::string{name_of(transport)} + ' ' + address.to_string() + ": " +
         error.message() + listen_advice(error, "[[listen]]");
}

}  // namespace icebreaker::service
