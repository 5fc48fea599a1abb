-- Reads where tickets of one event stand. Writes nothing.
--
-- KEYS  1 state  2 queue  3 pending  4-6 decided  7 waitlist
-- ARGV  1 msgpack [key, ...]
-- Reply msgpack {decisions per second or 0, [answer, ...]} with an answer one of
--       {"o", outcome}   {"w", outcome, place on the waitlist; 0: not known here}   {"q", seq, position, requested ms}
--       {"l", seq, requested ms}  pending, but gone from the queue      {"x"}  not known here

local head = nil
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
if first then head = tonumber(string.match(first[1], '^%d+')) end

local decided = {}
for slot = 4, 6 do
  if redis.call('EXISTS', KEYS[slot]) == 1 then decided[#decided + 1] = KEYS[slot] end
end

local state = redis.call('HMGET', KEYS[1], 'rate', 'waitlisted')
-- The set may have gone by TTL and begun anew; a place counted in a part of it would be wrong.
local complete = state[2] and tonumber(state[2]) == redis.call('ZCARD', KEYS[7])

local function look(key)
  local ticket = 't' .. key
  for _, slot in ipairs(decided) do
    local outcome = redis.call('HGET', slot, ticket)
    if outcome then
      if not string.find(outcome, '|waitlisted|', 1, true) then return {'o', outcome} end
      local ahead = complete and redis.call('ZRANK', KEYS[7], key)
      return {'w', outcome, ahead and ahead + 1 or 0}
    end
  end
  local waiting = redis.call('HGET', KEYS[3], ticket)
  if not waiting then return {'x'} end
  local place, requested = string.match(waiting, '^(%d+)|(%d+)|')
  place = tonumber(place)
  if head and place >= head then return {'q', place, place - head + 1, tonumber(requested)} end
  return {'l', place, tonumber(requested)}
end

local answers = {}
for index, key in ipairs(cmsgpack.unpack(ARGV[1])) do
  answers[index] = look(key)
end
return cmsgpack.pack({tonumber(state[1] or 0), answers})
