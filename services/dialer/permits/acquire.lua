-- Grants permits over a hierarchy of scopes: all of an attempt's scopes or none.
--
-- KEYS[1]            epoch; without it the leases are not to be trusted and nothing is granted
-- KEYS[2i], [2i+1]   leases and rate of scope i (sorted sets by expiry and by instant, ms)
-- ARGV[1..5]         epoch, rate window ms, lease ms, number of scopes n, number of hierarchies
-- ARGV[6..5+2n]      per scope: max_concurrent, calls_per_second; 0 is no cap
-- ARGV[...]          per hierarchy: number of its scopes, their indexes
-- ARGV[...]          per attempt: id, hierarchy
-- Returns false when the epoch is another; else those that are not granted, each with its place among
-- the attempts, the wait in ms and the scope that binds: {place, wait, scope, place, wait, ...}.
local epoch = redis.call('GET', KEYS[1])
if not epoch or epoch ~= ARGV[1] then
    return false
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local window, lease, n = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local held, rated, caps, rates = {}, {}, {}, {}
for i = 1, n do
    caps[i], rates[i] = tonumber(ARGV[4 + 2 * i]), tonumber(ARGV[5 + 2 * i])
    if caps[i] > 0 then
        redis.call('ZREMRANGEBYSCORE', KEYS[2 * i], '-inf', now)
        held[i] = redis.call('ZCARD', KEYS[2 * i])
    end
    if rates[i] > 0 then
        redis.call('ZREMRANGEBYSCORE', KEYS[2 * i + 1], '-inf', now - window)
        rated[i] = redis.call('ZCARD', KEYS[2 * i + 1])
    end
end
local hierarchies, at = {}, 6 + 2 * n
for h = 1, tonumber(ARGV[5]) do
    local count = tonumber(ARGV[at])
    hierarchies[h] = {}
    for j = 1, count do
        hierarchies[h][j] = tonumber(ARGV[at + j])
    end
    at = at + 1 + count
end
local answer, place = {}, 0
for a = at, #ARGV, 2 do
    place = place + 1
    local id, scopes = ARGV[a], hierarchies[tonumber(ARGV[a + 1])]
    local wait, binding = 0, 0
    for _, i in ipairs(scopes) do
        if caps[i] > 0 and held[i] >= caps[i] and not redis.call('ZSCORE', KEYS[2 * i], id) then
            wait, binding = math.max(wait, 100), i
        end
        if rates[i] > 0 and rated[i] >= rates[i] and not redis.call('ZSCORE', KEYS[2 * i + 1], id)
        then
            local oldest = redis.call('ZRANGE', KEYS[2 * i + 1], 0, 0, 'WITHSCORES')
            local free = math.ceil(tonumber(oldest[2]) + window - now)
            if free >= wait then
                wait, binding = math.max(free, 1), i
            end
        end
    end
    if wait == 0 then
        for _, i in ipairs(scopes) do
            local added = redis.call('ZADD', KEYS[2 * i], now + lease, id)
            if caps[i] > 0 then
                held[i] = held[i] + added
            end
            if rates[i] > 0 then
                -- An attempt is dialed once at most, so one that asks again counts once, from now.
                rated[i] = rated[i] + redis.call('ZADD', KEYS[2 * i + 1], now, id)
            end
        end
    else
        answer[#answer + 1] = place
        answer[#answer + 1] = wait
        answer[#answer + 1] = binding
    end
end
for i = 1, n do
    redis.call('PEXPIRE', KEYS[2 * i], lease * 2)
    if rates[i] > 0 then
        redis.call('PEXPIRE', KEYS[2 * i + 1], window * 2)
    end
end
return answer
