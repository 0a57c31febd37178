#include "common/service/listen_error.hpp"

namespace icebreaker::service {
namespace {

std::string advice_for(const std::error_code& error) {
  if (error == std::errc::address_in_use) {
    return "; stop the program that uses it, or change [[listen]] address";
  }
  if (error == std::errc::permission_denied) {
    return "; ports below 1024 need CAP_NET_BIND_SERVICE";
  }
  if (error == std::errc::address_not_available) {
    return "; it is none of this machine's addresses";
  }
  return {};
}

}  // namespace

std::string listen_error(Transport transport, const SocketAddress& address,
                         const std::error_code& error) {
  return "cannot listen on " + std::string{name_of(transport)} + ' ' + address.to_string() + ": " +
         error.message() + advice_for(error);
}

}  // namespace icebreaker::service
