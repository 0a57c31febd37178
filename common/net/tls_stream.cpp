#include "common/net/tls_stream.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

namespace icebreaker::net {
namespace {

// RFC 8446 §5.1. With room for a whole record OpenSSL never keeps the rest of one, which no event
// would tell about.
constexpr std::size_t kMaxRecordBytes = 16'384;

// What OpenSSL reads from and writes to.
struct Wire {
  std::unique_ptr<ByteStream> inner;
  std::vector<std::byte> already_read;
  std::size_t taken = 0;  // of already_read
  bool at_end = false;

  std::expected<std::size_t, StreamError> read(MutableByteView buffer) {
    if (taken == already_read.size()) return inner->read(buffer);
    const std::size_t size = std::min(buffer.size(), already_read.size() - taken);
    std::memcpy(buffer.data(), already_read.data() + taken, size);
    taken += size;
    if (taken == already_read.size()) {
      already_read = {};
      taken = 0;
    }
    return size;
  }
};

int wire_read(BIO* bio, char* buffer, int size) {
  BIO_clear_retry_flags(bio);
  if (buffer == nullptr || size <= 0) return 0;
  auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  const auto got =
      wire.read(std::as_writable_bytes(std::span{buffer, static_cast<std::size_t>(size)}));
  if (got) return static_cast<int>(*got);
  if (got.error() == StreamError::WouldBlock) BIO_set_retry_read(bio);
  wire.at_end = got.error() == StreamError::EndOfStream;
  return wire.at_end ? 0 : -1;
}

int wire_write(BIO* bio, const char* bytes, int size) {
  BIO_clear_retry_flags(bio);
  if (size <= 0) return 0;
  auto& wire = *static_cast<Wire*>(BIO_get_data(bio));
  const auto taken =
      wire.inner->write(std::as_bytes(std::span{bytes, static_cast<std::size_t>(size)}));
  if (taken) return static_cast<int>(*taken);
  if (taken.error() == StreamError::WouldBlock) BIO_set_retry_write(bio);
  return -1;
}

long wire_control(BIO* bio, int command, long /*number*/, void* /*pointer*/) {
  if (command == BIO_CTRL_FLUSH) return 1;
  if (command == BIO_CTRL_EOF) return static_cast<Wire*>(BIO_get_data(bio))->at_end ? 1 : 0;
  return 0;
}

BIO_METHOD* make_wire_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "stream");
  BIO_meth_set_read(method, wire_read);
  BIO_meth_set_write(method, wire_write);
  BIO_meth_set_ctrl(method, wire_control);
  return method;
}

BIO* make_wire_bio(Wire& wire) {
  struct FreeMethod {
    void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
  };

  static const std::unique_ptr<BIO_METHOD, FreeMethod> kMethod{make_wire_method()};
  BIO* bio = BIO_new(kMethod.get());
  BIO_set_data(bio, &wire);
  BIO_set_init(bio, 1);
  return bio;
}

class TlsStream final : public ByteStream {
 public:
  TlsStream(const TlsContext& context, std::unique_ptr<ByteStream> inner, ByteView already_read)
      : wire_{std::move(inner), {already_read.begin(), already_read.end()}},
        tls_{SSL_new(context.get())} {
    BIO* bio = make_wire_bio(wire_);
    SSL_set_bio(tls_.get(), bio, bio);  // owns it
    SSL_set_accept_state(tls_.get());
  }

  TlsStream(const TlsStream&) = delete;
  TlsStream& operator=(const TlsStream&) = delete;
  TlsStream(TlsStream&&) = delete;
  TlsStream& operator=(TlsStream&&) = delete;

  ~TlsStream() override {
    // close_notify, when the network takes it at once; nobody waits for the answer.
    if (!failed_ && is_established()) SSL_shutdown(tls_.get());
    ERR_clear_error();
  }

  std::expected<std::size_t, StreamError> read(MutableByteView buffer) override {
    std::size_t total = 0;
    reads_need_room_ = false;
    while (buffer.size() - total >= kMaxRecordBytes) {
      ERR_clear_error();
      std::size_t size = 0;
      if (SSL_read_ex(tls_.get(), buffer.data() + total, buffer.size() - total, &size) == 1) {
        total += size;
        continue;
      }
      const StreamError error = error_of(SSL_get_error(tls_.get(), 0));
      // What came before it counts first; the next read finds it again.
      if (total == 0) return std::unexpected(error);
      break;
    }
    return total;
  }

  std::expected<std::size_t, StreamError> write(ByteView bytes) override {
    ERR_clear_error();
    std::size_t taken = 0;
    if (SSL_write_ex(tls_.get(), bytes.data(), bytes.size(), &taken) == 1) return taken;
    const bool needed_room = reads_need_room_;
    const StreamError error = error_of(SSL_get_error(tls_.get(), 0));
    reads_need_room_ = needed_room;
    return std::unexpected(error);
  }

  [[nodiscard]] int fd() const override { return wire_.inner->fd(); }

  [[nodiscard]] bool is_established() const override {
    return SSL_is_init_finished(tls_.get()) == 1;
  }

  [[nodiscard]] bool reads_need_room() const override { return reads_need_room_; }

  // There are clients that take each record for one message, coturn's turnutils_uclient for one.
  [[nodiscard]] bool keeps_messages_apart() const override { return true; }

  [[nodiscard]] std::string_view trouble() const override { return trouble_; }

 private:
  struct FreeTls {
    void operator()(SSL* tls) const { SSL_free(tls); }
  };

  StreamError error_of(int code) {
    switch (code) {
      case SSL_ERROR_WANT_WRITE:
        reads_need_room_ = true;
        return StreamError::WouldBlock;
      case SSL_ERROR_WANT_READ:
        return StreamError::WouldBlock;
      case SSL_ERROR_ZERO_RETURN:
        return StreamError::EndOfStream;
      default:
        break;
    }
    failed_ = true;
    if (wire_.at_end) return StreamError::EndOfStream;
    const char* reason = ERR_reason_error_string(ERR_peek_last_error());
    if (reason != nullptr) trouble_ = reason;
    return StreamError::Failed;
  }

  Wire wire_;
  std::unique_ptr<SSL, FreeTls> tls_;
  bool failed_ = false;
  bool reads_need_room_ = false;
  std::string trouble_;
};

}  // namespace

std::unique_ptr<ByteStream> OpenSslAcceptor::accept(std::unique_ptr<ByteStream> inner,
                                                    ByteView already_read) {
  return std::make_unique<TlsStream>(context_, std::move(inner), already_read);
}

}  // namespace icebreaker::net
