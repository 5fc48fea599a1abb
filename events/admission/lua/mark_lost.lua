-- Moves tickets that the queue has lost from pending to lost, so that their e-mails may register again.
--
-- KEYS  queue, pending, lost
-- ARGV  lost_ttl (s)
--       channel    where the event's news are published
--       publish_command   PUBLISH, or SPUBLISH on a Cluster
--       fields     ..., of pending: a ticket's or an e-mail's
-- Reply number of tickets moved
--
-- Checks each field again: an entry at the head of the queue or behind it is waiting, not lost.

local QUEUE, PENDING, LOST = KEYS[1], KEYS[2], KEYS[3]

local lost_ttl = ARGV[1]
local channel = ARGV[2]
local publish_command = ARGV[3]
local fields = {select(4, unpack(ARGV))}

local head = head_of(QUEUE)
local moved = {}
for _, field in ipairs(fields) do
  local sequence = string.match(redis.call('HGET', PENDING, field) or '', '^%d+')
  if sequence and not (head and tonumber(sequence) >= head) then
    redis.call('HDEL', PENDING, field)
    if string.sub(field, 1, 1) == TICKET then
      moved[#moved + 1] = string.sub(field, 2)
      redis.call('HSET', LOST, moved[#moved], sequence)
    end
  end
end
if #moved > 0 then
  redis.call('EXPIRE', LOST, lost_ttl)
  redis.call(publish_command, channel, table.concat(moved, ' '))
end
return #moved
