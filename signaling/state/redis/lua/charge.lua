-- Rate limits, all or nothing: GCRA as common/base/gcra.hpp has it, in microseconds.
-- ARGV: per charge: key, interval per event × events, period × burst
-- Returns 0, or milliseconds to wait.
--
-- String ib:rl:<key>: until when the debt lasts, and when that was noted.
local wait, debts = 0, {}

local function note(key, debt)
  call('SET', key, string.format('%.0f %.0f', debt, now_us), 'PX', math.ceil((debt - now_us) / 1000))
end

local function debt_of(key)
  local debt, noted = string.match(call('GET', key) or '', '^(%d+) (%d+)$')
  if not debt then return 0 end
  local ahead = noted - now_us
  if ahead <= 0 then return debt + 0 end
  -- The clock has gone back, which must not make the debt last longer.
  note(key, debt - ahead)
  return debt - ahead
end

for at = 1, #ARGV, 3 do
  local start = math.max(debt_of('ib:rl:' .. ARGV[at]), now_us)
  local done = start + ARGV[at + 1]
  local over = done - (now_us + ARGV[at + 2])
  if over > 0 and start > now_us then wait = math.max(wait, math.ceil(math.min(over, start - now_us) / 1000)) end
  debts[#debts + 1] = done
end
if wait > 0 then return wait end
for i, debt in ipairs(debts) do
  if debt > now_us then note('ib:rl:' .. ARGV[3 * i - 2], debt) end
end
return 0
