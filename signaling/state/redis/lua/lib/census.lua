-- How many sessions there are, for the limit: who is received, and who is awaited. Counted anew every two seconds while sessions open,
-- and kept up to date in between.
--
-- String ib:count: how many.
parts[#parts + 1] = function(F)
  local function count_all()
    local count = 0
    for partition = 0, 63 do count = count + call('ZCARD', string.format('ib:{p%02d}x', partition)) end
    for _, incarnation in ipairs(call('ZRANGE', 'ib:i', 0, -1)) do count = count + call('SCARD', 'ib:o:' .. incarnation) end
    call('SET', 'ib:count', count, 'PX', 2000)
    return count
  end

  function F.is_full()
    return SESSIONS > 0 and (call('GET', 'ib:count') or count_all()) + 0 >= SESSIONS
  end

  function F.count_one_more()
    if SESSIONS > 0 then call('INCR', 'ib:count') end
  end
end
