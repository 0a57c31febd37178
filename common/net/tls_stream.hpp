// TLS over the bytes of another stream, for StreamServer.
#pragma once

#include <memory>

#include "common/net/byte_stream.hpp"
#include "common/net/tls_context.hpp"

namespace icebreaker::net {

class OpenSslAcceptor final : public TlsAcceptor {
 public:
  explicit OpenSslAcceptor(TlsContext context) : context_{std::move(context)} {}

  std::unique_ptr<ByteStream> accept(std::unique_ptr<ByteStream> inner,
                                     ByteView already_read) override;

 private:
  TlsContext context_;
};

}  // namespace icebreaker::net
