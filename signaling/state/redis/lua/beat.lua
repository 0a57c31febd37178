-- An incarnation lives, and says which receives are open there: their expiries are renewed, and those that another incarnation or none
-- holds are taken over.
-- ARGV: config, incarnation, of the first after a reconnect: the line that it was in (- = none) and the mark that it saw (else empty and
-- 0), then per receive: session, receive, mode
-- Returns whether the incarnation was unknown or had lapsed (1), the line when asked, then per receive: 0 = open, or S, L = superseded,
-- lost
-- needs: relief lineage session rooms negotiation presence matching
local incarnation = ARGV[2]
local is_new = call('ZADD', 'ib:i', now, incarnation)
call('PEXPIRE', 'ib:i', KEEP)
call('PEXPIRE', 'ib:o:' .. incarnation, KEEP)

-- All sessions that there are end as lost.
local function begin_era()
  era = era + 1
  mark = era * ERA + 1
  call('SET', 'ib:mark', string.format('%.0f', mark))
end

-- Finds this run of Redis among the known ones, and out whether the data reach as far as an instance has seen them.
local function find_line(seen, seen_mark)
  local run = match(call('INFO', 'server'), 'run_id:(%x+)')
  local lines = call('LRANGE', 'ib:line', 0, -1)
  if not lines[1] or match(lines[1], '^%x+') ~= run then
    table.insert(lines, 1, run .. ' ' .. string.format('%.0f', mark - 1))
    call('LPUSH', 'ib:line', lines[1])
    call('LTRIM', 'ib:line', 0, 15)
  end
  -- Since that line: how far the data reached when they were at their shortest, where it is not known to be a loss.
  local least, since = mark - 1, 0
  for i, line in ipairs(lines) do
    if match(line, '^[^!]*') == seen then break end
    since = i
    if byte(line, -1) ~= 33 then least = math.min(least, tonumber(match(line, ' (%d+)'))) end
  end
  if seen ~= '-' and (least < tonumber(seen_mark) or since == #lines and byte(lines[1], -1) ~= 33) then
    begin_era()
    for i = 1, math.max(since, 1) do
      if byte(lines[i], -1) ~= 33 then call('LSET', 'ib:line', i - 1, lines[i] .. '!') end
    end
  end
  return match(lines[1], '^[^!]*')
end

local line = ARGV[3] ~= '' and find_line(ARGV[3], ARGV[4]) or ''
call('PEXPIRE', 'ib:line', KEEP)
call('PEXPIRE', 'ib:mark', KEEP)

local function verify(sid, receive, mode)
  local s = load(sub(sid, SECRET + 1))
  if not s or s.k ~= sub(sid, 1, SECRET) then return 'L' end
  if s.r ~= receive then return 'S' end
  touch(s)
  if s.w ~= mode .. incarnation then
    open_receive(s, mode, incarnation)
    become_present(s)
  end
  return 0
end

local answer = {is_new, line}
for at = 5, #ARGV, 3 do answer[#answer + 1] = verify(ARGV[at], ARGV[at + 1], ARGV[at + 2]) end
flush()
return answer
