-- Grants permits over a hierarchy of scopes: all of an attempt's scopes or none.
--
-- KEYS[1]            epoch, which ends with the instant (ms) of its making; the leases of another
--                    epoch are not to be trusted, and nothing is granted
-- KEYS[2i], [2i+1]   leases and rate of scope i (sorted sets by expiry and by instant, ms)
-- ARGV[1]            JSON: `epoch`, `quiet` (ms without permits before the epoch), `lease` (ms);
--                    `caps`, per scope: max_concurrent, calls per rate window, rate window ms; 0 is
--                    no cap; `hierarchies`: the indexes of their scopes; `attempts`: the reference
--                    and the index of the hierarchy of each. One argument, because a client packs
--                    hundreds of them slowly.
-- Returns false when the epoch is another; else each attempt without a permit: its index among the
-- attempts, the wait in ms and the scope that binds: {index, wait, scope, index, wait, ...}.
local function add(key, members)
    -- More than this are too many for one call.
    for first = 1, #members, 1000 do
        redis.call('ZADD', key, unpack(members, first, math.min(first + 999, #members)))
    end
end

local wanted = cjson.decode(ARGV[1])
local epoch = redis.call('GET', KEYS[1])
if not epoch or epoch ~= wanted.epoch then
    return false
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + tonumber(time[2]) / 1000
local quiet_since = tonumber(string.match(epoch, '%d+$')) - wanted.quiet
local lease, n = wanted.lease, #wanted.caps
local held, rated, caps, rates, windows, closed = {}, {}, {}, {}, {}, {}
for i = 1, n do
    caps[i], rates[i], windows[i] = unpack(wanted.caps[i])
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
-- Nearly always all attempts fit below each cap. Then none has to be looked at by itself, and all
-- are added by one call per set: eight calls for each attempt are most of the cost.
local fits = true
for i = 1, n do
    fits = fits and (caps[i] == 0 or held[i] + #wanted.attempts <= caps[i])
        and (rates[i] == 0 or (closed[i] <= 0 and rated[i] + #wanted.attempts <= rates[i]))
end
if fits then
    -- By hierarchy, as ZADD takes them: score, reference, score, reference, ...
    local leases, permits = {}, {}
    for h = 1, #wanted.hierarchies do
        leases[h], permits[h] = {}, {}
    end
    -- Written as text once, because each call would do it again.
    local expiry, instant = string.format('%.17g', now + lease), string.format('%.17g', now)
    for _, attempt in ipairs(wanted.attempts) do
        local id, own, own_permits = attempt[1], leases[attempt[2]], permits[attempt[2]]
        local last = #own
        own[last + 1], own[last + 2] = expiry, id
        own_permits[last + 1], own_permits[last + 2] = instant, id
    end
    for h, scopes in ipairs(wanted.hierarchies) do
        for _, i in ipairs(scopes) do
            add(KEYS[2 * i], leases[h])
            if rates[i] > 0 then
                add(KEYS[2 * i + 1], permits[h])
            end
        end
    end
end
local answer = {}
for index, attempt in ipairs(fits and {} or wanted.attempts) do
    local id, scopes = attempt[1], wanted.hierarchies[attempt[2]]
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
