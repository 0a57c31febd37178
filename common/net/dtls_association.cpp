#include "common/net/dtls_association.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <span>

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/time.h>

#include "common/base/check.hpp"

namespace icebreaker::net {
namespace {

// Handshake messages are cut to fit everywhere (RFC 8200 §5: 1280 bytes with IPv6) with room for
// tunnels; application data goes as one record of its own size, like any datagram.
constexpr long kMtuBytes = 1200;
constexpr long kIpAndUdpBytes = 48;

constexpr std::size_t kClientRandomBytes = 32;

}  // namespace

std::optional<ByteView> client_random_in(ByteView datagram) {
  constexpr std::uint8_t kHandshake = 22;
  constexpr std::uint8_t kDtlsMajor = 0xFE;
  constexpr std::uint8_t kClientHello = 1;
  ByteReader in{datagram};
  const auto type = in.u8();
  const auto major = in.u8();
  in.u8();
  const auto epoch = in.u16();
  in.bytes(8);  // sequence number, length
  const auto message = in.u8();
  in.bytes(5);  // length, message number
  const ByteView fragment_offset = in.bytes(3);
  in.bytes(5);  // fragment length, version
  const ByteView random = in.bytes(kClientRandomBytes);
  if (in.failed() || type != kHandshake || major != kDtlsMajor || epoch != 0) return std::nullopt;
  if (message != kClientHello) return std::nullopt;
  if (!std::ranges::all_of(fragment_offset, [](std::byte b) { return b == std::byte{0}; })) {
    return std::nullopt;
  }
  return random;
}

// What OpenSSL calls; C has no exceptions, and none leaves these.
struct DtlsClients::Association::Callbacks {
  static Association& of(BIO* bio) { return *static_cast<Association*>(BIO_get_data(bio)); }

  static Association& of(SSL* tls) { return *static_cast<Association*>(SSL_get_app_data(tls)); }

  static int read(BIO* bio, char* buffer, int size) {
    BIO_clear_retry_flags(bio);
    Association& self = of(bio);
    if (self.inbound_.empty() || size <= 0) {
      BIO_set_retry_read(bio);
      return -1;
    }
    const std::size_t taken = std::min(self.inbound_.size(), static_cast<std::size_t>(size));
    std::memcpy(buffer, self.inbound_.data(), taken);
    self.inbound_ = {};
    return static_cast<int>(taken);
  }

  static int write(BIO* bio, const char* bytes, int size) {
    BIO_clear_retry_flags(bio);
    if (size <= 0) return 0;
    const Association& self = of(bio);
    self.handler_.send_datagram(self.path,
                                std::as_bytes(std::span{bytes, static_cast<std::size_t>(size)}));
    return size;
  }

  static long control(BIO* /*bio*/, int command, long /*number*/, void* /*pointer*/) {
    switch (command) {
      case BIO_CTRL_FLUSH:
        return 1;
      case BIO_CTRL_DGRAM_QUERY_MTU:
      case BIO_CTRL_DGRAM_GET_FALLBACK_MTU:
        return kMtuBytes;
      case BIO_CTRL_DGRAM_GET_MTU_OVERHEAD:
        return kIpAndUdpBytes;
      default:
        return 0;
    }
  }

  static int make_cookie(SSL* tls, unsigned char* cookie, unsigned* size) {
    const Association& self = of(tls);
    std::array<std::byte, 96> subject{};
    const std::size_t used = self.write_cookie_subject(subject);
    const DtlsCookie made = self.cookies_.make(self.now_, ByteView{subject}.first(used));
    std::memcpy(cookie, made.data(), made.size());
    *size = static_cast<unsigned>(made.size());
    return 1;
  }

  static int check_cookie(SSL* tls, const unsigned char* cookie, unsigned size) {
    const Association& self = of(tls);
    // OpenSSL asks twice: in DTLSv1_listen() and when the handshake goes on from there.
    if (self.has_good_cookie_) return 1;
    std::array<std::byte, 96> subject{};
    const std::size_t used = self.write_cookie_subject(subject);
    const bool good = self.cookies_.is_good(self.now_, ByteView{subject}.first(used),
                                            std::as_bytes(std::span{cookie, size}));
    return good ? 1 : 0;
  }

  static BIO* make_bio(Association& self) {
    struct FreeMethod {
      void operator()(BIO_METHOD* method) const { BIO_meth_free(method); }
    };

    static const std::unique_ptr<BIO_METHOD, FreeMethod> kMethod{[] {
      BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "datagrams");
      BIO_meth_set_read(method, read);
      BIO_meth_set_write(method, write);
      BIO_meth_set_ctrl(method, control);
      return method;
    }()};
    BIO* bio = BIO_new(kMethod.get());
    BIO_set_data(bio, &self);
    BIO_set_init(bio, 1);
    return bio;
  }
};

