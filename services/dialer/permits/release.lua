-- Gives leases back.
--
-- KEYS        leases (sorted sets)
-- ARGV[1]     JSON: `members`, lists of references; `lists`: for each key the index of its list. One
--             argument, because a client packs hundreds of them slowly, and scopes share a list.
local given = cjson.decode(ARGV[1])
-- More values than this are too many for one call.
local most = 1000
for i, key in ipairs(KEYS) do
    local members = given.members[given.lists[i]]
    for first = 1, #members, most do
        redis.call('ZREM', key, unpack(members, first, math.min(first + most - 1, #members)))
    end
end
return false
