-- `gen` between two peers of a room: drops what an older negotiation left behind and holds candidates until the description of their
-- generation has passed in the same direction.
--
-- Hash ib:{pNN}g:<room>: <lower peer>:<upper peer> -> highest described, described upwards, described downwards.
-- List ib:{pNN}h:<peer>: what is held back for that peer, as: sender, generation, frame.
parts[#parts + 1] = function(F)
  local function held_key(s)
    return s.prefix .. 'h:' .. s.peer
  end

  local function set_held(s, count, bytes)
    set(s, 'c', count)
    set(s, 'd', bytes)
  end

  -- Goes through what is held for `to` from one peer; verdict(generation) says keep, drop or free. Returns what is freed and how much
  -- was dropped.
  local function sift(to, from_peer, verdict)
    local freed, dropped, kept, bytes = {}, 0, {}, 0
    if to.c == 0 then return freed, dropped end
    local key = held_key(to)
    for _, each in ipairs(call('LRANGE', key, 0, -1)) do
      local sender, generation, frame = match(each, '^(%S+) (%d+) (.*)$')
      local what = sender == from_peer and verdict(tonumber(generation)) or 'keep'
      if what == 'keep' then
        kept[#kept + 1] = each
        bytes = bytes + #frame
      elseif what == 'free' then
        freed[#freed + 1] = frame
      else
        dropped = dropped + 1
      end
    end
    if #kept < to.c then
      call('DEL', key)
      if #kept > 0 then
        call('RPUSH', key, unpack(kept))
        call('PEXPIRE', key, KEEP)
      end
      set_held(to, #kept, bytes)
    end
    return freed, dropped
  end

  local function drop_all()
    return 'drop'
  end

  -- The peer's pairs are over.
  function F.end_negotiations(room, s)
    for _, member in ipairs(room.members) do
      if member.s ~= s then
        sift(member.s, s.peer, drop_all)
        sift(s, member.peer, drop_all)
      end
    end
    local key = key_of('g', room.id)
    if #room.members <= 2 then
      call('DEL', key)
      return
    end
    for _, pair in ipairs(call('HKEYS', key)) do
      local lower, upper = match(pair, '^(.*):(.*)$')
      if lower == s.peer or upper == s.peer then call('HDEL', key, pair) end
    end
  end

  local function describe(from, to, generation)
    local freed, dropped = sift(to, from.peer, function(each)
      return each < generation and 'drop' or each == generation and 'free' or 'keep'
    end)
    local _, dropped_back = sift(from, to.peer, function(each) return each < generation and 'drop' or 'keep' end)
    for _, frame in ipairs(freed) do push(to, 'S', frame) end
    return dropped + dropped_back
  end

  -- kind: D description, C candidate, O other. How many were dropped as stale, or nil and why it is refused.
  function F.pass_generation(from, to, kind, generation, text)
    local upwards = from.peer < to.peer
    local pair = upwards and from.peer .. ':' .. to.peer or to.peer .. ':' .. from.peer
    local key = key_of('g', from.o)
    local current, up, down = match(call('HGET', key, pair) or '::', '^(%d*):(%d*):(%d*)$')
    local number = tonumber(generation)
    if current ~= '' and number < tonumber(current) then return 1 end
    if not fits(to, #text, 1) then return nil, 'mailbox_full' end
    if kind == 'C' and (upwards and up or down) ~= generation then
      call('RPUSH', held_key(to), from.peer .. ' ' .. generation .. ' ' .. text)
      call('PEXPIRE', held_key(to), KEEP)
      set_held(to, to.c + 1, to.d + #text)
      return 0
    end
    push(to, 'S', text)
    if kind ~= 'D' then return 0 end
    if upwards then up = generation else down = generation end
    call('HSET', key, pair, generation .. ':' .. up .. ':' .. down)
    call('PEXPIRE', key, KEEP)
    return describe(from, to, number)
  end
end
