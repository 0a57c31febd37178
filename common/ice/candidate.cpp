#include "common/ice/candidate.hpp"

#include <algorithm>
#include <type_traits>

#include "common/ice/text.hpp"

namespace icebreaker::ice {

bool HostName::is_mdns() const {
  constexpr std::string_view suffix = ".local";
  return text.size() > suffix.size() &&
         same_token(std::string_view{text}.substr(text.size() - suffix.size()), suffix);
}

Transport Candidate::transport() const {
  if (same_token(transport_token, "udp")) return Transport::Udp;
  return same_token(transport_token, "tcp") ? Transport::Tcp : Transport::Other;
}

std::optional<std::string_view> Candidate::find_extension(std::string_view name) const {
  const auto found = std::ranges::find(extensions, name, &Extension::name);
  return found == extensions.end() ? std::nullopt : std::optional<std::string_view>{found->value};
}

std::string_view to_string(CandidateError error) {
  switch (error) {
    using enum CandidateError;
    case TooLong:
      return "too long";
    case Truncated:
      return "truncated";
    case BadFoundation:
      return "bad foundation";
    case BadComponent:
      return "bad component id";
    case BadTransport:
      return "bad transport";
    case BadPriority:
      return "bad priority";
    case BadAddress:
      return "bad connection address";
    case BadPort:
      return "bad port";
    case BadType:
      return "bad candidate type";
    case BadRelatedAddress:
      return "bad related address";
    case BadRelatedPort:
      return "bad related port";
    case BadTcpType:
      return "bad tcptype";
    case BadExtension:
      return "bad extension attribute";
    case TooManyExtensions:
      return "too many extension attributes";
  }
  return "unknown";
}

std::string_view to_string(TcpType type) {
  switch (type) {
    case TcpType::Active:
      return "active";
    case TcpType::Passive:
      return "passive";
    case TcpType::SimultaneousOpen:
      return "so";
  }
  return {};
}

std::string_view to_string(CandidateType type) {
  switch (type) {
    case CandidateType::Host:
      return "host";
    case CandidateType::ServerReflexive:
      return "srflx";
    case CandidateType::PeerReflexive:
      return "prflx";
    case CandidateType::Relayed:
      return "relay";
    case CandidateType::Other:
      break;
  }
  return {};
}

bool is_end_of_candidates(std::string_view text) {
  return text.empty() || text == "end-of-candidates" || text == "a=end-of-candidates";
}

}  // namespace icebreaker::ice
