-- Reads where tickets of one event stand. Writes nothing.
--
-- KEYS  1 state  2 queue  3 pending  4-6 decided
-- ARGV  1 msgpack [key, ...]
-- Reply msgpack {decisions per second or 0, [answer, ...]} with an answer one of
--       {"o", outcome}   {"q", seq, position, requested ms}
--       {"l", seq, requested ms}  pending, but gone from the queue      {"x"}  not known here

local head = nil
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
if first then head = tonumber(string.match(first[1], '^%d+')) end

local decided = {}
for slot = 4, 6 do
  if redis.call('EXISTS', KEYS[slot]) == 1 then decided[#decided + 1] = KEYS[slot] end
end

local function look(ticket)
  for _, slot in ipairs(decided) do
    local outcome = redis.call('HGET', slot, ticket)
    if outcome then return {'o', outcome} end
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
  answers[index] = look('t' .. key)
end
local rate = redis.call('HGET', KEYS[1], 'rate')
return cmsgpack.pack({tonumber(rate or 0), answers})
