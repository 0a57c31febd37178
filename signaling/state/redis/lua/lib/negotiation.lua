-- `gen` between two peers of a room: drops what an older negotiation left behind and holds candidates until the description of their
-- generation has passed in the same direction.
--
-- Hash ib:{pNN}g:<room>: <lower peer>:<upper peer> -> highest described, described upwards, described downwards.
-- Hash ib:{pNN}h:<peer>: sender -> what of it is held back for that peer, oldest first, each as generation:bytes:frame. A sender has little
-- room there and none in the mailbox, so that it crowds out only itself.
parts[#parts + 1] = function(F)
  -- A part of the mailbox, so that what a description sets free fits. As Mailbox::held_bounds() of the C++ code has it.
  local MOST_HELD, MOST_HELD_BYTES = math.max(1, math.min(64, floor(MESSAGES / 4))), floor(BYTES / 4)

  local function held_key(s)
    return s.prefix .. 'h:' .. s.peer
  end

  -- What `to` is not given yet of one peer, and the bytes of its frames.
  local function read_held(to, from_peer)
    local held, bytes, at = {}, 0, 1
    local text = to.c > 0 and call('HGET', held_key(to), from_peer) or ''
    while at <= #text do
      local generation, size, first = match(text, '^(%d+):(%d+):()', at)
      at = first + size
      held[#held + 1] = {generation = tonumber(generation), frame = sub(text, first, at - 1)}
      bytes = bytes + size
    end
    return held, bytes
  end

  local function write_held(to, from_peer, held, count_before)
    local words = {}
    for _, each in ipairs(held) do words[#words + 1] = string.format('%.0f', each.generation) .. ':' .. #each.frame .. ':' .. each.frame end
    local key = held_key(to)
    if #words == 0 then
      call('HDEL', key, from_peer)
    else
      call('HSET', key, from_peer, concat(words))
      call('PEXPIRE', key, KEEP)
    end
    set(to, 'c', to.c + #held - count_before)
  end

  -- Returns how many older ones had to go.
  local function hold(from, to, generation, text)
    local held, bytes = read_held(to, from.peer)
    local count, crowded_out = #held, 0
    held[count + 1] = {generation = generation, frame = text}
    bytes = bytes + #text
    while #held > MOST_HELD or bytes > MOST_HELD_BYTES do
      bytes = bytes - #table.remove(held, 1).frame
      crowded_out = crowded_out + 1
    end
    write_held(to, from.peer, held, count)
    return crowded_out
  end

  -- Goes through what is held for `to` from one peer; verdict(generation) says keep, drop or free. Returns what is freed and how much
  -- was dropped.
  local function sift(to, from_peer, verdict)
    local held, freed, kept = read_held(to, from_peer), {}, {}
    for _, each in ipairs(held) do
      local what = verdict(each.generation)
      if what == 'keep' then
        kept[#kept + 1] = each
      elseif what == 'free' then
        freed[#freed + 1] = each.frame
      end
    end
    if #kept < #held then write_held(to, from_peer, kept, #held) end
    return freed, #held - #kept - #freed
  end

  local function drop_all()
    return 'drop'
  end

  -- The peer's pairs are over.
  function F.end_negotiations(room, s)
    for _, member in ipairs(room.members) do
      if member.s ~= s then sift(member.s, s.peer, drop_all) end
    end
    if s.c > 0 then
      call('DEL', held_key(s))
      set(s, 'c', 0)
    end
    local key = key_of('g', room.id)
    if room.capacity <= 2 then
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

  -- Count and bytes of what a description sets free.
  local function count_freed(from, to, generation)
    local count, bytes = 0, 0
    for _, each in ipairs((read_held(to, from.peer))) do
      if each.generation == generation then
        count = count + 1
        bytes = bytes + #each.frame
      end
    end
    return count, bytes
  end

  -- kind: D description, C candidate, O other. How many were dropped as stale and how many for want of room to hold them; or nil, nil and
  -- why it is refused.
  function F.pass_generation(from, to, kind, generation, text)
    local upwards = from.peer < to.peer
    local pair = upwards and from.peer .. ':' .. to.peer or to.peer .. ':' .. from.peer
    local key = key_of('g', from.o)
    local current, up, down = match(call('HGET', key, pair) or '::', '^(%d*):(%d*):(%d*)$')
    local number = tonumber(generation)
    if current ~= '' and number < tonumber(current) then return 1, 0 end
    if kind == 'C' and (upwards and up or down) ~= generation then
      if #text > MOST_HELD_BYTES then return nil, nil, 'mailbox_full' end
      return 0, hold(from, to, number, text)
    end
    local count, bytes = 0, #text
    if kind == 'D' then
      local more
      count, more = count_freed(from, to, number)
      bytes = bytes + more
    end
    if not fits(to, bytes, 1, count) then return nil, nil, 'mailbox_full' end
    push(to, 'S', text)
    if kind ~= 'D' then return 0, 0 end
    if upwards then up = generation else down = generation end
    call('HSET', key, pair, generation .. ':' .. up .. ':' .. down)
    call('PEXPIRE', key, KEEP)
    return describe(from, to, number), 0
  end
end
