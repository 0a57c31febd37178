-- What a session does: all operations of a submission in one step each, in order.
-- ARGV: config, session, epoch, ack or empty, then per operation: number or empty, letter, its words (see `operations`)
-- Returns received, expected or 0, duplicates, stale, crowded out, refusals, those of joins among them; or why not.
-- needs: relief_of_submit lineage session rooms negotiation presence matching
local s, why = look_up(ARGV[2], ARGV[3])
if not s then return why end
if ARGV[4] ~= '' and not acknowledge(s, ARGV[4]) then return 'L' end
renew_lease(s)
touch(s)
local received = (s.n or 0) + 0
local expected, duplicates, stale, crowded_out, refusals, refused_joins = 0, 0, 0, 0, {}, {}

local function target_of(peer)
  if not s.o then return nil, 'not_in_room' end
  local to = load(peer)
  if not to or to == s or to.o ~= s.o then return nil, 'no_such_peer' end
  return to
end

local function words(from, count)
  local list = {}
  for i = from, from + count - 1 do list[#list + 1] = ARGV[i] end
  return list
end

-- The place after an operation's words, which begin at `at`.
local function after_words(letter, at)
  if letter == 'S' or letter == 'A' then return at + 2 end
  if letter == 'G' then return at + 4 end
  if letter == 'L' or letter == 'B' then return at end
  if letter == 'J' then return at + 3 end
  if letter == 'M' then return at + 5 end
  if letter == 'C' then return at + 1 end
  return at + 1 + ARGV[at] -- W, U: a count and as many
end

-- Does one operation; nothing, or why it is refused.
local function perform(letter, at)
  if letter == 'S' then -- to, frame
    local to, refused = target_of(ARGV[at])
    if not to then return refused end
    local text = ARGV[at + 1]
    if not fits(to, #text, 1) then return 'mailbox_full' end
    push(to, 'S', text)
  elseif letter == 'G' then -- to, frame, kind, generation
    local to, refused = target_of(ARGV[at])
    if not to then return refused end
    local old, more
    old, more, refused = F.pass_generation(s, to, ARGV[at + 2], ARGV[at + 3], ARGV[at + 1])
    stale = stale + (old or 0)
    crowded_out = crowded_out + (more or 0)
    return refused
  elseif letter == 'A' then -- F = fresh ICE servers, frame
    if ARGV[at] == 'F' then set(s, 'i', now) end
    notify(s, 'P', ARGV[at + 1])
  elseif letter == 'J' then -- room, display name, capacity
    return F.join(s, ARGV[at], ARGV[at + 1], ARGV[at + 2])
  elseif letter == 'L' then
    if not s.o then return 'not_in_room' end
    F.leave(s, 'left')
  elseif letter == 'M' then -- queue, size, equal, rating, window
    return F.match(s, ARGV[at], ARGV[at + 1], ARGV[at + 2], ARGV[at + 3], ARGV[at + 4])
  elseif letter == 'C' then -- queue
    return F.match_cancel(s, ARGV[at])
  elseif letter == 'W' then
    return F.watch(s, words(at + 1, ARGV[at]))
  elseif letter == 'U' then
    return F.unwatch(s, words(at + 1, ARGV[at]))
  else -- B
    F.end_session(s, 'bye', 'N', 'C')
  end
end

local at, count = 5, #ARGV
while at <= count and not s.dead do
  local n, letter = ARGV[at], ARGV[at + 1]
  local number = tonumber(n)
  if number and number > received + 1 then
    expected = received + 1
    break
  end
  if number and number <= received then
    duplicates = duplicates + 1
  else
    if number then received = number end
    local refused = perform(letter, at + 2)
    if refused then
      refusals[#refusals + 1] = refused
      if letter == 'J' then refused_joins[#refused_joins + 1] = refused end
      notify(s, 'P', F.error_text(refused, number and n))
    end
  end
  at = after_words(letter, at + 2)
end
if received ~= (s.n or 0) + 0 then set(s, 'n', received) end
flush()
return {received, expected, duplicates, stale, crowded_out, refusals, refused_joins}
