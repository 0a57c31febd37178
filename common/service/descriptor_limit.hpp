// How many files and sockets this process may have open.
#pragma once

#include <cstddef>

namespace icebreaker::service {

// Raises the soft limit to the hard one, or to what any of the servers can use. run_server calls
// it.
void raise_descriptor_limit();

// As it is now.
std::size_t descriptor_limit();

}  // namespace icebreaker::service
