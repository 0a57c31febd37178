-- An incarnation lives, and says which receives are open there: their expiries are renewed, and those that another incarnation or none
-- holds are taken over.
-- ARGV: config, incarnation, then per receive: session, receive, mode
-- Returns whether the incarnation was unknown or had lapsed (1), then per receive: 0 = open, or S, L = superseded, lost
-- needs: session rooms negotiation presence matching
local incarnation = ARGV[2]
local is_new = call('ZADD', 'ib:i', now, incarnation)
call('PEXPIRE', 'ib:i', KEEP)
call('PEXPIRE', 'ib:o:' .. incarnation, KEEP)

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

local answer = {is_new}
for at = 3, #ARGV, 3 do answer[#answer + 1] = verify(ARGV[at], ARGV[at + 1], ARGV[at + 2]) end
flush()
return answer
