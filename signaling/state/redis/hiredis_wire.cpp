#include "signaling/state/redis/hiredis_wire.hpp"

#include <algorithm>
#include <array>
#include <memory>
#include <utility>

#include <hiredis/hiredis.h>
#include <hiredis/read.h>

#include "common/net/sockaddr.hpp"

namespace icebreaker::signaling {
namespace {

constexpr unsigned kKeepaliveSeconds = 30;

RedisReply reply_of(const redisReply& raw) {
  switch (raw.type) {
    case REDIS_REPLY_INTEGER:
      return {.value = std::int64_t{raw.integer}};
    case REDIS_REPLY_STRING:
    case REDIS_REPLY_STATUS:
    case REDIS_REPLY_ERROR:
      return {.value = std::string{raw.str, raw.len}};
    case REDIS_REPLY_ARRAY: {
      RedisReply::Array parts;
      parts.reserve(raw.elements);
      for (redisReply* const part : std::span{raw.element, raw.elements}) {
        parts.push_back(reply_of(*part));
      }
      return {.value = std::move(parts)};
    }
    default:
      return {};
  }
}

struct ReaderDeleter {
  void operator()(redisReader* reader) const { redisReaderFree(reader); }
};

struct ReplyDeleter {
  void operator()(redisReply* reply) const { freeReplyObject(reply); }
};

// RESP: an array of bulk strings.
void append_command(std::string& out, std::span<const std::string_view> words) {
  out.append("*").append(std::to_string(words.size())).append("\r\n");
  for (const std::string_view word : words) {
    out.append("$").append(std::to_string(word.size())).append("\r\n").append(word).append("\r\n");
  }
}

}  // namespace

struct HiredisWire::Socket {
  uv_any_handle handle{};
  uv_connect_t connect{};
  uv_write_t write{};
  std::string in_flight;  // what `write` sends; empty: it is free
  std::unique_ptr<redisReader, ReaderDeleter> reader{redisReaderCreate()};
  std::array<char, std::size_t{64} * 1024> buffer{};
  HiredisWire* owner = nullptr;

  static Socket& of(void* data) { return *static_cast<Socket*>(data); }

  static void on_connected(uv_connect_t* request, int status) noexcept {
    if (HiredisWire* const owner = of(request->data).owner) owner->on_connected(status);
  }

  static void on_room(uv_handle_t* handle, std::size_t /*suggested*/, uv_buf_t* out) noexcept {
    Socket& self = of(handle->data);
    *out = uv_buf_init(self.buffer.data(), static_cast<unsigned>(self.buffer.size()));
  }

  static void on_read(uv_stream_t* stream, ssize_t count, const uv_buf_t* buffer) noexcept {
    HiredisWire* const owner = of(stream->data).owner;
    if (owner == nullptr || count == 0) return;
    if (count > 0) return owner->on_read({buffer->base, static_cast<std::size_t>(count)});
    owner->end(count == UV_EOF ? "" : uv_strerror(static_cast<int>(count)));
  }

  // A failure is left to the reading side, which may have Redis's last words.
  static void on_written(uv_write_t* request, int /*status*/) noexcept {
    Socket& self = of(request->data);
    self.in_flight.clear();
    if (self.owner != nullptr) self.owner->flush();
  }

