-- Reads the status of tickets of one event. Writes nothing.
--
-- KEYS  state, queue, pending, decided (3), waitlist
-- ARGV  tickets   msgpack [ticket key, ...]
-- Reply msgpack {decisions per second or 0, [answer, ...]} with an answer one of
--       {'decided', outcome}
--       {'waitlisted', outcome, position on the waitlist; 0: not known here}
--       {'queued', sequence, position, requested ms}
--       {'dropped', sequence, requested ms}     pending, but gone from the queue
--       {'unknown'}

local STATE, QUEUE, PENDING = KEYS[1], KEYS[2], KEYS[3]
local DECIDED = existing({KEYS[4], KEYS[5], KEYS[6]})
local WAITLIST = KEYS[7]

local tickets = cmsgpack.unpack(ARGV[1])

local head = head_of(QUEUE)
local state = redis.call('HMGET', STATE, 'rate', 'waitlisted')
local rate, waitlisted = tonumber(state[1] or 0), state[2]
-- The set may have gone by TTL and begun anew; a position counted in a part of it would be wrong.
local complete = waitlisted and tonumber(waitlisted) == redis.call('ZCARD', WAITLIST)

local function find(key)
  local field = TICKET .. key
  for _, slot in ipairs(DECIDED) do
    local outcome = redis.call('HGET', slot, field)
    if outcome then
      if not string.find(outcome, '|waitlisted|', 1, true) then return {'decided', outcome} end
      local ahead = complete and redis.call('ZRANK', WAITLIST, key)
      return {'waitlisted', outcome, ahead and ahead + 1 or 0}
    end
  end
  local pending = redis.call('HGET', PENDING, field)
  if not pending then return {'unknown'} end
  local sequence, requested = string.match(pending, '^(%d+)|(%d+)|')
  sequence = tonumber(sequence)
  if head and sequence >= head then return {'queued', sequence, sequence - head + 1, tonumber(requested)} end
  return {'dropped', sequence, tonumber(requested)}
end

local answers = {}
for index, key in ipairs(tickets) do
  answers[index] = find(key)
end
return cmsgpack.pack({rate, answers})
