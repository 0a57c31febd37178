-- What is due by time alone, by whichever instance comes first: receives of incarnations that lapsed, sessions that become away or end,
-- rating windows that have widened.
-- ARGV: config, shortest time between two runs
-- Returns how many sessions were looked at; MOST: there is more to do at once.
-- needs: relief lineage session rooms negotiation presence matching
local LAPSE = 3000
local MOST = 500
-- When the last run was. A clock that has gone back since must not keep everyone from the next.
local last = tonumber(call('GET', 'ib:reaper') or 0)
if last <= now and now - last < ARGV[2] + 0 then return 0 end
call('SET', 'ib:reaper', now, 'PX', ARGV[2])
local done = 0

local function end_receives_of(incarnation, last_beat)
  for _, peer in ipairs(call('SPOP', 'ib:o:' .. incarnation, MOST - done)) do
    local s = load(peer)
    done = done + 1
    if s and is_received(s) and sub(s.w, 2) == incarnation then
      set(s, 'w', '!')
      set(s, 't', last_beat)
      due(s, last_beat + math.min(AWAY, WINDOW))
    end
  end
  if call('EXISTS', 'ib:o:' .. incarnation) == 0 then call('ZREM', 'ib:i', incarnation) end
end

local function on_absent(s)
  if now >= s.t + WINDOW then return F.end_session(s, 'expired', 'L', 'L') end
  if not s.p then become_away(s) end
  await_end(s)
end

-- A step further away than any can be was set before the clock went back.
local function bring_forward(index)
  local latest = now + math.max(AWAY, WINDOW)
  for _, peer in ipairs(call('ZRANGEBYSCORE', index, '(' .. latest, '+inf', 'LIMIT', 0, MOST - done)) do
    local s = load(peer)
    done = done + 1
    if s and not is_received(s) then
      set(s, 't', now)
      due(s, now + (s.p and WINDOW or math.min(AWAY, WINDOW)))
    else
      call('ZREM', index, peer)
    end
  end
end

local function reap_partition(partition)
  local index = 'ib:{' .. partition .. '}x'
  bring_forward(index)
  for _, peer in ipairs(call('ZRANGEBYSCORE', index, '-inf', now, 'LIMIT', 0, MOST - done)) do
    local s = load(peer)
    done = done + 1
    if s and not is_received(s) then on_absent(s) else call('ZREM', index, peer) end
  end
end

-- A beat of later than now was noted before the clock went back: whoever died at that time would not lapse for as long.
for _, incarnation in ipairs(call('ZRANGEBYSCORE', 'ib:i', '(' .. now, '+inf')) do call('ZADD', 'ib:i', now, incarnation) end
local lapsed = call('ZRANGEBYSCORE', 'ib:i', '-inf', now - LAPSE, 'WITHSCORES')
for i = 1, #lapsed, 2 do
  if done < MOST then end_receives_of(lapsed[i], tonumber(lapsed[i + 1])) end
end
for partition = 0, 63 do
  if done < MOST then reap_partition(string.format('p%02d', partition)) end
end
-- Nobody is matched with who has just ended.
for partition = 0, 63 do F.look_again(string.format('p%02d', partition)) end
if done >= MOST then call('DEL', 'ib:reaper') end
flush()
return done
