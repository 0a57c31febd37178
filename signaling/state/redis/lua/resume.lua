-- ARGV: config, session, epoch, after or empty, purpose (W = a welcome follows)
-- Returns acknowledged, received, standing; or why not.
-- needs: relief lineage session rooms negotiation presence matching
local s, why = look_up(ARGV[2], ARGV[3])
if not s then return why end
if ARGV[4] ~= '' and not acknowledge(s, ARGV[4]) then return 'L' end
renew_lease(s)
if ARGV[5] == 'W' then set(s, 'i', now) end
touch(s)
flush()
return {s.a, tonumber(s.n or 0), standing_of(s)}
