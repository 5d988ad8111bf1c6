-- Grants permits over a hierarchy of scopes: all of an attempt's scopes or none.
--
-- KEYS[1]            epoch, which ends with the instant (ms) of its making; the leases of another
--                    epoch are not to be trusted, and nothing is granted
-- KEYS[2i], [2i+1]   leases and rate of scope i (sorted sets by expiry and by instant, ms)
-- ARGV[1..5]         epoch, ms without permits before the epoch, lease ms, number of scopes n,
--                    number of hierarchies
-- ARGV[6..5+3n]      per scope: max_concurrent, calls per rate window, rate window ms; 0 is no cap
-- ARGV[...]          per hierarchy: number of its scopes, their indexes
-- ARGV[...]          per attempt: reference, hierarchy
-- Returns false when the epoch is another; else each attempt without a permit: its index among the
-- attempts, the wait in ms and the scope that binds: {index, wait, scope, index, wait, ...}.
local epoch = redis.call('GET', KEYS[1])
if not epoch or epoch ~= ARGV[1] then
    return false
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local quiet_since = tonumber(string.match(epoch, '%d+$')) - tonumber(ARGV[2])
local lease, n = tonumber(ARGV[3]), tonumber(ARGV[4])
local held, rated, caps, rates, windows, closed = {}, {}, {}, {}, {}, {}
for i = 1, n do
    caps[i], rates[i] = tonumber(ARGV[3 + 3 * i]), tonumber(ARGV[4 + 3 * i])
    windows[i] = tonumber(ARGV[5 + 3 * i])
    if caps[i] > 0 then
        redis.call('ZREMRANGEBYSCORE', KEYS[2 * i], '-inf', now)
        held[i] = redis.call('ZCARD', KEYS[2 * i])
    end
    if rates[i] > 0 then
        redis.call('ZREMRANGEBYSCORE', KEYS[2 * i + 1], '-inf', now - windows[i])
        rated[i] = redis.call('ZCARD', KEYS[2 * i + 1])
        -- A window that reaches back before the epoch may hold permits that were lost with it.
        closed[i] = quiet_since + windows[i] - now
    end
end
local hierarchies, at = {}, 6 + 3 * n
for h = 1, tonumber(ARGV[5]) do
    local count = tonumber(ARGV[at])
    hierarchies[h] = {}
    for j = 1, count do
        hierarchies[h][j] = tonumber(ARGV[at + j])
    end
    at = at + 1 + count
end
local answer, index = {}, 0
for a = at, #ARGV, 2 do
    index = index + 1
    local id, scopes = ARGV[a], hierarchies[tonumber(ARGV[a + 1])]
    local wait, binding = 0, 0
    for _, i in ipairs(scopes) do
        if caps[i] > 0 and held[i] >= caps[i] and not redis.call('ZSCORE', KEYS[2 * i], id) then
            wait, binding = math.max(wait, 100), i
        end
        if rates[i] > 0 and (closed[i] > 0 or rated[i] >= rates[i])
            and not redis.call('ZSCORE', KEYS[2 * i + 1], id)
        then
            local free = math.ceil(closed[i])
            if rated[i] >= rates[i] then
                local oldest = redis.call('ZRANGE', KEYS[2 * i + 1], 0, 0, 'WITHSCORES')
                free = math.max(free, math.ceil(tonumber(oldest[2]) + windows[i] - now))
            end
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
        answer[#answer + 1] = index
        answer[#answer + 1] = wait
        answer[#answer + 1] = binding
    end
end
for i = 1, n do
    redis.call('PEXPIRE', KEYS[2 * i], lease * 2)
    if rates[i] > 0 then
        redis.call('PEXPIRE', KEYS[2 * i + 1], windows[i] * 2)
    end
end
return answer
