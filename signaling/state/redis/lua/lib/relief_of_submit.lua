-- As relief.lua: what acknowledges, leaves or says bye, and nothing else.
if #ARGV == 4 or #ARGV == 6 and (ARGV[6] == 'L' or ARGV[6] == 'B') then call('DEL', 'ib:') end
