// Every attribute that Icebreaker knows; message.get<Lifetime>(), builder.add<Lifetime>(600s).
#pragma once

#include "common/stun/discovery_attributes.hpp"  // IWYU pragma: export
#include "common/stun/ice_attributes.hpp"        // IWYU pragma: export
#include "common/stun/stun_attributes.hpp"       // IWYU pragma: export
#include "common/stun/turn_attributes.hpp"       // IWYU pragma: export
