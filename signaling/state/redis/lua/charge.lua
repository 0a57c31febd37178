-- Rate limits, all or nothing: GCRA as common/base/gcra.hpp has it, in microseconds.
-- ARGV: per charge: key, interval per event × events, period × burst
-- Returns 0, or milliseconds to wait.
local wait, debts = 0, {}
for at = 1, #ARGV, 3 do
  local debt = tonumber(call('GET', 'ib:rl:' .. ARGV[at]) or 0)
  local start = math.max(debt, now_us)
  local done = start + ARGV[at + 1]
  local over = done - (now_us + ARGV[at + 2])
  if over > 0 and start > now_us then wait = math.max(wait, math.ceil(math.min(over, start - now_us) / 1000)) end
  debts[#debts + 1] = done
end
if wait > 0 then return wait end
for i, debt in ipairs(debts) do
  if debt > now_us then
    call('SET', 'ib:rl:' .. ARGV[3 * i - 2], string.format('%.0f', debt), 'PX', math.ceil((debt - now_us) / 1000))
  end
end
return 0
