-- Reads the status of tickets of one event. Writes nothing.
--
-- KEYS  state, queue, pending, decided (3), waitlist
-- ARGV  tickets   msgpack [ticket key, ...]
-- Reply msgpack {decisions per second or 0, [answer, ...]} with an answer one of
--       {'decided', outcome}
--       {'waitlisted', outcome, position on the waitlist; 0: not known here}
--       {'queued', sequence, position, requested ms, what it says of seats, true if a seat is unlikely}, without the
--           last if it is not, and without the last two if it says nothing of seats either
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

local NEVER = math.huge

-- From which sequence on a registration in line gets no seat unless one that is taken becomes free: none is left, or at
-- least as many registrations for one seat stand before it as are left. And with ticket types, those that have no seat
-- left, by their ids.
local function read_line()
  local copy = redis.call('HMGET', STATE, 'decided_ms', 'shown', 'paused', 'capacity', 'confirmed', 'held', 'waitlisted',
    'max_quantity', 'types', 'codes', 'seq', 'packed')
  -- While counts are ahead of the outcomes, some who are counted are still in line. And a draw has no line.
  if not copy[1] or copy[3] ~= '0' or tonumber(copy[1]) > tonumber(copy[2] or 0) then return NEVER end
  if copy[9] ~= '' then
    local full = {}
    for _, each in ipairs(cjson.decode(copy[9])) do full[digits(each[1])] = each[3] <= 0 end
    return NEVER, full
  end
  local free = copy[4] - copy[5] - copy[6]
  if free <= 0 or copy[7] ~= '0' then return 0 end
  if copy[8] ~= '1' or copy[10] ~= '' then return NEVER end
  -- Each registration has a field of its own and one of its e-mail; any other entry has one field at most, and may free
  -- a seat: it takes one of these out. After a loss fields are there whose entries are not.
  local entries = redis.call('XLEN', QUEUE) + (copy[12] or 0)
  local registrations = math.min(2 * redis.call('HLEN', PENDING) - 3 * entries, entries)
  return copy[11] + 1 + free - registrations
end

local unlikely_from, full = NEVER, nil
if head then unlikely_from, full = read_line() end

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
  local position = sequence - head + 1
  if sequence >= unlikely_from or full and full[string.match(seats, TYPE .. '(%d+)')] then
    return {'queued', sequence, position, requested, seats, true}
  end
  return {'queued', sequence, position, requested, seats ~= '' and seats or nil}
end

local answers = {}
for index, key in ipairs(tickets) do
  answers[index] = answer(key, fields[index])
end
return cmsgpack.pack({rate, answers})
