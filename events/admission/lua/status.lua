-- Reads the status of tickets of one event. Writes nothing.
--
-- KEYS  state, queue, pending, decided (3), waitlist
-- ARGV  tickets   msgpack [ticket key, ...]
-- Reply msgpack {decisions per second or 0, [answer, ...]} with an answer one of
--       {'decided', outcome}
--       {'waitlisted', outcome, position on the waitlist; 0: not known here}
--       {'queued', sequence, position, requested ms, what it says of seats, if anything}
--       {'dropped', sequence, requested ms}     pending, but gone from the queue
--       {'unknown'}

local STATE, QUEUE, PENDING = KEYS[1], KEYS[2], KEYS[3]
local DECIDED = existing({KEYS[4], KEYS[5], KEYS[6]})
local WAITLIST = KEYS[7]

local tickets = cmsgpack.unpack(ARGV[1])

local state = redis.call('HMGET', STATE, 'rate', 'waitlisted', 'waiting')
-- A copy from an earlier release does not count the tickets that wait: each had one seat.
local rate, waiting = tonumber(state[1] or 0), state[3] or state[2]

local fields = {}
for index, key in ipairs(tickets) do fields[index] = TICKET .. key end

local outcomes, pending, undecided = {}, {}, fields
for _, slot in ipairs(DECIDED) do undecided = read_fields(slot, undecided, outcomes) end
if #undecided > 0 then read_fields(PENDING, undecided, pending) end
local head = next(pending) and head_of(QUEUE)

-- The set may have gone by TTL and begun anew; a position counted in a part of it would be wrong.
local complete = nil
local function is_complete()
  if complete == nil then complete = waiting and tonumber(waiting) == redis.call('ZCARD', WAITLIST) end
  return complete
end

-- The position of a ticket on the waitlist of its type; 0: not known here.
local function position_of(key, outcome)
  local ahead = is_complete() and redis.call('ZRANK', WAITLIST, key)
  if not ahead then return 0 end
  local type_id = string.match(outcome, '|[^|]*' .. TYPE .. '(%d+)[^|]*$')
  if not type_id then return ahead + 1 end
  local first = (tonumber(type_id) % TYPES_OF_AN_EVENT) * LINE
  return ahead + 1 - redis.call('ZCOUNT', WAITLIST, '-inf', digits(first))
end

local function answer(key, field)
  local outcome, entry = outcomes[field], pending[field]
  if outcome then
    if not string.find(outcome, '|waitlisted|', 1, true) then return {'decided', outcome} end
    return {'waitlisted', outcome, position_of(key, outcome)}
  end
  if not entry then return {'unknown'} end
  local sequence, requested, seats = string.match(entry, '^(%d+)|(%d+)|(.*)$')
  sequence, requested = tonumber(sequence), tonumber(requested)
  if not head or sequence < head then return {'dropped', sequence, requested} end
  return {'queued', sequence, sequence - head + 1, requested, seats ~= '' and seats or nil}
end

local answers = {}
for index, key in ipairs(tickets) do
  answers[index] = answer(key, fields[index])
end
return cmsgpack.pack({rate, answers})
