-- What the scripts share. Each script is this text followed by its own file; ARGV only, keys are computed inside.

-- Milliseconds by Redis's clock, so that the clocks of the instances never matter.
local function now_ms()
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
