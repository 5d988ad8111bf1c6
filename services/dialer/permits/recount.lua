-- Has calls count for the rate as if they had arrived at this instant, since nobody knows better.
--
-- KEYS        rate sets (sorted sets by instant, ms)
-- ARGV[1]     rate window ms; ARGV[2] ms for which the calls still count
-- ARGV[...]   per key: number of ids, ids
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local window, stay = tonumber(ARGV[1]), tonumber(ARGV[2])
local at = 3
for _, key in ipairs(KEYS) do
    local count = tonumber(ARGV[at])
    for i = at + 1, at + count do
        redis.call('ZADD', key, 'GT', now - window + stay, ARGV[i])
    end
    redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)
    redis.call('PEXPIRE', key, window * 2)
    at = at + 1 + count
end
return false
