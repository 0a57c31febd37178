// A server's certificate with its key, ready for TLS over streams and DTLS over datagrams.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "common/base/time.hpp"

struct ssl_ctx_st;

namespace icebreaker::net {

// OpenSSL's settings for one kind of transport. Copies share them; what was made from one goes on
// with it, whatever comes later.
class TlsContext {
 public:
  explicit TlsContext(ssl_ctx_st* owned) : context_{owned} {}

  TlsContext(const TlsContext& other);
  TlsContext(TlsContext&& other) noexcept;
  TlsContext& operator=(const TlsContext& other);
  TlsContext& operator=(TlsContext&& other) noexcept;
  ~TlsContext();

  [[nodiscard]] ssl_ctx_st* get() const { return context_; }

 private:
  ssl_ctx_st* context_;
};

struct TlsFiles {
  std::string certificate;  // PEM, with the intermediate certificates behind it
  std::string key;          // PEM, not encrypted
};

struct TlsProblem {
  enum class File : std::uint8_t { Certificate, Key } file;
  std::string words;  // "cannot read /etc/…: No such file or directory"
};

struct TlsIdentity {
  TlsContext streams;    // TLS 1.2 and 1.3
  TlsContext datagrams;  // DTLS 1.2
  std::string subject;
  WallTime not_after;

  static std::expected<TlsIdentity, TlsProblem> load(const TlsFiles& files);
};

}  // namespace icebreaker::net
