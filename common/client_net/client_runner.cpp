#include "common/client_net/client_runner.hpp"

#include <algorithm>
#include <chrono>
#include <deque>
#include <utility>

#include "common/client_net/lws_links.hpp"
#include "common/net/read_clocks.hpp"
#include "common/net/uv_handles.hpp"

namespace icebreaker::client_net {

using namespace signaling_client;

namespace {

constexpr std::chrono::seconds kStopTimeout{2};

}  // namespace

// Events of the links and notices of the client wait in queues, and one timer works them off from
// the loop: neither the library nor the core is ever called from inside one of its callbacks.
class ClientRunner::Impl final : private ClientSink {
 public:
  Impl(uv_loop_t* loop, ClientOptions options, RandomSource& random, OnNotice on_notice)
      : on_notice_{std::move(on_notice)}, client_{std::move(options), random, *this} {
    timer_.start(loop, [this] { turn(); });
    stop_timer_.start(loop, [this] { finish_stop(); });
  }

  [[nodiscard]] std::expected<void, std::string> open_links(uv_loop_t* loop, LinkOptions options) {
    auto links = LwsLinks::make(loop, std::move(options), [this](Event event) {
      events_.push_back(std::move(event));
      timer_.set(std::chrono::milliseconds{0});
    });
    if (!links) return std::unexpected(links.error());
    links_ = *std::move(links);
    return {};
  }

  void start() {
    run([this](Now now) { client_.start(now); });
  }

  SendResult send(const signaling::ClientMessage& message) {
    SendResult result{};
    run([&](Now now) { result = client_.send(now, message); });
    return result;
  }

  void wake() {
    run([this](Now now) { client_.wake(now); });
  }

  void use_transports(const TransportChoice& choice) {
    run([&](Now now) { client_.use_transports(now, choice); });
  }

  void stop(std::function<void()> done) {
    on_stopped_ = std::move(done);
    stop_timer_.set(kStopTimeout);
    run([this](Now now) { client_.stop(now); });
  }

  [[nodiscard]] const SignalingClient& client() const { return client_; }

 private:
  void emit(Effect effect) override { effects_.push_back(std::move(effect)); }

  void notify(Notice notice) override { notices_.push_back(std::move(notice)); }

  template <class Act>
  void run(Act act) {
    act(net::read_clocks());
    // From inside a callback of ours the turn under way goes on with it.
    if (!in_turn_) timer_.set(std::chrono::milliseconds{0});
  }

  void turn() {
    in_turn_ = true;
    while (!events_.empty()) {
      const Event event = std::move(events_.front());
      events_.pop_front();
      client_.on_event(net::read_clocks(), event);
      apply_effects();
    }
    client_.on_deadline(net::read_clocks());
    apply_effects();
    while (!notices_.empty()) {
      const Notice notice = std::move(notices_.front());
      notices_.pop_front();
      on_notice_(notice);
      apply_effects();
    }
    in_turn_ = false;
    set_timer();
    if (client_.state() == ClientState::Stopped && links_->open_count() == 0) finish_stop();
  }

  void apply_effects() {
    while (!effects_.empty()) {
      const Effect effect = std::move(effects_.front());
      effects_.pop_front();
      links_->apply(effect);
    }
  }

  void set_timer() {
    std::optional<MonoTime> next = client_.next_deadline();
    const MonoTime now = net::read_clocks().mono;
    if (!events_.empty()) next = now;
    if (!next && !on_stopped_) return timer_.stop();
    constexpr std::chrono::milliseconds kLookAgain{10};
    const auto wait = next ? std::chrono::ceil<std::chrono::milliseconds>(*next - now) : kLookAgain;
    timer_.set(std::max(wait, std::chrono::milliseconds{0}));
  }

  void finish_stop() {
    stop_timer_.stop();
    if (const auto done = std::exchange(on_stopped_, nullptr)) done();
  }

  OnNotice on_notice_;
  std::deque<Effect> effects_;
  std::deque<Event> events_;
  std::deque<Notice> notices_;
  SignalingClient client_;
  std::unique_ptr<LwsLinks> links_;
  net::UvTimer timer_;
  net::UvTimer stop_timer_;
  std::function<void()> on_stopped_;
  bool in_turn_ = false;
};

ClientRunner::ClientRunner(std::unique_ptr<Impl> impl) : impl_{std::move(impl)} {}

ClientRunner::~ClientRunner() = default;

std::expected<std::unique_ptr<ClientRunner>, std::string> ClientRunner::make(uv_loop_t* loop,
                                                                             RunnerOptions options,
                                                                             RandomSource& random,
                                                                             OnNotice on_notice) {
  auto impl = std::make_unique<Impl>(loop, std::move(options.client), random, std::move(on_notice));
  LinkOptions links{std::move(options.server), std::move(options.ca_file)};
  if (auto opened = impl->open_links(loop, std::move(links)); !opened) {
    return std::unexpected(opened.error());
  }
  return std::unique_ptr<ClientRunner>{new ClientRunner{std::move(impl)}};
}

void ClientRunner::start() {
  impl_->start();
}

SendResult ClientRunner::send(const signaling::ClientMessage& message) {
  return impl_->send(message);
}

void ClientRunner::wake() {
  impl_->wake();
}

void ClientRunner::use_transports(const TransportChoice& choice) {
  impl_->use_transports(choice);
}

void ClientRunner::stop(std::function<void()> done) {
  impl_->stop(std::move(done));
}

const SignalingClient& ClientRunner::client() const {
  return impl_->client();
}

}  // namespace icebreaker::client_net