void DtlsClients::Association::FreeTls::operator()(ssl_st* tls) const {
  SSL_free(tls);
}

DtlsClients::Association::Association(const TlsContext& context, DtlsHandler& handler,
                                      const DtlsCookies& cookies)
    : handler_{handler}, cookies_{cookies}, tls_{SSL_new(context.get())} {
  ICEBREAKER_CHECK(tls_ != nullptr);
  BIO* bio = Callbacks::make_bio(*this);
  SSL_set_bio(tls_.get(), bio, bio);  // owns it
  SSL_set_app_data(tls_.get(), this);
  SSL_set_options(tls_.get(), SSL_OP_COOKIE_EXCHANGE | SSL_OP_NO_QUERY_MTU);
  SSL_set_mtu(tls_.get(), kMtuBytes);
  SSL_set_accept_state(tls_.get());
}

void DtlsClients::prepare(ssl_ctx_st* context) {
  SSL_CTX_set_cookie_generate_cb(context, Association::Callbacks::make_cookie);
  SSL_CTX_set_cookie_verify_cb(context, Association::Callbacks::check_cookie);
}

DtlsClients::Association::~Association() {
  ERR_clear_error();
}

DtlsClients::Association::Heard DtlsClients::Association::listen(const DatagramPath& from,
                                                                 ByteView hello, MonoTime now) {
  const auto random = client_random_in(hello);
  if (!random) return Heard::Nothing;
  path = from;
  inbound_ = hello;
  client_random_ = *random;
  now_ = now;

  struct FreeAddress {
    void operator()(BIO_ADDR* address) const { BIO_ADDR_free(address); }
  };

  const std::unique_ptr<BIO_ADDR, FreeAddress> unused{BIO_ADDR_new()};
  ERR_clear_error();
  const int result = DTLSv1_listen(tls_.get(), unused.get());
  inbound_ = {};
  client_random_ = {};
  has_good_cookie_ = result > 0;
  if (has_good_cookie_) return Heard::GoodCookie;
  return result == 0 ? Heard::Nothing : Heard::Broken;
}

// The client's words are in it, so that a cookie is of no use for another ClientHello.
std::size_t DtlsClients::Association::write_cookie_subject(MutableByteView buffer) const {
  ByteWriter out{buffer};
  out.u32(path.socket.value);
  for (const SocketAddress& each : {path.client, path.local}) {
    out.bytes(each.ip.bytes());
    out.u16(each.port);
  }
  out.bytes(client_random_);
  ICEBREAKER_CHECK(!out.failed());
  return out.size();
}

std::expected<std::size_t, DtlsClients::Association::Trouble>
DtlsClients::Association::read_message(MutableByteView buffer) {
  ERR_clear_error();
  std::size_t size = 0;
  if (SSL_read_ex(tls_.get(), buffer.data(), buffer.size(), &size) == 1) return size;
  switch (SSL_get_error(tls_.get(), 0)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
      return std::unexpected(Trouble::None);
    case SSL_ERROR_ZERO_RETURN:
      return std::unexpected(Trouble::Closed);
    default:
      return std::unexpected(Trouble::Broken);
  }
}

bool DtlsClients::Association::send(ByteView message) {
  ERR_clear_error();
  std::size_t sent = 0;
  return SSL_write_ex(tls_.get(), message.data(), message.size(), &sent) == 1;
}

void DtlsClients::Association::say_goodbye() {
  if (is_established()) SSL_shutdown(tls_.get());
}

bool DtlsClients::Association::is_established() const {
  return SSL_is_init_finished(tls_.get()) == 1;
}

bool DtlsClients::Association::has_client_random(ByteView random) const {
  std::array<unsigned char, kClientRandomBytes> ours{};
  const std::size_t size = SSL_get_client_random(tls_.get(), ours.data(), ours.size());
  return std::ranges::equal(std::as_bytes(std::span{ours}.first(size)), random);
}

std::optional<std::chrono::microseconds> DtlsClients::Association::retransmission() const {
  timeval left{};
  if (DTLSv1_get_timeout(tls_.get(), &left) != 1) return std::nullopt;
  return std::chrono::seconds{left.tv_sec} + std::chrono::microseconds{left.tv_usec};
}

bool DtlsClients::Association::retransmit() {
  ERR_clear_error();
  return DTLSv1_handle_timeout(tls_.get()) >= 0;
}

}  // namespace icebreaker::net
