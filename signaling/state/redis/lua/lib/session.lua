-- Sessions, their mailboxes and receives. A script works on copies, which flush() writes back at its end.
--
-- Hash ib:{pNN}s:<peer>, one letter per field, absent or empty = none or 0:
--   k secret   e epoch   u user (as an id, see id_of)   g grants   n last number taken from the client
--   a acknowledged   l last seq given   b bytes in the mailbox   c count of what is held back for it
--   r newest receive   w who waits for it: P (poll) or S (stream) and the incarnation; ! = that lapsed
--   t lease from   p 1 = away   i ICE servers given at   o room (id)   j seat in it: role letter, capacity|display name
--   q ticket in a queue   m number of the message that told of its match, until it is acknowledged   v users watched
--   z expiry renewed at   h era, see lineage.lua
-- A session id is the secret followed by the peer id, whose digits are the partition.
local sub, byte, match, floor, concat = string.sub, string.byte, string.match, math.floor, table.concat

local AWAY, WINDOW, TOMBSTONE, MESSAGES, BYTES, SESSIONS, GROWTH, SEED = struct.unpack('<I4I4I4I4I4I4dc18', ARGV[1])
-- Expiries are renewed when the last time is this long ago, so that most calls need not.
local RENEW = 30000
-- A receive opened just before the next renewal is first seen to by a beat that long after, which may be late.
local KEEP = WINDOW + TOMBSTONE + 2 * RENEW + 10000
local SECRET = 32
local MOST_TOLD = 16384 -- bytes of frames that go with a hint
if mark == 1 then call('PEXPIRE', 'ib:mark', KEEP) end

local sessions = {}   -- by peer; false = there is none
local touched = {}    -- to be written back, in order
local overflowed = {} -- cannot take what they must be told
local endings = {}    -- channel, message, …: receives that are over
local buried = {}     -- of an earlier era, whose users have to be told of

-- Functions of the other parts of lib/, made part by part when one is called: most calls need none.
local parts = {}
local F = setmetatable({}, {__index = function(all, name)
  while parts[1] do
    table.remove(parts, 1)(all)
    local found = rawget(all, name)
    if found then return found end
  end
end})

local function partition_of(name)
  local hash = 0
  for i = 1, #name do hash = (hash * 31 + byte(name, i)) % 65521 end
  return string.format('p%02d', hash % 64)
end

-- Rooms, queues and users inside: the name behind its partition.
local function id_of(name)
  return partition_of(name) .. name
end

local function key_of(kind, id)
  return 'ib:{' .. sub(id, 1, 3) .. '}' .. kind .. ':' .. sub(id, 4)
end

local function prefix_of(peer)
  local p, tens, ones = byte(peer, 1, 3)
  local ours = ones and p == 112 and tens >= 48 and ones >= 48 and ones <= 57 and tens * 10 + ones < 528 + 64
  return 'ib:{' .. (ours and sub(peer, 1, 3) or partition_of(peer)) .. '}'
end

-- All fields at once, because a table that grows is slow.
local function blank(peer)
  local prefix = prefix_of(peer)
  return {peer = peer, prefix = prefix, key = prefix .. 's:' .. peer, writes = false, out = false, touched = false, dead = false, tokens = false,
    k = false, e = false, u = false, g = false, n = false, a = 0, l = 0, b = 0, c = 0, r = false, w = false, t = 0,
    p = false, i = false, o = false, j = false, q = false, m = false, v = false, z = 0, h = 0}
end

