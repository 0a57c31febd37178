// Sockets bound to an address, with every option that a server's listener needs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <system_error>

#include "common/base/address.hpp"
#include "common/base/transport.hpp"
#include "common/net/datagram_io.hpp"
#include "common/net/unique_fd.hpp"

namespace icebreaker::net {

// A non-blocking UDP socket. On a wildcard address it reports which local address each datagram was
// sent to. v6 sockets take no v4 traffic. Buffers: as much of buffer_bytes as the kernel grants.
std::expected<UniqueFd, std::error_code> open_udp_socket(const SocketAddress& local,
                                                         PortSharing sharing,
                                                         std::size_t buffer_bytes);

// Options that the kernel may lack: then nothing is lost but speed and figures.
// Datagrams of one flow may arrive as one (UDP_GRO).
void receive_aggregates(int fd);
// Datagrams lost for want of buffer are reported with those that follow (SO_RXQ_OVFL).
void report_drops(int fd);
// Whether sends may carry several datagrams (UDP_SEGMENT).
bool can_send_aggregates(int fd);

// Each datagram comes with DSCP and ECN of its IP header.
void report_traffic_class(int fd, Family family);
// ICMP errors about what was sent are kept for take_path_errors().
void report_path_errors(int fd, Family family);

// Whether what is sent from now on may be fragmented, by us or (IPv4) by routers.
enum class Fragments : std::uint8_t { Allowed, Forbidden };
void set_fragments(int fd, Family family, Fragments fragments);

// A non-blocking listening TCP socket.
std::expected<UniqueFd, std::error_code> open_tcp_listener(const SocketAddress& local,
                                                           PortSharing sharing);

// Whether a listener could have the address for itself. SO_REUSEPORT, which workers need among
// themselves, would also let a second server of the same user share the port in silence.
std::error_code check_address_is_free(Transport transport, const SocketAddress& local);

// Whether listening failed for want of IPv6: machines without it are common, and a wildcard
// listener asks for no certain address.
bool is_missing_ipv6(const SocketAddress& local, const std::error_code& error);

// SO_RCVBUF as granted.
std::size_t receive_buffer_bytes_of(int fd);

}  // namespace icebreaker::net
