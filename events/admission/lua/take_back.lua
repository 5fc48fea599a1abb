-- Takes published outcomes back that the ledger does not hold, and notes tickets as lost of which it holds nothing.
--
-- KEYS  decided (3), waitlist, lost
-- ARGV  lost_ttl (s)
--       channel    where the event's news are published
--       publish_command   PUBLISH, or SPUBLISH on a Cluster
--       outcomes   msgpack [[ticket key, e-mail digest or '', outcome as it was read, sequence if lost or 0], ...]
-- Reply number of outcomes taken back
--
-- One that has been published anew since it was read stays.

local DECIDED = {KEYS[1], KEYS[2], KEYS[3]}
local WAITLIST, LOST = KEYS[4], KEYS[5]

local lost_ttl = ARGV[1]
local channel = ARGV[2]
local publish_command = ARGV[3]
local outcomes = cmsgpack.unpack(ARGV[4])

-- Where an outcome has its parts.
local KEY, DIGEST, TEXT, LOST_SEQUENCE = 1, 2, 3, 4

local function take_back(item)
  for _, slot in ipairs(DECIDED) do
    if redis.call('HGET', slot, TICKET .. item[KEY]) == item[TEXT] then
      redis.call('HDEL', slot, TICKET .. item[KEY])
      return true
    end
  end
  return false
end

local function free_email(item)
  for _, slot in ipairs(DECIDED) do
    if redis.call('HGET', slot, EMAIL .. item[DIGEST]) == item[KEY] then
      redis.call('HDEL', slot, EMAIL .. item[DIGEST])
    end
  end
end

local taken, lost = {}, false
for _, item in ipairs(outcomes) do
  if take_back(item) then
    if item[DIGEST] ~= '' then free_email(item) end
    redis.call('ZREM', WAITLIST, item[KEY])
    if item[LOST_SEQUENCE] > 0 then
      redis.call('HSET', LOST, item[KEY], digits(item[LOST_SEQUENCE]))
      lost = true
    end
    taken[#taken + 1] = item[KEY]
  end
end
if lost then redis.call('EXPIRE', LOST, lost_ttl) end
if #taken > 0 then redis.call(publish_command, channel, table.concat(taken, ' ')) end
return #taken
