// Text out through libwebsockets, which wants room before what it sends.
#pragma once

#include <string>
#include <string_view>

#include <libwebsockets.h>

namespace icebreaker::net {

// The library's result: negative for a broken connection. `scratch` is the caller's, so that its
// memory serves again.
inline int write_lws(lws* wsi, std::string& scratch, std::string_view text,
                     lws_write_protocol kind) {
  scratch.assign(LWS_PRE, '\0');
  scratch.append(text);
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-reinterpret-cast): the library's bytes are unsigned.
  auto* const start = reinterpret_cast<unsigned char*>(scratch.data()) + LWS_PRE;
  return lws_write(wsi, start, text.size(), kind);
}

}  // namespace icebreaker::net
