-- Rooms: capacity, roles, who is told what; and the end of a session, which concerns all the others.
--
-- Hash ib:{pNN}r:<room>: c capacity, o order of the last joiner, m<peer> role letter, order, number of the message that told of a match
-- (0 = was not matched) and display name, t<peer> the ticket to queue again while the match is not settled.
parts[#parts + 1] = function(F)
  local ROLES = {i = 'impolite', p = 'polite'}
  local encode = cjson.encode

  -- As describe() of the C++ code says it.
  local function describe(code)
    local texts = {
      room_full = 'the room is full',
      not_in_room = 'this session is in no room',
      no_such_peer = 'no such peer in this room',
      already_joined = 'this session is in a room or waits for a match',
      already_matching = 'this session already waits for a match',
      not_matching = 'this session does not wait in that queue',
      mailbox_full = 'the mailbox is full',
      too_large = 'too large',
    }
    return texts[code]
  end

  function F.error_text(code, n, message)
    local text = '{"type":"error","code":"' .. code .. '","message":' .. encode(message or describe(code))
    return n and text .. ',"n":' .. n .. '}' or text .. '}'
  end

  local function read_members(room, flat)
    for i = 1, #flat, 2 do
      local field, value = flat[i], flat[i + 1]
      if field == 'c' then
        room.capacity = tonumber(value)
      elseif field == 'o' then
        room.last = tonumber(value)
      elseif byte(field) == 116 then
        room.tickets[sub(field, 2)] = value
      else
        local role, order, told, name = match(value, '^(.)(%d+):(%d+):(.*)$')
        local peer = sub(field, 2)
        room.members[#room.members + 1] =
          {peer = peer, s = load(peer), role = role, order = tonumber(order), told = tonumber(told), name = name}
      end
    end
    table.sort(room.members, function(one, other) return one.order < other.order end)
  end

  -- Without members when there is none.
  function F.load_room(id)
    local room = {id = id, name = sub(id, 4), key = key_of('r', id), last = 0, members = {}, tickets = {}}
    read_members(room, call('HGETALL', room.key))
    local ghosts = {}
    for i = #room.members, 1, -1 do
      local s = room.members[i].s
      if not s or s.o ~= id then ghosts[#ghosts + 1] = table.remove(room.members, i) end
    end
    for _, ghost in ipairs(ghosts) do
      call('HDEL', room.key, 'm' .. ghost.peer, 't' .. ghost.peer)
      F.tell_left(room, ghost.peer, 'expired')
    end
    return room
  end

  local function seat_text(member)
    return concat({member.role, member.order, ':', member.told, ':', member.name})
  end

  local function save_member(room, member)
    call('HSET', room.key, 'm' .. member.peer, seat_text(member))
  end

  local function free_role(room, wanted)
    if room.capacity > 2 then return #room.members == 0 and 'i' or 'p' end
    local other = room.members[1] and room.members[1].role
    if wanted and wanted ~= '' and wanted ~= other then return wanted end
    return other == 'i' and 'p' or 'i'
  end

  -- Between any two, the later joiner is polite.
  local function role_towards(room, reader, other)
    if room.capacity <= 2 then return ROLES[other.role] end
    return other.order > reader.order and 'polite' or 'impolite'
  end

  local function add_member(room, s, name, role)
    room.last = room.last + 1
    local member = {peer = s.peer, s = s, role = role, order = room.last, told = 0, name = name}
    room.members[#room.members + 1] = member
    set(s, 'o', room.id)
    set(s, 'j', role .. room.capacity .. '|' .. name)
    return member
  end

  local function stand_up(s)
    set(s, 'o', nil)
    set(s, 'j', nil)
  end

  local function peers_text(room, reader)
    local texts = {}
    for _, member in ipairs(room.members) do
      if member ~= reader then
        texts[#texts + 1] = '{"peer":"' .. member.peer .. '","name":' .. encode(member.name) .. ',"role":"' ..
          role_towards(room, reader, member) .. '","away":' .. (member.s.p and 'true}' or 'false}')
      end
    end
    return '"room":"' .. room.name .. '","peers":[' .. concat(texts, ',') .. '],"role":"' .. ROLES[reader.role] .. '"'
  end

  local function tell_joined(room, member)
    notify(member.s, 'T', '{"type":"joined",' .. peers_text(room, member) .. ',"capacity":' .. room.capacity .. '}')
  end

  local function about_peer(kind, room, peer)
    return '{"type":"' .. kind .. '","room":"' .. room.name .. '","peer":"' .. peer .. '"'
  end

  function F.tell_left(room, peer, reason)
    for _, member in ipairs(room.members) do
      notify(member.s, 'P', about_peer('peer-left', room, peer) .. ',"reason":"' .. reason .. '"}')
    end
  end

  -- Away or back, to the others.
  function F.tell_presence(s)
    if not s.o then return end
    local room = F.load_room(s.o)
    local text = about_peer(s.p and 'peer-away' or 'peer-back', room, s.peer) .. '}'
    for _, member in ipairs(room.members) do
      if member.s ~= s then notify(member.s, 'P', text) end
    end
  end

  -- Nothing, or why not.
  function F.join(s, name, display_name, capacity, wanted)
    if s.o or s.q then return 'already_joined' end
    local room = F.load_room(id_of(name))
    local is_new = not room.capacity
    room.capacity = room.capacity or tonumber(capacity)
    if #room.members >= room.capacity then return 'room_full' end
    local joiner = add_member(room, s, display_name, free_role(room, wanted))
    call('HSET', room.key, 'c', room.capacity, 'o', room.last, 'm' .. s.peer, seat_text(joiner))
    if is_new then call('PEXPIRE', room.key, KEEP) end
    tell_joined(room, joiner)
    for _, member in ipairs(room.members) do
      if member ~= joiner then
        notify(member.s, 'P', about_peer('peer-joined', room, s.peer) .. ',"name":' .. encode(display_name) ..
          ',"role":"' .. role_towards(room, member, joiner) .. '"}')
      end
    end
    if s.p then F.tell_presence(s) end
  end

  -- A new room for sessions that were matched, the longest waiting first.
  local seated = 0
  function F.seat(group)
    local name = string.format('m-%s%02x', SEED, seated)
    seated = seated + 1
    local id = id_of(name)
    local room = {id = id, name = name, key = key_of('r', id), last = 0, members = {}, tickets = {}}
    room.capacity = #group
    for _, ticket in ipairs(group) do
      set(ticket.s, 'q', nil)
      add_member(room, ticket.s, '', free_role(room))
    end
    local saved = {'HSET', room.key, 'c', room.capacity, 'o', room.last}
    for i, member in ipairs(room.members) do
      notify(member.s, 'T', '{"type":"matched","queue":"' .. sub(group[i].queue, 4) .. '",' .. peers_text(room, member) .. '}')
      member.told = member.s.l
      for _, word in ipairs({'m' .. member.peer, seat_text(member), 't' .. member.peer, group[i].text}) do saved[#saved + 1] = word end
    end
    call(unpack(saved))
    call('PEXPIRE', room.key, KEEP)
  end

  -- Matched sessions are bound to each other once all have acknowledged that they are, or someone joined them.
  local function is_settled(room)
    local settled = true
    for _, member in ipairs(room.members) do
      if not room.tickets[member.peer] then return true end
      settled = settled and member.s.a >= member.told
    end
    return settled
  end

  -- The match is off: everyone is told and gets the old place in the queue back.
  local function dissolve(room, gone)
    for _, member in ipairs(room.members) do
      F.end_negotiations(room, member.s)
      notify(member.s, 'P', about_peer('peer-left', room, gone) .. ',"reason":"unmatched"}')
      stand_up(member.s)
    end
    call('DEL', room.key)
    for _, member in ipairs(room.members) do F.enqueue(member.s, room.tickets[member.peer]) end
  end

  function F.leave(s, reason)
    local room = F.load_room(s.o)
    local settled = is_settled(room)
    F.end_negotiations(room, s)
    stand_up(s)
    for i, member in ipairs(room.members) do
      if member.s == s then
        table.remove(room.members, i)
        break
      end
    end
    if #room.members == 0 then
      call('DEL', room.key)
    elseif settled then
      call('HDEL', room.key, 'm' .. s.peer, 't' .. s.peer)
      F.tell_left(room, s.peer, reason)
    else
      dissolve(room, s.peer)
    end
  end

  -- The same peer under a new session: nobody is told, what it missed goes along. `frames`: what it had not acknowledged.
  function F.replace(fresh, frames)
    local room = F.load_room(fresh.o)
    for _, member in ipairs(room.members) do
      if member.s == fresh then
        tell_joined(room, member)
        if room.tickets[member.peer] then
          member.told = fresh.l
          save_member(room, member)
        end
      end
    end
    -- No peer-left will stand for them.
    for _, frame in ipairs(frames) do
      if byte(frame) == 83 then notify(fresh, 'S', sub(frame, 2)) end
    end
  end

  -- trace: L = answers SessionLost for a while. why: how its receive ends, S, C or L. Its user may stay online under a new session.
  function F.end_session(s, reason, trace, why, stays)
    if is_received(s) then
      tell_ending(s, why)
      call('SREM', 'ib:o:' .. sub(s.w, 2), s.peer)
    end
    if s.q then F.cancel(s) end
    if s.o then F.leave(s, reason) end
    if s.v then F.forget_watches(s) end
    s.dead = true
    sessions[s.peer] = false
    local prefix, peer = s.prefix, s.peer
    call('DEL', s.key, prefix .. 'm:' .. peer, prefix .. 'h:' .. peer)
    call('ZREM', prefix .. 'x', peer)
    if trace == 'L' then call('SET', tombstone_of(s.k .. peer), '', 'PX', TOMBSTONE) end
    if s.u and not stays then F.exit_user(s.u, peer) end
  end
end
