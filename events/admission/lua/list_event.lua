-- Notes what the list of public events has of one, unless a newer version is there.
--
-- KEYS  listed
-- ARGV  id of the event
--       version   of its row
--       text      JSON of `Listed`; '' if it is not public: kept too, so that an older version does not come back
--       ttl (s)
-- Reply 1 if it was taken, 0 if what is there is newer

local LISTED = KEYS[1]

local event_id = ARGV[1]
local version = ARGV[2]
local text = ARGV[3]
local ttl = ARGV[4]

local stored = redis.call('HGET', LISTED, event_id)
if stored and tonumber(string.match(stored, '^%d+')) > tonumber(version) then return 0 end
redis.call('HSET', LISTED, event_id, version .. '|' .. text)
redis.call('EXPIRE', LISTED, ttl)
return 1
