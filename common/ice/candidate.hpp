// ICE candidates as values, and their SDP text (RFC 8839 §5.1, with the TCP types of RFC 6544).
// Read and written by signaling, by the clients and by tests.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "common/base/address.hpp"

namespace icebreaker::ice {

// Far above what browsers send (about 300 bytes), far below what could hurt.
constexpr std::size_t kMaxCandidateBytes = 2048;
constexpr std::size_t kMaxExtensions = 32;
constexpr std::uint32_t kMaxPriority = 0x7FFF'FFFF;
constexpr std::uint16_t kMaxComponent = 256;

enum class CandidateType : std::uint8_t { Host, ServerReflexive, PeerReflexive, Relayed, Other };
enum class Transport : std::uint8_t { Udp, Tcp, Other };
enum class TcpType : std::uint8_t { Active, Passive, SimultaneousOpen };

// A fully qualified domain name: browsers hide host addresses behind mDNS names.
struct HostName {
  std::string text;

  // "….local", to be resolved by multicast DNS (RFC 6762).
  [[nodiscard]] bool is_mdns() const;

  auto operator<=>(const HostName&) const = default;
};

using ConnectionAddress = std::variant<IpAddress, HostName>;

struct Extension {
  std::string name;
  std::string value;
  auto operator<=>(const Extension&) const = default;
};

struct Candidate {
  std::string foundation;
  std::uint16_t component = 1;  // 1..256
  // As written ("udp" from Chromium, "UDP" from Firefox); tokens we do not know are kept.
  std::string transport_token = "udp";
  std::uint32_t priority = 1;  // 1..2^31-1
  ConnectionAddress address;
  std::uint16_t port = 0;
  CandidateType type = CandidateType::Host;
  std::string other_type;  // the token of type Other, otherwise empty
  std::optional<ConnectionAddress> related_address;
  std::optional<std::uint16_t> related_port;
  std::optional<TcpType> tcp_type;
  std::vector<Extension> extensions;  // in their order; names may repeat

  [[nodiscard]] Transport transport() const;
  // The first extension of that name.
  [[nodiscard]] std::optional<std::string_view> find_extension(std::string_view name) const;

  bool operator==(const Candidate&) const = default;
};

enum class CandidateError : std::uint8_t {
  TooLong,
  Truncated,
  BadFoundation,
  BadComponent,
  BadTransport,
  BadPriority,
  BadAddress,
  BadPort,
  BadType,
  BadRelatedAddress,
  BadRelatedPort,
  BadTcpType,
  BadExtension,
  TooManyExtensions,
};

std::string_view to_string(CandidateError error);
std::string_view to_string(TcpType type);
// "host", "srflx", "prflx", "relay"; empty for Other.
std::string_view to_string(CandidateType type);

// Takes "a=candidate:…", "candidate:…" and the bare value, without a line end.
std::expected<Candidate, CandidateError> parse_candidate(std::string_view text);

// "candidate:…", as RTCIceCandidate.candidate has it. For every candidate that parse_candidate
// returned, parsing this text gives it back; IP addresses come out in their RFC 5952 form.
std::string to_string(const Candidate& candidate);

// The marker that no more candidates follow: the SDP attribute of RFC 8840, or the empty string
// that browsers use for it.
bool is_end_of_candidates(std::string_view text);

}  // namespace icebreaker::ice