  static void on_closed(uv_handle_t* handle) noexcept {
    const std::unique_ptr<Socket> self{static_cast<Socket*>(handle->data)};
  }
};

HiredisWire::HiredisWire(uv_loop_t* loop, Events events)
    : loop_{loop}, events_{std::move(events)}, resolver_{loop} {
  soon_.start(loop, [this] { flush(); });
}

HiredisWire::~HiredisWire() {
  close();
}

void HiredisWire::open(const RedisUrl& url) {
  close();
  ++opens_;
  if (url.host.empty()) return connect_unix(url.socket_path);
  resolver_.resolve(url.host, url.port, [this](net::Resolver::Found found) {
    if (!found) return end("looking up its name: " + found.error());
    on_looked_up(*std::move(found));
  });
}

void HiredisWire::on_looked_up(std::vector<SocketAddress> found) {
  addresses_ = std::move(found);
  if (addresses_.empty()) return end("its name has no address");
  // One address that swallows packets must not hide the others for ever.
  std::ranges::rotate(addresses_, addresses_.begin() + static_cast<std::ptrdiff_t>(
                                                           (opens_ - 1) % addresses_.size()));
  std::ranges::reverse(addresses_);
  connect_next();
}

void HiredisWire::connect_next() {
  const net::SockAddr address{addresses_.back()};
  addresses_.pop_back();
  socket_ = std::make_unique<Socket>().release();
  socket_->owner = this;
  uv_tcp_init(loop_, &socket_->handle.tcp);
  socket_->handle.handle.data = socket_;
  socket_->connect.data = socket_;
  const int status =
      uv_tcp_connect(&socket_->connect, &socket_->handle.tcp, address.get(), Socket::on_connected);
  if (status != 0) on_connected(status);
}

void HiredisWire::connect_unix(const std::string& path) {
  socket_ = std::make_unique<Socket>().release();
  socket_->owner = this;
  uv_pipe_init(loop_, &socket_->handle.pipe, 0);
  socket_->handle.handle.data = socket_;
  socket_->connect.data = socket_;
  uv_pipe_connect(&socket_->connect, &socket_->handle.pipe, path.c_str(), Socket::on_connected);
}

void HiredisWire::on_connected(int status) {
  if (status != 0) {
    if (addresses_.empty()) return end(uv_strerror(status));
    close_socket();
    return connect_next();
  }
  if (socket_->handle.handle.type == UV_TCP) {
    uv_tcp_nodelay(&socket_->handle.tcp, 1);
    uv_tcp_keepalive(&socket_->handle.tcp, 1, kKeepaliveSeconds);
  }
  uv_read_start(&socket_->handle.stream, Socket::on_room, Socket::on_read);
  opened_ = true;
  events_.on_opened();
}

void HiredisWire::send(std::span<const std::string_view> words) {
  append_command(unsent_, words);
  soon_.set();  // with what else this turn of the loop sends
}

void HiredisWire::flush() {
  if (!opened_ || unsent_.empty() || !socket_->in_flight.empty()) return;
  std::swap(socket_->in_flight, unsent_);
  socket_->write.data = socket_;
  const uv_buf_t buffer =
      uv_buf_init(socket_->in_flight.data(), static_cast<unsigned>(socket_->in_flight.size()));
  uv_write(&socket_->write, &socket_->handle.stream, &buffer, 1, Socket::on_written);
}

void HiredisWire::on_read(std::string_view bytes) {
  Socket* const socket = socket_;
  redisReader* const reader = socket->reader.get();
  redisReaderFeed(reader, bytes.data(), bytes.size());
  while (socket_ == socket) {  // an event may close it
    void* parsed = nullptr;
    if (redisReaderGetReply(reader, &parsed) != REDIS_OK) {
      return end(std::string{"it does not speak Redis's protocol: "} + reader->errstr);
    }
    if (parsed == nullptr) return;
    const std::unique_ptr<redisReply, ReplyDeleter> raw{static_cast<redisReply*>(parsed)};
    if (raw->type == REDIS_REPLY_ERROR) {
      events_.on_reply(std::unexpected(std::string{raw->str, raw->len}));
    } else {
      events_.on_reply(reply_of(*raw));
    }
  }
}

void HiredisWire::end(const std::string& why) {
  const auto kind = opened_ ? RedisWireHandler::End::Ended : RedisWireHandler::End::NotOpened;
  close();
  events_.on_ended(kind, why);
}

void HiredisWire::close() {
  resolver_.cancel();
  close_socket();
  addresses_.clear();
  unsent_.clear();
  opened_ = false;
  soon_.stop();
}

void HiredisWire::close_socket() {
  if (socket_ == nullptr) return;
  socket_->owner = nullptr;
  uv_close(&socket_->handle.handle, Socket::on_closed);
  socket_ = nullptr;
}

}  // namespace icebreaker::signaling
