-- Counts calls for the rate as if they had arrived some ms ago, since their arrival is not known.
--
-- KEYS        rate sets (sorted sets by instant, ms)
-- ARGV[1]     ms since the assumed arrival; ARGV[2] ms for which the sets are kept
-- ARGV[...]   per key: number of references, references
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local ago, kept = tonumber(ARGV[1]), tonumber(ARGV[2])
local at = 3
for _, key in ipairs(KEYS) do
    local count = tonumber(ARGV[at])
    for i = at + 1, at + count do
        redis.call('ZADD', key, 'GT', now - ago, ARGV[i])
    end
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now - kept)
    redis.call('PEXPIRE', key, kept)
    at = at + 1 + count
end
return false
