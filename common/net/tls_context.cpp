#include "common/net/tls_context.hpp"

#include <array>
#include <cerrno>
#include <ctime>
#include <memory>
#include <string_view>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "common/base/bytes.hpp"
#include "common/net/dtls_clients.hpp"
#include "common/net/unique_fd.hpp"

namespace icebreaker::net {
namespace {

using File = TlsProblem::File;
using namespace std::string_view_literals;

// RFC 7443 §3. Both run the same protocol here.
constexpr std::array kProtocols{"stun.turn"sv, "stun.nat-discovery"sv};

// Forward secrecy and authenticated encryption only; TLS 1.3 has nothing else.
constexpr const char* kTls12Ciphers = "ECDHE+AESGCM:ECDHE+CHACHA20";

// The first of the client's that we speak. RFC 7301 §3.2: when there is none, "the server SHALL
// respond with a fatal no_application_protocol alert". Clients without ALPN do not get here.
int select_protocol(SSL* /*tls*/, const unsigned char** chosen, unsigned char* chosen_bytes,
                    const unsigned char* offered, unsigned offered_bytes, void* /*unused*/) {
  ByteReader list{std::as_bytes(std::span{offered, offered_bytes})};
  while (!list.failed() && !list.rest().empty()) {
    const ByteView name = list.bytes(list.u8());
    for (const std::string_view ours : kProtocols) {
      if (text_of(name) != ours) continue;
      // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): OpenSSL's type for bytes.
      *chosen = reinterpret_cast<const unsigned char*>(ours.data());
      *chosen_bytes = static_cast<unsigned char>(ours.size());
      return SSL_TLSEXT_ERR_OK;
    }
  }
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Never asks the terminal, which a server has none of.
int refuse_passphrase(char* /*buffer*/, int /*size*/, int /*for_writing*/, void* was_asked) {
  *static_cast<bool*>(was_asked) = true;
  return -1;
}

std::string last_reason() {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  return reason == nullptr ? "unknown error" : reason;
}

std::expected<void, TlsProblem> check_readable(const std::string& path, File file) {
  const UniqueFd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (fd) return {};
  const std::error_code error{errno, std::system_category()};
  return std::unexpected(TlsProblem{file, "cannot read " + path + ": " + error.message()});
}

std::expected<void, TlsProblem> use_certificate(SSL_CTX* context, const TlsFiles& files) {
  if (auto fine = check_readable(files.certificate, File::Certificate); !fine) return fine;
  if (SSL_CTX_use_certificate_chain_file(context, files.certificate.c_str()) == 1) return {};
  return std::unexpected(TlsProblem{
      File::Certificate, files.certificate + " has no usable PEM certificate: " + last_reason()});
}

std::expected<void, TlsProblem> use_key(SSL_CTX* context, const TlsFiles& files) {
  if (auto fine = check_readable(files.key, File::Key); !fine) return fine;
  const auto problem = [&](const std::string& words) {
    return std::unexpected(TlsProblem{File::Key, files.key + words});
  };
  bool is_encrypted = false;
  SSL_CTX_set_default_passwd_cb(context, refuse_passphrase);
  SSL_CTX_set_default_passwd_cb_userdata(context, &is_encrypted);
  const bool used = SSL_CTX_use_PrivateKey_file(context, files.key.c_str(), SSL_FILETYPE_PEM) == 1;
  const int reason = ERR_GET_REASON(ERR_peek_last_error());
  SSL_CTX_set_default_passwd_cb_userdata(context, nullptr);
  if (is_encrypted) return problem(" is encrypted; a key without passphrase is needed");
  const bool mismatch =
      !used && (reason == X509_R_KEY_VALUES_MISMATCH || reason == X509_R_KEY_TYPE_MISMATCH);
  if (mismatch || (used && SSL_CTX_check_private_key(context) != 1)) {
    return problem(" does not belong to the certificate in " + files.certificate);
  }
  if (!used) return problem(" has no usable PEM private key: " + last_reason());
  return {};
}

std::expected<TlsContext, TlsProblem> make_context(const SSL_METHOD* method, int oldest_version,
                                                   const TlsFiles& files) {
  ERR_clear_error();
  TlsContext context{SSL_CTX_new(method)};
  SSL_CTX* raw = context.get();
  if (raw == nullptr) {
    return std::unexpected(
        TlsProblem{File::Certificate, "OpenSSL does not work: " + last_reason()});
  }
  SSL_CTX_set_min_proto_version(raw, oldest_version);
  SSL_CTX_set_cipher_list(raw, kTls12Ciphers);
  // A relayed call is one handshake: nothing is kept for resumption, neither here nor by clients.
  SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(raw, 0);
  SSL_CTX_set_options(raw, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION |
                               SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  // Buffers of 16 KiB and more go back while a connection is quiet. The rest of a message may have
  // moved in memory by the next write.
  SSL_CTX_set_mode(raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                            SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_alpn_select_cb(raw, select_protocol, nullptr);
  if (auto fine = use_certificate(raw, files); !fine) return std::unexpected(fine.error());
  if (auto fine = use_key(raw, files); !fine) return std::unexpected(fine.error());
  return context;
}

WallTime time_of(const ASN1_TIME* time) {
  std::tm broken_down{};
  if (ASN1_TIME_to_tm(time, &broken_down) != 1) return {};
  return WallTime::clock::from_time_t(::timegm(&broken_down));
}

std::string subject_of(const X509* certificate) {
  std::array<char, 256> text{};
  X509_NAME_oneline(X509_get_subject_name(certificate), text.data(), static_cast<int>(text.size()));
  return text.data();
}

}  // namespace

TlsContext::TlsContext(const TlsContext& other) : context_{other.context_} {
  if (context_ != nullptr) SSL_CTX_up_ref(context_);
}

TlsContext::TlsContext(TlsContext&& other) noexcept
    : context_{std::exchange(other.context_, nullptr)} {}

TlsContext& TlsContext::operator=(const TlsContext& other) {
  return *this = TlsContext{other};
}

TlsContext& TlsContext::operator=(TlsContext&& other) noexcept {
  std::swap(context_, other.context_);
  return *this;
}

TlsContext::~TlsContext() {
  SSL_CTX_free(context_);
}

std::expected<TlsIdentity, TlsProblem> TlsIdentity::load(const TlsFiles& files) {
  auto streams = make_context(TLS_server_method(), TLS1_2_VERSION, files);
  if (!streams) return std::unexpected(streams.error());
  auto datagrams = make_context(DTLS_server_method(), DTLS1_2_VERSION, files);
  if (!datagrams) return std::unexpected(datagrams.error());
  DtlsClients::prepare(datagrams->get());
  const X509* certificate = SSL_CTX_get0_certificate(streams->get());
  std::string subject = subject_of(certificate);
  const WallTime not_after = time_of(X509_get0_notAfter(certificate));
  return TlsIdentity{std::move(*streams), std::move(*datagrams), std::move(subject), not_after};
}

}  // namespace icebreaker::net
