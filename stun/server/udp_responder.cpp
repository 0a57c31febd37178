#include "stun/server/udp_responder.hpp"

namespace icebreaker::stun {

void UdpResponder::run_once(std::optional<MonoTime> until) {
  std::size_t used = 0;
  for (const net::Datagram& datagram : io_.receive(until)) {
    if (used == kAnswers) {
      io_.flush();
      used = 0;
    }
    const Response response =
        respond_to(datagram.bytes, ClientAddress{datagram.from}, answers_[used]);
    counters_.count(response.outcome);
    if (response.bytes.empty()) continue;
    ++used;
    // From the address that was asked: a NAT lets nothing else back in.
    io_.send({datagram.socket, datagram.to.ip, datagram.from, {}, response.bytes});
  }
  io_.flush();
}

}  // namespace icebreaker::stun
