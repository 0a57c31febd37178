#include "tests/bench/turn_load/turn_session.hpp"

#include <utility>

#include "common/crypto/long_term_key.hpp"
#include "common/stun/attributes.hpp"
#include "common/stun/message_builder.hpp"

namespace icebreaker::bench {
namespace {

constexpr unsigned kMaxStaleNonces = 3;

PeerAddress peer_address(Endpoint endpoint) {
  return {{IpAddress::from_v4(endpoint.ip), endpoint.port}};
}

stun::Method method_of(TurnSession::Request request) {
  switch (request) {
    case TurnSession::Request::BindChannel:
      return stun::Method::ChannelBind;
    case TurnSession::Request::Refresh:
      return stun::Method::Refresh;
    default:
      return stun::Method::Allocate;
  }
}

}  // namespace

TurnSession::TurnSession(const Credentials& credentials, std::uint32_t number,
                         stun::ChannelNumber channel, Endpoint peer)
    : credentials_{&credentials}, number_{number}, channel_{channel}, peer_{peer} {}

void TurnSession::allocate() {
  state_ = State::Idle;
  stale_nonces_ = 0;
  ask(Request::Challenge);
}

void TurnSession::refresh(std::chrono::seconds lifetime) {
  lifetime_ = lifetime;
  ask(Request::Refresh);
}

void TurnSession::ask(Request request) {
  request_ = request;
  ++requests_;
}

stun::TransactionId TurnSession::transaction_id() const {
  stun::TransactionId id{};
  ByteWriter out{id};
  out.u32(number_);
  out.u32(requests_);
  return id;
}

ByteView TurnSession::write_request(MutableByteView buffer) const {
  if (request_ == Request::None) return {};
  stun::MessageBuilder builder{buffer, stun::MessageClass::Request, method_of(request_),
                               transaction_id()};
  switch (request_) {
    case Request::Challenge:
    case Request::Allocate:
      builder.add<stun::RequestedTransport>(stun::TransportProtocol::Udp);
      break;
    case Request::BindChannel:
      builder.add<stun::ChannelNumberAttribute>(channel_);
      builder.add<stun::XorPeerAddress>(peer_address(peer_));
      break;
    case Request::Refresh:
      builder.add<stun::Lifetime>(lifetime_);
      break;
    case Request::None:
      break;
  }
  if (request_ != Request::Challenge) {
    builder.add<stun::Username>(credentials_->username);
    builder.add<stun::Realm>(realm_);
    builder.add<stun::Nonce>(nonce_);
    builder.add_message_integrity(key_);
  }
  return builder.finish();
}

bool TurnSession::on_response(const stun::MessageView& response) {
  if (request_ == Request::None || response.transaction_id() != transaction_id()) return false;
  switch (response.message_class()) {
    case stun::MessageClass::SuccessResponse:
      on_success(response);
      return true;
    case stun::MessageClass::ErrorResponse:
      on_error(response);
      return true;
    default:
      return false;
  }
}

void TurnSession::on_success(const stun::MessageView& response) {
  const Request answered = std::exchange(request_, Request::None);
  if (answered == Request::Refresh) {
    if (std::exchange(renews_channel_, false)) return ask(Request::BindChannel);
    state_ = lifetime_.count() == 0 ? State::Released : State::Ready;
    return;
  }
  if (answered == Request::BindChannel) {
    state_ = State::Ready;
    return;
  }
  const auto relay = response.get<stun::XorRelayedAddress>();
  if (!relay || !relay->value.ip.is_v4()) return fail(0);
  relay_ = {relay->value.ip.v4_value(), relay->value.port};
  if (wants_channel_) return ask(Request::BindChannel);
  state_ = State::Ready;
}

void TurnSession::on_error(const stun::MessageView& response) {
  const auto error = response.get<stun::ErrorCodeAttribute>();
  const auto code = error ? static_cast<unsigned>(error->code) : 0U;
  const bool challenge = request_ == Request::Challenge && code == 401;
  const bool stale = request_ != Request::Challenge && code == 438;
  if (!challenge && !stale) return fail(code);
  if (stale && ++stale_nonces_ > kMaxStaleNonces) return fail(code);
  if (!learn_challenge(response)) return fail(code);
  ask(challenge ? Request::Allocate : request_);
}

bool TurnSession::learn_challenge(const stun::MessageView& response) {
  const auto realm = response.get<stun::Realm>();
  const auto nonce = response.get<stun::Nonce>();
  if (!realm || !nonce) return false;
  realm_ = *realm;
  nonce_ = *nonce;
  key_ = crypto::long_term_key_md5(credentials_->username, realm_, credentials_->password);
  return true;
}

void TurnSession::fail(unsigned error) {
  request_ = Request::None;
  state_ = State::Failed;
  error_ = error;
}

}  // namespace icebreaker::bench
