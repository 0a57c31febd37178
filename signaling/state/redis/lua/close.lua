-- ARGV: config, session, epoch
-- Returns nothing, or why not.
-- needs: relief lineage session rooms negotiation presence matching
local s, why = look_up(ARGV[2], ARGV[3])
if not s then return why end
F.end_session(s, 'bye', 'N', 'C')
flush()
