// Forwards the packets of bound channels below user space, where a kernel can. The worker tells it
// what is bound; every packet that it does not take arrives at the worker as usual.
#pragma once

#include "common/base/address.hpp"
#include "turn/core/effects.hpp"

namespace icebreaker::turn {

class FastPath {
 public:
  virtual ~FastPath() = default;

  // `relay` is the local address of the allocation's relay socket. Binding again refreshes.
  virtual void bind(const effect::BindChannel& channel, const SocketAddress& relay) = 0;
  // Also of channels that are not bound.
  virtual void unbind(const effect::UnbindChannel& channel) = 0;
  // The relay of that family is gone, and all its channels with it.
  virtual void close(RelayId relay, Family family) = 0;
};

// Takes nothing.
class NoFastPath final : public FastPath {
 public:
  void bind(const effect::BindChannel& /*channel*/, const SocketAddress& /*relay*/) override {}

  void unbind(const effect::UnbindChannel& /*channel*/) override {}

  void close(RelayId /*relay*/, Family /*family*/) override {}
};

}  // namespace icebreaker::turn
