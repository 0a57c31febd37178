-- Proves once a second that scripts run, writes are taken and the wake channel works.
-- ARGV: incarnation, payload
-- needs: relief
call('SET', 'ib:probe:' .. ARGV[1], now, 'PX', 10000)
call('PUBLISH', 'ib:n:' .. ARGV[1], ARGV[2])
return 1
