-- Whether the data are a continuation of what the instances have seen. A Redis that comes back may have lost the end: a replica that
-- lagged was promoted, the append-only file was cut off. Then nobody can tell what is missing, and all sessions end as lost.
--
-- String ib:mark: counts the runs of scripts that touch sessions. Every reply says it, so that an instance knows how far the data must
-- reach that it has answered from. An era is a range of marks: sessions live in the era that they were opened in.
-- List ib:line: the runs of Redis, the newest first, each as: run id, mark at its start, ! when everything from before it is lost.
local ERA = 2 ^ 32
local mark = call('INCR', 'ib:mark')
local era = math.floor(mark / ERA)
