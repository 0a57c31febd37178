-- What all scripts share. Each script is this text, the parts of lib/ that it names in its line `needs:`, and its own file; ARGV only,
-- keys are computed inside. Time is Redis's, so that the clocks of the instances never matter.
local call = redis.call
local clock = call('TIME')
local now_us = clock[1] * 1000000 + clock[2]
local now = math.floor(now_us / 1000) -- milliseconds
