-- ARGV: config, session, receive, after, mode (P: the receive ends when there are frames), incarnation
-- Returns number of the first frame, frames, standing when one of them needs a token; or why not.
-- needs: relief lineage session rooms negotiation presence matching
local s = load(sub(ARGV[2], SECRET + 1))
if not s or s.k ~= sub(ARGV[2], 1, SECRET) then return 'U' end
if not s.w or s.r ~= ARGV[3] then return 'S' end
local after = math.max(tonumber(ARGV[4]), s.a)
local frames = frames_after(s, after)
if not frames then
  flush()
  return 'L'
end
-- The instance was slow to beat, not gone.
if s.w == '!' then
  open_receive(s, ARGV[5], ARGV[6])
  become_present(s)
  append_news(s, frames)
end
if ARGV[5] == 'P' and #frames > 0 then end_receive(s) end
flush()
for _, frame in ipairs(frames) do
  if byte(frame) == 84 then return {after + 1, frames, standing_of(s)} end
end
return {after + 1, frames}
