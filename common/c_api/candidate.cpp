#include "common/ice/candidate.hpp"

#include <memory>
#include <string>
#include <variant>

#include "common/c_api/boundary.hpp"

namespace ice = icebreaker::ice;
using namespace icebreaker::c_api;

struct icebreaker_candidate {  // NOLINT(readability-identifier-naming): a C name
  ice::Candidate value;
};

namespace {

icebreaker_candidate_type type_of(const ice::Candidate& candidate) {
  switch (candidate.type) {
    case ice::CandidateType::Host:
      return ICEBREAKER_CANDIDATE_HOST;
    case ice::CandidateType::ServerReflexive:
      return ICEBREAKER_CANDIDATE_SERVER_REFLEXIVE;
    case ice::CandidateType::PeerReflexive:
      return ICEBREAKER_CANDIDATE_PEER_REFLEXIVE;
    case ice::CandidateType::Relayed:
      return ICEBREAKER_CANDIDATE_RELAYED;
    case ice::CandidateType::Other:
      break;
  }
  return ICEBREAKER_CANDIDATE_OTHER;
}

icebreaker_transport transport_of(const ice::Candidate& candidate) {
  switch (candidate.transport()) {
    case ice::Transport::Udp:
      return ICEBREAKER_TRANSPORT_UDP;
    case ice::Transport::Tcp:
      return ICEBREAKER_TRANSPORT_TCP;
    case ice::Transport::Other:
      break;
  }
  return ICEBREAKER_TRANSPORT_OTHER;
}

std::string address_text(const ice::ConnectionAddress& address) {
  if (const auto* ip = std::get_if<icebreaker::IpAddress>(&address)) return ip->to_string();
  return std::get<ice::HostName>(address).text;
}

}  // namespace

icebreaker_status icebreaker_candidate_parse(const char* text, size_t length,
                                             icebreaker_candidate** candidate) {
  if (missing(text, length) || candidate == nullptr) return ICEBREAKER_INVALID_ARGUMENT;
  return guarded([&] {
    auto parsed = ice::parse_candidate(text_from(text, length));
    if (!parsed) return ICEBREAKER_MALFORMED;
    *candidate = std::make_unique<icebreaker_candidate>(std::move(*parsed)).release();
    return ICEBREAKER_OK;
  });
}

icebreaker_status icebreaker_candidate_format(const icebreaker_candidate* candidate,
                                              icebreaker_text* text) {
  if (candidate == nullptr || unusable(text)) return ICEBREAKER_INVALID_ARGUMENT;
  return guarded([&] { return write_text(*text, ice::to_string(candidate->value)); });
}

icebreaker_status icebreaker_candidate_get(const icebreaker_candidate* candidate,
                                           icebreaker_candidate_fields* fields) {
  if (candidate == nullptr || fields == nullptr) return ICEBREAKER_INVALID_ARGUMENT;
  const ice::Candidate& value = candidate->value;
  *fields = {type_of(value), transport_of(value), value.component, value.port, value.priority};
  return ICEBREAKER_OK;
}

icebreaker_status icebreaker_candidate_address(const icebreaker_candidate* candidate,
                                               icebreaker_text* address) {
  if (candidate == nullptr || unusable(address)) return ICEBREAKER_INVALID_ARGUMENT;
  return guarded([&] { return write_text(*address, address_text(candidate->value.address)); });
}

void icebreaker_candidate_free(icebreaker_candidate* candidate) {
  const std::unique_ptr<icebreaker_candidate> owner{candidate};
}
