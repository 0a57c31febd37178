-- First in scripts that free memory or hardly take any: they run in a full Redis, too, which refuses a script only at its first write, and
-- only when that one may need memory.
call('DEL', 'ib:')
