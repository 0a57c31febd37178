-- Queues: who waits, who fits together.
--
-- Zset ib:{pNN}q:<queue>: peer -> since when, in microseconds, unique. Zset ib:{pNN}b:<queue>:<shape>: the same for those who may meet but
-- for their ratings, as peer|rating|window|since; a shape is the group's size and a digest of what must be equal. Set ib:{pNN}f: the latter
-- zsets with ratings, which are looked at again each second as windows widen. Who is away keeps the place in the former and is not in the
-- latter.
-- A ticket: since|shape|rating|window|queue.
parts[#parts + 1] = function(F)
  local CHUNK, MOST = 64, 1024 -- of those who may meet, the longest waiting first
  local ANCHORS = 64           -- whom one look looks for; the next one goes on where it ended

  local function ticket_of(s, text)
    local since, shape, rating, window, queue = match(text, '^(%d+)|([^|]*)|([^|]*)|([^|]*)|(.*)$')
    return {s = s, text = text, since = tonumber(since), shape = shape, rating = rating, queue = queue,
      entry = concat({s.peer, rating, window, since}, '|'), size = tonumber(match(shape, '^%d+'))}
  end

  local function bucket_of(ticket)
    return key_of('b', ticket.queue) .. ':' .. ticket.shape
  end

  -- What an entry of a bucket says: peer, rating, window now.
  local function read_entry(entry)
    local peer, rating, window, since = match(entry, '^([^|]*)|([^|]*)|([^|]*)|(%d+)$')
    window = tonumber(window)
    if window then window = window * (1 + GROWTH * math.max(0, now_us - since) / 1000000) end
    return {peer = peer, rating = tonumber(rating), window = window, text = entry}
  end

  local function fit(one, other)
    -- Without a rating one is everybody's match.
    if not one.rating or not other.rating then return true end
    local apart = math.abs(one.rating - other.rating)
    return (not one.window or apart <= one.window) and (not other.window or apart <= other.window)
  end

  local function fits_all(chosen, entry)
    for _, each in ipairs(chosen) do
      if not fit(each, entry) then return false end
    end
    return true
  end

  -- The ticket behind an entry; nil, and the entry gone, when its session waits no more or is away.
  local function waiting(queue, bucket, entry)
    local s = load(entry.peer)
    local ticket = s and s.q and ticket_of(s, s.q)
    if ticket and ticket.queue == queue and ticket.entry == entry.text and not s.p then return ticket end
    call('ZREM', bucket, entry.text)
    if not (ticket and ticket.queue == queue) then call('ZREM', key_of('q', queue), entry.peer) end
  end

  -- Adds to a group who fits; true when it is full.
  local function fill(group, size, queue, bucket, entry)
    if entry.taken or entry.peer == group[1].peer or not fits_all(group, entry) then return false end
    entry.ticket = waiting(queue, bucket, entry)
    if entry.ticket then group[#group + 1] = entry else entry.taken = true end
    return #group == size
  end

  -- A full group around one that waits, of entries.
  local function find_group(ticket)
    local bucket = bucket_of(ticket)
    local anchor = read_entry(ticket.entry)
    anchor.ticket = ticket
    local group = {anchor}
    for at = 0, MOST - 1, CHUNK do
      local texts = call('ZRANGE', bucket, at, at + CHUNK - 1)
      for _, text in ipairs(texts) do
        if fill(group, ticket.size, ticket.queue, bucket, read_entry(text)) then return group end
      end
      if #texts < CHUNK then return end
    end
  end

  local function by_score(one, other)
    return one.score < other.score
  end

  -- Seats a group, whose members leave the queue. One that has only come is not in it.
  local function take(group)
    local first = group[1].ticket
    local queue, bucket = key_of('q', first.queue), bucket_of(first)
    local tickets, peers, entries = {}, {'ZREM', queue}, {'ZREM', bucket}
    for i, entry in ipairs(group) do
      local ticket = entry.ticket
      entry.taken = true
      if not ticket.score then
        ticket.score = tonumber(call('ZSCORE', queue, entry.peer) or ticket.since)
        peers[#peers + 1] = entry.peer
        entries[#entries + 1] = entry.text
      end
      tickets[i] = ticket
    end
    if #peers > 2 then
      call(unpack(peers))
      call(unpack(entries))
    end
    table.sort(tickets, by_score)
    F.seat(tickets)
  end

  local function expire(ticket)
    call('PEXPIRE', key_of('q', ticket.queue), KEEP)
    call('PEXPIRE', bucket_of(ticket), KEEP)
    if ticket.rating ~= '' then call('PEXPIRE', key_of('f', sub(ticket.queue, 1, 3)), KEEP) end
  end

  function F.renew_ticket(s)
    expire(ticket_of(s, s.q))
  end

  -- Lets others find it.
  local function offer(ticket, score)
    local bucket = bucket_of(ticket)
    call('ZADD', bucket, score, ticket.entry)
    if ticket.rating ~= '' then call('SADD', key_of('f', sub(ticket.queue, 1, 3)), bucket) end
  end

  local function wait(s, ticket)
    set(s, 'q', ticket.text)
    call('ZADD', key_of('q', ticket.queue), ticket.score, s.peer)
    if not s.p then offer(ticket, ticket.score) end
    expire(ticket)
  end

  -- Away: nobody is matched with it.
  function F.step_back(s)
    local ticket = ticket_of(s, s.q)
    call('ZREM', bucket_of(ticket), ticket.entry)
  end

  -- Present again, with the place that it had.
  function F.step_forward(s)
    local ticket = ticket_of(s, s.q)
    offer(ticket, call('ZSCORE', key_of('q', ticket.queue), s.peer) or ticket.since)
    expire(ticket)
    local group = find_group(ticket)
    if group then take(group) end
  end

  -- One whose match came to nothing keeps the place that it had.
  function F.enqueue(s, text)
    local ticket = ticket_of(s, text)
    local queue = key_of('q', ticket.queue)
    local score = ticket.since
    while call('ZCOUNT', queue, score, score) > 0 do score = score + 1 end
    ticket.score = score
    local position = call('ZCOUNT', queue, '-inf', score) + 1
    notify(s, 'P', '{"type":"matching","queue":"' .. sub(ticket.queue, 4) .. '","position":' .. position .. '}')
    local group = not s.p and find_group(ticket)
    if group then take(group) else wait(s, ticket) end
  end

  function F.match(s, queue, size, equal, rating, window)
    if s.o then return 'already_joined' end
    if s.q then return 'already_matching' end
    local digest = equal == '' and '' or sub(redis.sha1hex(equal), 1, 20)
    F.enqueue(s, concat({string.format('%.0f', now_us), size .. '.' .. digest, rating, window, id_of(queue)}, '|'))
  end

  -- Out of the queue that it waits in.
  function F.cancel(s)
    local ticket = ticket_of(s, s.q)
    call('ZREM', key_of('q', ticket.queue), s.peer)
    call('ZREM', bucket_of(ticket), ticket.entry)
    set(s, 'q', nil)
  end

  function F.match_cancel(s, queue)
    if not s.q or ticket_of(s, s.q).queue ~= id_of(queue) then return 'not_matching' end
    F.cancel(s)
    notify(s, 'P', '{"type":"match-cancelled","queue":"' .. queue .. '"}')
  end

  local function list_of(bucket)
    local count = call('ZCARD', bucket)
    local turn = floor(now / 1000) * ANCHORS
    local from = count > MOST and turn % count or 0
    local entries = {}
    for i, text in ipairs(call('ZRANGE', bucket, from, from + MOST - 1)) do entries[i] = read_entry(text) end
    return entries, (count > ANCHORS and count <= MOST) and turn or 0, count > MOST
  end

  local function find_widened(bucket, entries, turn)
    for i = 0, math.min(#entries, ANCHORS) - 1 do
      local anchor = entries[(turn + i) % #entries + 1]
      local s = anchor.rating and not anchor.taken and load(anchor.peer)
      local ticket = s and s.q and ticket_of(s, s.q)
      if ticket and ticket.entry == anchor.text and not s.p then
        anchor.ticket = ticket
        local group = {anchor}
        for _, entry in ipairs(entries) do
          if fill(group, ticket.size, ticket.queue, bucket, entry) then return group end
        end
      end
    end
  end

  local function any_rated(entries)
    for _, entry in ipairs(entries) do
      if entry.rating and not entry.taken then return true end
    end
    return false
  end

  -- Of all whose rating windows have widened.
  function F.look_again(partition)
    local index = key_of('f', partition)
    for _, bucket in ipairs(call('SMEMBERS', index)) do
      local entries, turn, has_more = list_of(bucket)
      local group = find_widened(bucket, entries, turn)
      while group do
        take(group)
        group = find_widened(bucket, entries, turn)
      end
      if not has_more and not any_rated(entries) then call('SREM', index, bucket) end
    end
  end
end
