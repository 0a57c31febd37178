-- Rooms: capacity, roles, who is told what; and the end of a session, which concerns all the others.
--
-- Hash ib:{pNN}r:<room>: c capacity, o order of the last joiner, m<peer> role letter, order and display name; of a match: t<peer> the
-- ticket to queue again while it is not settled, u<peer> 1 until the peer has acknowledged it.
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
      elseif byte(field) == 117 then
        room.unheard = true
      else
        local role, order, name = match(value, '^(.)(%d+):(.*)$')
        local peer = sub(field, 2)
        local s = load(peer)
        local list = s and s.o == room.id and room.members or room.ghosts
        list[#list + 1] = {peer = peer, s = s, role = role, order = tonumber(order), name = name}
      end
    end
    table.sort(room.members, function(one, other) return one.order < other.order end)
  end

  local function no_room(id)
    return {id = id, name = sub(id, 4), key = key_of('r', id), last = 0, members = {}, ghosts = {}, tickets = {}, unheard = false}
  end

  -- Ghosts are members whose session Redis has dropped.
  local function read_room(id)
    local room = no_room(id)
    read_members(room, call('HGETALL', room.key))
    return room
  end

  -- Matched sessions are bound to each other once all have acknowledged that they are, or someone joined them.
  local function is_settled(room)
    if not room.unheard then return true end
    for _, list in ipairs({room.members, room.ghosts}) do
      for _, member in ipairs(list) do
        if not room.tickets[member.peer] then return true end
      end
    end
    return false
  end

  local function seat_text(member)
    return concat({member.role, member.order, ':', member.name})
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
    local member = {peer = s.peer, s = s, role = role, order = room.last, name = name}
    room.members[#room.members + 1] = member
    set(s, 'o', room.id)
    set(s, 'j', role .. room.capacity .. '|' .. name)
    return member
  end

  local function stand_up(s)
    set(s, 'o', nil)
    set(s, 'j', nil)
    if s.m then set(s, 'm', nil) end
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

  local function tell_left(room, peer, reason)
    for _, member in ipairs(room.members) do
      notify(member.s, 'P', about_peer('peer-left', room, peer) .. ',"reason":"' .. reason .. '"}')
    end
  end

  -- The match is off: everyone is told that one is gone, who is told of another, and gets the old place in the queue back.
  local function dissolve(room, gone)
    local other = room.members[1]
    if other.peer == gone then other = room.members[2] or other end
    for _, member in ipairs(room.members) do
      F.end_negotiations(room, member.s)
      notify(member.s, 'P', about_peer('peer-left', room, member.peer == gone and other.peer or gone) .. ',"reason":"unmatched"}')
      stand_up(member.s)
    end
    call('DEL', room.key)
    for _, member in ipairs(room.members) do F.enqueue(member.s, room.tickets[member.peer]) end
  end

  -- Without members when there is none, or no more.
  function F.load_room(id)
    local room = read_room(id)
    if #room.ghosts == 0 then return room end
    if #room.members == 0 then
      call('DEL', room.key, key_of('g', id))
      return no_room(id)
    end
    if not is_settled(room) then
      dissolve(room, room.ghosts[1].peer)
      return no_room(id)
    end
    for _, ghost in ipairs(room.ghosts) do
      F.end_negotiations(room, {peer = ghost.peer, c = 0})
      call('HDEL', room.key, 'm' .. ghost.peer, 't' .. ghost.peer, 'u' .. ghost.peer)
      tell_left(room, ghost.peer, 'expired')
    end
    return room
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
    local room = no_room(id_of(name))
    room.capacity = #group
    for _, ticket in ipairs(group) do
      set(ticket.s, 'q', nil)
      add_member(room, ticket.s, '', free_role(room))
    end
    local saved = {'HSET', room.key, 'c', room.capacity, 'o', room.last}
    for i, member in ipairs(room.members) do
      notify(member.s, 'T', '{"type":"matched","queue":"' .. sub(group[i].queue, 4) .. '",' .. peers_text(room, member) .. '}')
      set(member.s, 'm', member.s.l)
      local peer = member.peer
      for _, word in ipairs({'m' .. peer, seat_text(member), 't' .. peer, group[i].text, 'u' .. peer, 1}) do saved[#saved + 1] = word end
    end
    call(unpack(saved))
    call('PEXPIRE', room.key, KEEP)
  end

  function F.hear_of_match(s)
    set(s, 'm', nil)
    call('HDEL', key_of('r', s.o), 'u' .. s.peer)
  end

  -- Who goes away without having acknowledged a match is nobody's partner.
  function F.give_up_unheard_match(s)
    if not s.m then return end
    local room = F.load_room(s.o)
    if #room.members > 0 and not is_settled(room) then dissolve(room, s.peer) end
  end

  function F.leave(s, reason)
    local room = read_room(s.o)
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
      call('HDEL', room.key, 'm' .. s.peer, 't' .. s.peer, 'u' .. s.peer)
      tell_left(room, s.peer, reason)
    else
      dissolve(room, s.peer)
    end
  end

  -- The same peer under a new session: nobody is told, what it missed goes along. `frames`: what it had not acknowledged, among which may be
  -- that it was matched.
  function F.replace(fresh, frames, is_unheard)
    local room = F.load_room(fresh.o)
    for _, member in ipairs(room.members) do
      if member.s == fresh then
        tell_joined(room, member)
        if is_unheard then set(fresh, 'm', fresh.l) end
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
