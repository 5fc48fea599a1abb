-- Moves tickets that the queue has lost from pending to lost, so that their e-mails may register again.
--
-- KEYS  1 queue  2 pending  3 lost
-- ARGV  1 TTL of lost (s)  2 channel of the event's news  3... fields of pending (t<key> or e<digest>)
-- Reply number of tickets moved
--
-- Looks again at each: whatever is at or behind the head of the queue is waiting, not lost.

local first = redis.call('XRANGE', KEYS[1], '-', '+', 'COUNT', 1)[1]
local head = first and tonumber(string.match(first[1], '^%d+'))
local moved = {}
for index = 3, #ARGV do
  local field = ARGV[index]
  local place = string.match(redis.call('HGET', KEYS[2], field) or '', '^%d+')
  if place and not (head and tonumber(place) >= head) then
    redis.call('HDEL', KEYS[2], field)
    if string.sub(field, 1, 1) == 't' then
      moved[#moved + 1] = string.sub(field, 2)
      redis.call('HSET', KEYS[3], moved[#moved], place)
    end
  end
end
if #moved > 0 then
  redis.call('EXPIRE', KEYS[3], ARGV[1])
  redis.call('PUBLISH', ARGV[2], table.concat(moved, ' '))
end
return #moved
