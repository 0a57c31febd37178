// Joins a room over a real server and says numbers to the other one there; prints what happens, a
// line each: "open ws", "peer ID", "heard 7", "anew same". SIGTERM ends the session.
// usage: signaling-chat URL any|ws|sse|http|poll ROOM COUNT [CA_FILE]
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>

#include <uv.h>

#include "common/client_net/client_runner.hpp"
#include "common/crypto/system_random.hpp"
#include "common/net/uv_handles.hpp"
#include "common/signaling/names.hpp"

namespace icebreaker {
namespace {

using namespace signaling_client;
using namespace std::chrono_literals;
namespace server = signaling::server;

constexpr auto kPause = 5ms;
// Numbers ahead of the other one's: what waits for somebody who is slow to come back fits a
// mailbox.
constexpr int kAhead = 50;

void print(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

TransportChoice choice_of(const std::string& word) {
  if (word == "ws") return TransportChoice::kWebSocketOnly;
  if (word == "sse") return TransportChoice::kEventStreamOnly;
  if (word == "http") return {.web_socket = false};
  return word == "poll" ? TransportChoice::kLongPollOnly : TransportChoice::kAny;
}

std::string name_of(TransportKind kind) {
  if (kind == TransportKind::WebSocket) return "ws";
  return kind == TransportKind::EventStream ? "sse" : "poll";
}

class Chat {
 public:
  Chat(uv_loop_t* loop, int count) : loop_{loop}, count_{count} {}

  bool open(client_net::RunnerOptions options, std::string room) {
    auto runner = client_net::ClientRunner::make(loop_, std::move(options), random_,
                                                 [this](const Notice& notice) { on(notice); });
    if (!runner) return print(runner.error()), false;
    runner_ = *std::move(runner);
    uv_signal_init(loop_, &terminated_);
    terminated_.data = this;
    uv_signal_start(
        &terminated_, [](uv_signal_t* handle, int) { static_cast<Chat*>(handle->data)->end(); },
        SIGTERM);
    timer_.start(loop_, [this] { say(); });
    timer_.set(kPause);
    print("started");
    runner_->start();
    runner_->send(signaling::client::Join{std::move(room), "", {}});
    return true;
  }

  void close() { runner_.reset(); }

 private:
  void on(const Notice& notice) {
    if (const auto* state = std::get_if<notice::StateChanged>(&notice)) {
      if (state->transport) {
        print("open " + name_of(*state->transport));
        print("peer " + runner_->client().peer().value);
      }
    } else if (const auto* anew = std::get_if<notice::Anew>(&notice)) {
      print(anew->peer == notice::Anew::Peer::Same ? "anew same" : "anew another");
      allowed_ = said_ + kAhead;  // what was under way is lost, and nobody will answer it
    } else if (const auto* stopped = std::get_if<notice::Stopped>(&notice)) {
      print("refused " + std::string{signaling::name_of(stopped->why.code)});
    } else if (const auto* received = std::get_if<notice::Received>(&notice)) {
      on_message(received->message);
    }
  }

  void on_message(const signaling::ServerMessage& message) {
    if (const auto* signal = std::get_if<server::Signal>(&message)) {
      const auto colon = signal->data.rfind(':');
      const std::string number = signal->data.substr(colon + 1, signal->data.size() - colon - 2);
      print("heard " + number);
      allowed_ = std::max(allowed_, std::atoi(number.c_str()) + kAhead);
    } else if (const auto* error = std::get_if<server::Error>(&message)) {
      print("error " + std::string{signaling::name_of(error->code)});
    }
  }

  void say() {
    timer_.set(kPause);
    const auto& peers = runner_->client().room().peers();
    if (peers.empty() || said_ == std::min(count_, allowed_)) return;
    const std::string data = R"({"kind":"test","number":)" + std::to_string(++said_) + "}";
    runner_->send(signaling::client::Signal{peers.begin()->first, data, {}, {}});
  }

  void end() {
    timer_.reset();
    runner_->stop([this] {
      print("ended");
      void* const handle = &terminated_;
      uv_close(static_cast<uv_handle_t*>(handle), nullptr);
      uv_stop(loop_);
    });
  }

  uv_loop_t* loop_;
  crypto::SystemRandom random_;
  std::unique_ptr<client_net::ClientRunner> runner_;
  uv_signal_t terminated_{};
  net::UvTimer timer_;
  int count_;
  int said_ = 0;
  int allowed_ = kAhead;
};

int run(int argc, char** argv) {
  constexpr int kNeeded = 5;
  if (argc < kNeeded)
    return print("usage: signaling-chat URL any|ws|sse|http|poll ROOM COUNT [CA_FILE]"), 2;
  auto url = client_net::parse_server_url(argv[1]);
  if (!url) return print(url.error()), 2;
  client_net::RunnerOptions options{.server = *std::move(url)};
  options.client.transports = choice_of(argv[2]);
  if (argc > kNeeded) options.ca_file = argv[kNeeded];

  uv_loop_t loop{};
  uv_loop_init(&loop);
  Chat chat{&loop, std::atoi(argv[4])};
  if (!chat.open(std::move(options), argv[3])) return 1;
  uv_run(&loop, UV_RUN_DEFAULT);
  chat.close();
  uv_run(&loop, UV_RUN_DEFAULT);  // handles that are closing
  return uv_loop_close(&loop) == 0 ? 0 : 1;
}

}  // namespace
}  // namespace icebreaker

int main(int argc, char** argv) {
  return icebreaker::run(argc, argv);
}
