-- ARGV: config, session, receive
-- needs: relief lineage session rooms negotiation presence matching
local s = load(sub(ARGV[2], SECRET + 1))
if not s or s.k ~= sub(ARGV[2], 1, SECRET) or not s.w or s.r ~= ARGV[3] then return end
if s.w == '!' then set(s, 'w', nil) else end_receive(s) end
flush()
