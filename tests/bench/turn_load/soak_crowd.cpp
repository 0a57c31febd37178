#include "tests/bench/turn_load/soak_crowd.hpp"

#include <algorithm>
#include <stdexcept>
#include <string>

#include "common/stun/channel_data.hpp"
#include "tests/bench/turn_load/session_runner.hpp"

namespace icebreaker::bench {
namespace {

constexpr std::uint32_t kFirstPeerIp = 0x7F900001;
constexpr std::size_t kPayloadBytes = 160;
constexpr std::chrono::milliseconds kBetweenDatagrams{50};
constexpr std::chrono::milliseconds kRepeatAfter{500};
constexpr unsigned kAttempts = 8;
constexpr std::chrono::milliseconds kTick{1};
// Of the server's clock: within the five minutes of the permission, so that all of it arrives.
constexpr int kShortestTalkS = 10;
constexpr int kLongestTalkS = 240;
constexpr std::chrono::seconds kLifetime{600};
constexpr std::chrono::milliseconds kMargin{700};
constexpr unsigned kAllocationMismatch = 437;

std::uint64_t nanoseconds_of(Clock::time_point time) {
  return static_cast<std::uint64_t>(time.time_since_epoch() / std::chrono::nanoseconds{1});
}

}  // namespace

SoakCrowd::SoakCrowd(const SoakOptions& options)
    : options_{options},
      clients_socket_{CrowdSocket::open_or_throw(Receiving::Single)},
      peers_socket_{CrowdSocket::open_or_throw(Receiving::Single)} {
  check_places(options.clients);
  for (std::uint32_t place = 0; place < options.clients; ++place) {
    const Endpoint peer{kFirstPeerIp + place, peers_socket_.port()};
    clients_.push_back({.session = {options_.credentials, place, stun::ChannelNumber{}, peer},
                        .phase = Phase::Gone,
                        .due = {},
                        .ends_at = {},
                        .attempts = 0,
                        .arrived = {},
                        .next = {}});
  }
}

void SoakCrowd::run(Clock::duration duration) {
  mode_ = Mode::Running;
  const Clock::time_point end = Clock::now() + duration;
  for (now_ = Clock::now(); now_ < end; now_ = Clock::now()) turn();
}

void SoakCrowd::settle() {
  mode_ = Mode::Settling;
  const auto gone = [](const Client& each) { return each.phase == Phase::Gone; };
  while (!std::ranges::all_of(clients_, gone)) {
    now_ = Clock::now();
    turn();
  }
  while (Clock::now() < last_vanished_ + real(kLifetime) + kMargin) receive();
}

void SoakCrowd::turn() {
  for (std::uint32_t place = 0; place < clients_.size(); ++place) {
    const Client& client = clients_[place];
    if (client.phase == Phase::Gone && mode_ == Mode::Running) come(place);
    if (client.phase != Phase::Gone && client.due <= now_) on_due(place);
  }
  clients_socket_.flush();
  receive();
}

void SoakCrowd::receive() {
  CrowdSocket::wait(clients_socket_, peers_socket_, kTick);
  for (const Message& each : clients_socket_.receive()) on_client_message(each);
  for (const Message& each : peers_socket_.receive()) on_peer_message(each);
  clients_socket_.flush();
  peers_socket_.flush();
}

void SoakCrowd::on_client_message(const Message& message) {
  const std::uint32_t place = (message.local_ip - kFirstClientIp) % options_.clients;
  Client& client = clients_[place];
  // What was meant for somebody who had this place before.
  if (message.local_ip != client_ip(client.session.number())) return;
  if (const auto response = stun::MessageView::parse(message.bytes)) {
    if (client.session.on_response(*response)) on_answer(place);
    return;
  }
  const auto data = stun::parse_channel_data_datagram(message.bytes);
  if (message.from != options_.server || !data || data->channel != client.session.channel()) {
    ++tally_.corrupted;
    return;
  }
  on_payload(client, place, Direction::ToClient, data->payload);
}

void SoakCrowd::on_peer_message(const Message& message) {
  const std::uint32_t place = message.local_ip - kFirstPeerIp;
  if (place >= clients_.size() || message.from != clients_[place].session.relay()) return;
  on_payload(clients_[place], place, Direction::ToPeer, message.bytes);
  if (clients_[place].phase == Phase::Talking) send(place, Direction::ToClient);
}

void SoakCrowd::on_payload(Client& client, std::uint32_t place, Direction direction,
                           ByteView payload) {
  const auto stamp = read_payload(payload);
  if (!stamp || stamp->flow != place || stamp->direction != direction ||
      payload.size() != kPayloadBytes) {
    ++tally_.corrupted;
    return;
  }
  auto& window = client.arrived[static_cast<std::size_t>(direction)];
  const bool is_new = window.on_arrival(stamp->sequence) == Arrival::New;
  ++(is_new ? tally_.delivered : tally_.duplicated);
}

void SoakCrowd::on_answer(std::uint32_t place) {
  Client& client = clients_[place];
  client.attempts = 0;
  const TurnSession& session = client.session;
  if (session.request() != TurnSession::Request::None) return ask(place);
  if (session.state() == TurnSession::State::Failed) {
    if (client.phase != Phase::Expiring || session.error() != kAllocationMismatch) {
      throw std::runtime_error{"the server answers " + std::to_string(session.error()) +
                               " to a client of the soak"};
    }
    ++counts_.expired;
    client.phase = Phase::Gone;
  } else if (session.state() == TurnSession::State::Released) {
    ++counts_.released;
    client.phase = Phase::Gone;
  } else if (client.phase == Phase::Expiring) {
    throw std::runtime_error{"an allocation lives past its lifetime"};
  } else {
    talk(client);
  }
}

void SoakCrowd::on_due(std::uint32_t place) {
  Client& client = clients_[place];
  if (client.session.request() != TurnSession::Request::None) return ask(place);
  if (client.phase == Phase::Expiring) {
    client.session.refresh(kLifetime);
    return ask(place);
  }
  if (client.ends_at <= now_ || mode_ == Mode::Settling) return end_talk(place);
  client.due += kBetweenDatagrams;
  send(place, Direction::ToPeer);
}

void SoakCrowd::end_talk(std::uint32_t place) {
  Client& client = clients_[place];
  switch (choose_ending()) {
    case Ending::Vanish:
      ++counts_.vanished;
      last_vanished_ = now_;
      client.phase = Phase::Gone;
      return;
    case Ending::Expire:
      client.phase = Phase::Expiring;
      client.due = now_ + real(kLifetime) + kMargin;
      return;
    case Ending::Refresh:
      ++counts_.refreshed;
      client.session.renew(kLifetime);
      break;
    case Ending::Release:
      client.session.release();
      break;
  }
  client.phase = Phase::Asking;
  ask(place);
}

void SoakCrowd::come(std::uint32_t place) {
  Client& client = clients_[place];
  const Endpoint peer{kFirstPeerIp + place, peers_socket_.port()};
  const auto range = stun::ChannelNumber::kFirst + place % 0x1000U;
  const auto channel = stun::ChannelNumber::from_wire(static_cast<std::uint16_t>(range)).value();
  const std::uint32_t number = client.session.number() + options_.clients;
  client.session = {options_.credentials, number, channel, peer};
  client.arrived = {};
  client.next = {};
  client.attempts = 0;
  client.phase = Phase::Asking;
  client.session.allocate();
  ++counts_.allocated;
  ask(place);
}

void SoakCrowd::talk(Client& client) {
  std::uniform_int_distribution<int> seconds{kShortestTalkS, kLongestTalkS};
  client.phase = Phase::Talking;
  client.ends_at = now_ + real(std::chrono::seconds{seconds(random_)});
  client.due = now_;
}

void SoakCrowd::ask(std::uint32_t place) {
  Client& client = clients_[place];
  if (++client.attempts > kAttempts) {
    throw std::runtime_error{"the server does not answer a client of the soak"};
  }
  std::array<std::byte, 1024> buffer{};
  const ByteView request = client.session.write_request(buffer);
  const std::uint32_t local = client_ip(client.session.number());
  std::ranges::copy(request, clients_socket_.stage(local, options_.server, request.size()).begin());
  client.due = now_ + kRepeatAfter;
}

void SoakCrowd::send(std::uint32_t place, Direction direction) {
  Client& client = clients_[place];
  const Stamp stamp{place, direction, client.next[static_cast<std::size_t>(direction)]++,
                    nanoseconds_of(now_)};
  ++tally_.sent;
  if (direction == Direction::ToClient) {
    write_payload(peers_socket_.stage(kFirstPeerIp + place, client.session.relay(), kPayloadBytes),
                  stamp);
    return;
  }
  const auto header = stun::channel_data_header(client.session.channel(), kPayloadBytes);
  const MutableByteView out = clients_socket_.stage(client_ip(client.session.number()),
                                                    options_.server, header.size() + kPayloadBytes);
  std::ranges::copy(header, out.begin());
  write_payload(out.subspan(header.size()), stamp);
}

SoakCrowd::Ending SoakCrowd::choose_ending() {
  if (mode_ == Mode::Settling) return Ending::Release;
  constexpr std::array kEndings{Ending::Release, Ending::Release, Ending::Vanish,
                                Ending::Vanish,  Ending::Refresh, Ending::Expire};
  return kEndings[std::uniform_int_distribution<std::size_t>{0, kEndings.size() - 1}(random_)];
}

Clock::duration SoakCrowd::real(std::chrono::seconds of_the_server) const {
  return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>{of_the_server} /
                                                     options_.clock_factor);
}

}  // namespace icebreaker::bench
