-- Reads the status of tickets of one event. Writes nothing.
--
-- KEYS  state, queue, pending, decided (3, the one first that is likely to have most), waitlist
-- ARGV  tickets   msgpack [t<ticket key>, ...], at most some thousands
-- Reply msgpack [
--       decisions per second or 0,
--       [outcome, or false; ...]            of each ticket
--       [what `pending` has of it, or false; ...]  of each that has no outcome, in the same order
--       [[number of a ticket from 1 on, its position on the waitlist], ...], without those whose position is not known
--       head of the queue; 0: nothing is in line, or nothing that was asked for
--       from which sequence on a seat is unlikely
--       ticket types without a seat, `|t<id>|t<id>|`]
--
-- What the hashes say is not taken apart here: it would cost the server more than what reads the reply.

local STATE, QUEUE, PENDING, NEWEST, WAITLIST = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[7]
local OLDER = {KEYS[5], KEYS[6]}

local tickets = cmsgpack.unpack(ARGV[1])

local outcomes = redis.call('HMGET', NEWEST, unpack(tickets))

local function without_outcome()
  local found, count = {}, 0
  for index, outcome in ipairs(outcomes) do
    if not outcome then
      count = count + 1
      found[count] = tickets[index]
    end
  end
  return found
end

-- Nearly always all outcomes are in one hash, so the others are only asked for where it lacks some.
local undecided = without_outcome()
for _, slot in ipairs(#undecided > 0 and existing(OLDER) or {}) do
  for index, outcome in ipairs(redis.call('HMGET', slot, unpack(tickets))) do
    outcomes[index] = outcomes[index] or outcome
  end
  undecided = without_outcome()
end

-- The set may have gone by TTL and begun anew; a position counted in a part of it would be wrong. A copy from an earlier
-- release does not count the tickets that wait: each had one seat.
local function is_complete()
  local copy = redis.call('HMGET', STATE, 'waiting', 'waitlisted')
  return tonumber(copy[1] or copy[2]) == redis.call('ZCARD', WAITLIST)
end

-- The position of a ticket on the waitlist of its type, if it is known here.
local function position_of(ticket, outcome)
  local ahead = redis.call('ZRANK', WAITLIST, string.sub(ticket, #TICKET + 1))
  local type_id = ahead and string.match(outcome, '|[^|]*' .. TYPE .. '(%d+)[^|]*$')
  if not type_id then return ahead and ahead + 1 end
  local first = (tonumber(type_id) % TYPES_OF_AN_EVENT) * LINE
  return ahead + 1 - redis.call('ZCOUNT', WAITLIST, '-inf', digits(first))
end

local positions, complete = {}, nil
for index, outcome in ipairs(outcomes) do
  if outcome and string.find(outcome, '|waitlisted|', 1, true) then
    if complete == nil then complete = is_complete() end
    local position = complete and position_of(tickets[index], outcome)
    if position then positions[#positions + 1] = {index, position} end
  end
end

local NEVER = 2 ^ 53

-- The decisions per second; from which sequence on a registration in line gets no seat unless one that is taken becomes
-- free: none is left, or at least as many registrations for one seat stand before it as are left; and with ticket types,
-- those that have no seat left.
local function read_line(head)
  local copy = redis.call('HMGET', STATE, 'rate', 'line', 'version', 'shown', 'resized', 'seq', 'packed')
  local rate, last = copy[1], copy[6]
  local version, decided_ms, left, full = string.match(copy[2] or '', '^(%d+):(%d+):(%d*):(.*)$')
  -- What an earlier release has left behind is of another version. While counts are ahead of the outcomes, some who are
  -- counted are still in line. And new sizes that are in line may be seats for all behind them.
  if version ~= copy[3] or tonumber(decided_ms) > tonumber(copy[4] or 0) or tonumber(copy[5] or 0) >= head then
    return rate, NEVER, ''
  end
  left = tonumber(left)
  if left == 0 then return rate, 0, full end
  if not left or last - head < left then return rate, NEVER, full end
  -- Each registration has a field of its own and one of its e-mail; any other entry has one field at most, and may free
  -- a seat: it takes one of these out. After a loss fields are there whose entries are not.
  local entries = redis.call('XLEN', QUEUE) + (copy[7] or 0)
  local registrations = math.min(2 * redis.call('HLEN', PENDING) - 3 * entries, entries)
  return rate, last + 1 + left - registrations, full
end

local pending = #undecided > 0 and redis.call('HMGET', PENDING, unpack(undecided)) or {}
local function is_any_pending()
  for _, entry in ipairs(pending) do
    if entry then return true end
  end
  return false
end

local head = is_any_pending() and head_of(QUEUE) or 0
local rate, unlikely_from, full = nil, NEVER, ''
if head > 0 then rate, unlikely_from, full = read_line(head) else rate = redis.call('HGET', STATE, 'rate') end

return cmsgpack.pack({tonumber(rate or 0), outcomes, pending, positions, head, unlikely_from, full})
