-- Opens a receive, which supersedes an older one.
-- ARGV: config, session, epoch, after or empty, mode (P poll, S stream), incarnation
-- Returns receive, age of the ICE servers, number of the first frame, standing, frames; or why not.
-- needs: relief lineage session rooms negotiation presence matching
local mode, incarnation = ARGV[5], ARGV[6]
local s, why = look_up(ARGV[2], ARGV[3])
if not s then return why end
if ARGV[4] ~= '' and not acknowledge(s, ARGV[4]) then return 'L' end
local frames = frames_after(s, s.a)
if not frames then
  flush()
  return 'L'
end
if is_received(s) then
  tell_ending(s, 'S')
  if s.w ~= mode .. incarnation then call('SREM', 'ib:o:' .. sub(s.w, 2), s.peer) end
end
become_present(s)
append_news(s, frames)
set(s, 'r', (s.r or 0) + 1)
if mode == 'P' and #frames > 0 then
  end_receive(s)
else
  open_receive(s, mode, incarnation)
end
flush()
-- It could not even be told of a match.
if s.dead then return 'L' end
-- Another Redis after a fail-over may have an earlier clock.
return {s.r, math.max(0, now - s.i), s.a + 1, standing_of(s), frames}