local function touch(s)
  if s.touched then return end
  s.touched = true
  touched[#touched + 1] = s
end

local function tombstone_of(sid)
  return prefix_of(sub(sid, SECRET + 1)) .. 't:' .. sid
end

local function is_received(s)
  return s.w and s.w ~= '!'
end

local function tell_ending(s, why)
  endings[#endings + 1] = 'ib:n:' .. sub(s.w, 2)
  endings[#endings + 1] = why .. s.r .. ' ' .. s.k .. s.peer
end

-- A session of an earlier era. Nobody in its room is told, because they are all lost.
local function bury(s)
  if is_received(s) then
    tell_ending(s, 'L')
    call('SREM', 'ib:o:' .. sub(s.w, 2), s.peer)
  end
  local prefix, peer = s.prefix, s.peer
  call('DEL', s.key, prefix .. 'm:' .. peer, prefix .. 'h:' .. peer, prefix .. 'w:' .. peer)
  call('ZREM', prefix .. 'x', peer)
  call('SET', tombstone_of(s.k .. peer), '', 'PX', TOMBSTONE)
  buried[#buried + 1] = s
end

local function load(peer)
  local s = sessions[peer]
  if s ~= nil then return s end
  s = blank(peer)
  local flat = call('HGETALL', s.key)
  if #flat == 0 then
    sessions[peer] = false
    return false
  end
  for i = 1, #flat, 2 do
    local value = flat[i + 1]
    if value ~= '' then s[flat[i]] = value end
  end
  s.a, s.l, s.b, s.c, s.t, s.z = s.a + 0, s.l + 0, s.b + 0, s.c + 0, s.t + 0, s.z + 0
  if s.h + 0 ~= era then
    sessions[peer] = false
    bury(s)
    return false
  end
  sessions[peer] = s
  return s
end

local function set(s, field, value)
  s[field] = value or false
  local writes = s.writes
  if not writes then
    writes = {'HSET', s.key}
    s.writes = writes
    touch(s)
  end
  local count = #writes
  writes[count + 1] = field
  writes[count + 2] = value or ''
end

-- The session, or nil and why not: U unknown, L lost.
local function look_up(sid, epoch)
  local s = load(sub(sid, SECRET + 1))
  if not s or s.k ~= sub(sid, 1, SECRET) then
    return nil, call('EXISTS', tombstone_of(sid)) == 1 and 'L' or 'U'
  end
  if s.e ~= epoch then return nil, 'L' end
  return s
end

-- False when that number was never given out. An older one is no news. Before anything is pushed.
local function acknowledge(s, seq)
  seq = tonumber(seq)
  if seq > s.l then return false end
  if seq <= s.a then return true end
  local key = s.prefix .. 'm:' .. s.peer
  if seq == s.l then
    call('DEL', key)
    set(s, 'b', 0)
  else
    local bytes = s.b
    for _, frame in ipairs(call('LPOP', key, seq - s.a) or {}) do bytes = bytes - (#frame - 1) end
    set(s, 'b', bytes)
  end
  set(s, 'a', seq)
  if s.m and seq >= s.m + 0 then F.hear_of_match(s) end
  return true
end

-- Room for a message, and for that many more.
local function fits(s, bytes, times, more)
  return s.l - s.a + (more or 0) < times * MESSAGES and s.b + bytes <= times * BYTES
end

-- Kinds: S a peer's message, T needs a resume token, P any other.
local function push(s, kind, text)
  local out = s.out
  if out then out[#out + 1] = kind .. text else s.out = {kind .. text} end
  if kind == 'T' then s.tokens = true end
  s.l = s.l + 1
  s.b = s.b + #text
  touch(s)
end

-- The server's own messages get twice the room that peers' messages do.
local function notify(s, kind, text)
  if fits(s, #text, 2) then return push(s, kind, text) end
  overflowed[#overflowed + 1] = s
end

-- The next step of an absent session is due then.
local function due(s, at)
  local key = s.prefix .. 'x'
  if call('ZADD', key, at, s.peer) == 1 then call('PEXPIRE', key, KEEP) end
end

local function await_end(s)
  due(s, s.t + WINDOW)
end

local function open_receive(s, mode, incarnation)
  if not is_received(s) then call('ZREM', s.prefix .. 'x', s.peer) end
  set(s, 'w', mode .. incarnation)
  local key = 'ib:o:' .. incarnation
  if call('SADD', key, s.peer) == 1 then call('PEXPIRE', key, KEEP) end
end

local function end_receive(s)
  if is_received(s) then call('SREM', 'ib:o:' .. sub(s.w, 2), s.peer) end
  set(s, 'w', nil)
  set(s, 't', now)
  due(s, now + math.min(AWAY, WINDOW))
end

local function renew_lease(s)
  if is_received(s) then return end
  set(s, 't', now)
  if s.p then await_end(s) end
end

local function become_present(s)
  if not s.p then return end
  set(s, 'p', nil)
  F.tell_presence(s)
  if s.q then F.step_forward(s) end
end

local function become_away(s)
  set(s, 'p', 1)
  F.give_up_unheard_match(s)
  F.tell_presence(s)
  if s.q then F.step_back(s) end
end

-- To frames of its mailbox, what this script has pushed since.
local function append_news(s, frames)
  for _, frame in ipairs(s.out or {}) do frames[#frames + 1] = frame end
end

-- nil when Redis has dropped them, for want of memory, or somebody has seen more than there is: that session is lost.
local function frames_after(s, after)
  after = math.max(after, s.a)
  if s.l == after then return {} end
  local frames = s.l > after and call('LRANGE', s.prefix .. 'm:' .. s.peer, after - s.a, -1)
  if frames and #frames == s.l - after then return frames end
  F.end_session(s, 'expired', 'L', 'L')
end

-- user, grants, and of the room: name, own display name, role, capacity.
local function standing_of(s)
  local user, grants = s.u and sub(s.u, 4) or '', s.g or ''
  if not s.o then return {user, grants} end
  local role, capacity, name = match(s.j, '^(.)(%d+)|(.*)$')
  return {user, grants, sub(s.o, 4), name, role, capacity}
end

local function renew(s)
  call('PEXPIRE', s.key, KEEP)
  call('PEXPIRE', s.prefix .. 'x', KEEP)
  if s.l > s.a then call('PEXPIRE', s.prefix .. 'm:' .. s.peer, KEEP) end
  if s.c > 0 then call('PEXPIRE', s.prefix .. 'h:' .. s.peer, KEEP) end
  if s.u then F.renew_user(s) end
  if s.v then F.renew_watches(s) end
  if s.q then F.renew_ticket(s) end
  if s.o then
    call('PEXPIRE', key_of('r', s.o), KEEP)
    call('PEXPIRE', key_of('g', s.o), KEEP)
  end
end

local function write(s)
  local out = s.out
  if out then
    set(s, 'l', s.l)
    set(s, 'b', s.b)
  end
  local renews = now - s.z >= RENEW
  if renews then set(s, 'z', now) end
  if s.writes then call(unpack(s.writes)) end
  if out then
    local mailbox = s.prefix .. 'm:' .. s.peer
    if call('RPUSH', mailbox, unpack(out)) == #out then call('PEXPIRE', mailbox, KEEP) end
  end
  if renews then renew(s) end
end

-- A hint, and for a stream the frames themselves when they are small and need nothing more.
local function tell_news(s)
  local whom, out, bytes = s.r .. ' ' .. s.k .. s.peer, s.out, 0
  for _, frame in ipairs(out) do bytes = bytes + #frame end
  if byte(s.w) ~= 83 or s.tokens or bytes > MOST_TOLD then
    call('PUBLISH', 'ib:n:' .. sub(s.w, 2), 'w' .. whom)
    return
  end
  local words = {'f', whom, ' ', string.format('%.0f ', mark), s.l - #out + 1, ' '}
  for _, frame in ipairs(out) do
    words[#words + 1] = #frame .. ':'
    words[#words + 1] = frame
  end
  call('PUBLISH', 'ib:n:' .. sub(s.w, 2), concat(words))
end

-- Writes everything back and tells the instances, which is the last thing that a script does.
local function flush()
  while #overflowed + #buried > 0 do
    local over, gone = overflowed, buried
    overflowed, buried = {}, {}
    for _, s in ipairs(gone) do
      if s.u then F.exit_user(s.u, s.peer) end
    end
    for _, s in ipairs(over) do
      if not s.dead then F.end_session(s, 'expired', 'L', 'L') end
    end
  end
  for _, s in ipairs(touched) do
    if not s.dead then write(s) end
  end
  for i = 1, #endings, 2 do call('PUBLISH', endings[i], endings[i + 1]) end
  for _, s in ipairs(touched) do
    if s.out and is_received(s) and not s.dead then
      tell_news(s)
    end
  end
end
