-- Moves tickets that the queue has lost from pending and missing to lost, so that their e-mails may register again.
--
-- KEYS  queue, pending, lost, missing
-- ARGV  lost_ttl (s)
--       channel    where the event's news are published
--       publish_command   PUBLISH, or SPUBLISH on a Cluster
--       fields     ..., of pending: a ticket's or an e-mail's
-- Reply number of tickets that were not in lost before
--
-- Checks each field again: an entry at the head of the queue or behind it is waiting, not lost.

local QUEUE, PENDING, LOST, MISSING = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local lost_ttl = ARGV[1]
local channel = ARGV[2]
local publish_command = ARGV[3]
local fields = {select(4, unpack(ARGV))}

local head = head_of(QUEUE)
local moved, added = {}, 0
for _, field in ipairs(fields) do
  local key = string.sub(field, 1, 1) == TICKET and string.sub(field, 2)
  local noted = string.match(redis.call('HGET', PENDING, field) or '', '^%d+')
  local sequence = noted or (key and redis.call('HGET', MISSING, key))
  if sequence and not (noted and head and tonumber(noted) >= head) then
    if key then uncount_code(PENDING, key) else redis.call('HDEL', PENDING, field) end
    if key then
      moved[#moved + 1] = key
      added = added + redis.call('HSET', LOST, key, sequence)
    end
  end
  if key then redis.call('HDEL', MISSING, key) end
end
if #moved > 0 then
  redis.call('EXPIRE', LOST, lost_ttl)
  redis.call(publish_command, channel, table.concat(moved, ' '))
end
return added
