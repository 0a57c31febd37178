#include "tests/support/client_scene.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "common/signaling/names.hpp"

namespace icebreaker::testing {

using namespace signaling_client;
namespace client_messages = signaling::client;
namespace server_messages = signaling::server;

namespace {

int number_in(const std::string& data) {
  const auto at = data.find("\"number\":");
  return at == std::string::npos ? -1 : std::stoi(data.substr(at + 9));
}

std::string data_of(int number) {
  return R"({"kind":"test","number":)" + std::to_string(number) + "}";
}

}  // namespace

std::string name_of(const TransportChoice& choice) {
  if (choice.best() == TransportKind::WebSocket) return "WebSocket";
  return choice.best() == TransportKind::EventStream ? "EventStream" : "LongPoll";
}

void FixedRandom::fill(MutableByteView buffer) {
  const auto bytes = std::bit_cast<std::array<std::byte, sizeof value_>>(value_);
  for (std::size_t i = 0; i < buffer.size(); ++i) buffer[i] = bytes.at(i % bytes.size());
}

ClientScene::ClientScene(TransportChoice choice, ClientOptions options)
    : client{[&] {
               options.transports = choice;
               return std::move(options);
             }(),
             random, server} {}

void ClientScene::start() {
  client.start(now_);
  settle();
}

void ClientScene::advance(std::chrono::milliseconds by) {
  const MonoTime end = now_.mono + by;
  settle();
  while (true) {
    MonoTime next = end;
    if (const auto at = client.next_deadline()) next = std::min(next, *at);
    if (const auto at = server.next_deadline()) next = std::min(next, *at);
    const bool last = next >= end;
    now_.mono = std::max(now_.mono, next);
    server.on_deadline(now_);
    client.on_deadline(now_);
    settle();
    if (last) return;
  }
}

void ClientScene::say(std::string to, int number) {
  client.send(now_, client_messages::Signal{{std::move(to)}, data_of(number), {}, {}});
}

void ClientScene::deliver(int number) {
  server.deliver(server_messages::Signal{{"p9"}, data_of(number), {}});
}

std::vector<int> ClientScene::said() const {
  std::vector<int> numbers;
  for (const auto& each : server.taken) {
    const auto* signal = std::get_if<client_messages::Signal>(&each.message);
    if (signal != nullptr) numbers.push_back(number_in(signal->data));
  }
  return numbers;
}

std::vector<int> ClientScene::heard() const {
  std::vector<int> numbers;
  for (const auto& each : server.received()) {
    const auto* signal = std::get_if<server_messages::Signal>(&each);
    if (signal != nullptr) numbers.push_back(number_in(signal->data));
  }
  return numbers;
}

std::vector<std::string> ClientScene::types_taken() const {
  std::vector<std::string> types;
  for (const auto& each : server.taken) {
    types.emplace_back(signaling::kClientTypes.at(each.message.index()));
  }
  return types;
}

}  // namespace icebreaker::testing
