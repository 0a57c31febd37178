#include <algorithm>
#include <stdexcept>
#include <vector>

#include "common/stun/attributes.hpp"
#include "common/stun/message_builder.hpp"
#include "tests/bench/turn_load/measure.hpp"
#include "tests/bench/turn_load/session_runner.hpp"
#include "tests/bench/turn_load/window.hpp"

namespace icebreaker::bench {
namespace {

constexpr std::chrono::milliseconds kWarmUp{200};
constexpr std::chrono::milliseconds kPatience{250};

// Clients that come, allocate, release and go; each is somebody new.
class Cycles {
 public:
  Cycles(const Subject& subject, std::uint32_t at_once)
      : subject_{subject}, socket_{CrowdSocket::open_or_throw(Receiving::Single)} {
    check_places(at_once);
    for (std::uint32_t number = 0; number < at_once; ++number) {
      sessions_.push_back(newcomer(number));
    }
  }

  void run(Clock::duration duration) {
    const Clock::time_point end = Clock::now() + duration;
    // Who was released last time makes room.
    for (std::uint32_t place = 0; place < sessions_.size(); ++place) replace(place);
    const auto on_done = [&](std::uint32_t place) {
      TurnSession& session = sessions_[place];
      if (session.state() == TurnSession::State::Ready) return session.release();
      ++completed_;
      if (Clock::now() < end) replace(place);
    };
    run_sessions(
        {.clients = &socket_,
         .server = subject_.server,
         .count = static_cast<std::uint32_t>(sessions_.size()),
         .session = [this](std::uint32_t place) -> TurnSession& { return sessions_[place]; },
         .what = "allocating and releasing",
         .on_done = on_done});
  }

  [[nodiscard]] std::uint64_t completed() const { return completed_; }

 private:
  TurnSession newcomer(std::uint32_t number) {
    TurnSession session{subject_.credentials, number, stun::ChannelNumber{}, Endpoint{}};
    session.leave_out_channel();
    session.allocate();
    return session;
  }

  void replace(std::uint32_t place) {
    const auto count = static_cast<std::uint32_t>(sessions_.size());
    sessions_[place] = newcomer(sessions_[place].number() + count);
  }

  const Subject& subject_;
  CrowdSocket socket_;
  std::vector<TurnSession> sessions_;
  std::uint64_t completed_ = 0;
};

// Each client has a Binding request on its way.
class Bindings {
 public:
  Bindings(Endpoint server, std::uint32_t clients)
      : server_{server}, socket_{CrowdSocket::open_or_throw(Receiving::Single)}, asked_(clients) {}

  void run(Clock::duration duration) {
    const Clock::time_point end = Clock::now() + duration;
    Clock::time_point heard = Clock::now();
    ask_all();
    for (Clock::time_point now = heard; now < end; now = Clock::now()) {
      const std::uint64_t before = answered_;
      for (const Message& each : socket_.receive()) on_message(each);
      socket_.flush();
      if (answered_ != before) heard = now;
      if (now - heard < kPatience) continue;
      if (answered_ == 0) throw std::runtime_error{"the server does not answer Binding requests"};
      ask_all();
      heard = now;
    }
  }

  [[nodiscard]] std::uint64_t answered() const { return answered_; }

 private:
  void ask_all() {
    for (std::uint32_t client = 0; client < asked_.size(); ++client) ask(client);
    socket_.flush();
  }

  void ask(std::uint32_t client) {
    ++asked_[client];
    const stun::MessageBuilder request{
        socket_.stage(client_ip(client), server_, stun::kHeaderBytes), stun::MessageClass::Request,
        stun::Method::Binding, id_of(client)};
    if (request.finish().empty()) throw std::logic_error{"a header is longer than a header"};
  }

  void on_message(const Message& message) {
    const std::uint32_t client = message.local_ip - kFirstClientIp;
    const auto response = stun::MessageView::parse(message.bytes);
    if (client >= asked_.size() || !response) return;
    if (response->transaction_id() != id_of(client)) return;
    const auto mapped = response->get<stun::XorMappedAddress>();
    const SocketAddress right{IpAddress::from_v4(message.local_ip), socket_.port()};
    if (!mapped || *mapped != right) throw std::runtime_error{"a Binding answer is wrong"};
    ++answered_;
    ask(client);
  }

  [[nodiscard]] stun::TransactionId id_of(std::uint32_t client) const {
    stun::TransactionId id{};
    ByteWriter out{id};
    out.u32(client);
    out.u64(asked_[client]);
    return id;
  }

  Endpoint server_;
  CrowdSocket socket_;
  std::vector<std::uint64_t> asked_;  // requests, by client
  std::uint64_t answered_ = 0;
};

}  // namespace

Figures measure_cycles(const Subject& subject, const ControlOptions& options) {
  Cycles cycles{subject, options.clients};
  cycles.run(kWarmUp);
  const std::uint64_t before = cycles.completed();
  const Window window{subject.pid};
  cycles.run(options.duration);
  Figures figures;
  window.report(figures, "cycle", static_cast<double>(cycles.completed() - before));
  return figures;
}

Figures measure_memory(const Subject& subject, const ControlOptions& options) {
  if (subject.pid == 0) throw std::runtime_error{"memory needs the server's --pid"};
  const ProcessMeter meter{subject.pid};
  const std::size_t before = meter.resident_bytes();
  const std::size_t files_before = meter.open_files();
  Crowd crowd{
      {.server = subject.server, .credentials = subject.credentials, .flows = options.clients}};
  crowd.allocate();
  ClosedLoop loop{crowd, {}};
  loop.run_until(Clock::now() + options.duration);
  loop.drain();
  const auto grown = static_cast<double>(meter.resident_bytes() - before);
  Figures figures{{"resident_bytes_before", static_cast<double>(before)},
                  {"bytes_per_allocation", grown / options.clients},
                  {"delivered", static_cast<double>(crowd.tally().delivered)}};
  const auto files = static_cast<double>(meter.open_files() - files_before);
  figures["files_per_allocation"] = files / options.clients;
  crowd.release();
  return figures;
}

Figures measure_binding(const Subject& subject, const ControlOptions& options) {
  Bindings bindings{subject.server, options.clients};
  bindings.run(kWarmUp);
  const std::uint64_t before = bindings.answered();
  const Window window{subject.pid};
  bindings.run(options.duration);
  Figures figures;
  window.report(figures, "reply", static_cast<double>(bindings.answered() - before));
  return figures;
}

}  // namespace icebreaker::bench
