-- Names and helpers of all scripts, put in front of each. Not a script of its own.
--
-- Names that are short in Redis, where they are stored once for each ticket; `fields.py` has the same ones.

-- Fields of an entry of the queue.
local ENTRY_TICKET, ENTRY_KIND, ENTRY_REQUESTED, ENTRY_PAYLOAD, ENTRY_SEATS = 't', 'c', 'r', 'p', 's'
local ENTRY_ADDED = 'a'
-- Payloads of cancellations that the event's `cancel_until` does not bind: the holder's, and the organizer's.
local EXEMPT, BY_ORGANIZER = 'x', 'o'
-- Who added a guest, if not the guest: the organizer, or the organizer beyond the capacity.
local BEYOND_CAPACITY = 'b'
-- Prefixes of the fields of `pending` and `decided`, before a ticket's key, an e-mail digest, and the key of the ticket
-- that is cancelled, confirmed, or whose hold is to end.
local TICKET, EMAIL, CANCELLATION, CONFIRMATION, EXPIRY = 't', 'e', 'c', 'h', 'x'
-- Prefixes of the fields of `rates`.
local ADMITTED_IN, DECIDED_IN = 'a', 'd'
-- The field of a limiter's hash that holds the number of its window.
local WINDOW = 'w'
-- The prefix of the last part of an outcome once the ticket's holder has been let in; the time (ms) follows.
local CHECKED_IN = 'i'
-- Prefixes of the parts before it, and of what an entry and `pending` say of a ticket's seats: how many if more than one,
-- and the id of their ticket type if the event has any; and of a group, how many have been let in so far.
local QUANTITY, TYPE, PARTLY_IN = 'q', 't', 'n'
-- The prefix of the last part of an outcome that is held, or was until its time was over, or that waits and has an
-- address to prove: that time (ms) follows, and after it a letter if only the organizer may confirm it, or only the proof
-- of its address.
local HELD_UNTIL, RESTRICTED, UNPROVED = 'h', 'o', 'a'
-- The prefix of the last part of what an entry and `pending` say of a ticket's seats: the id of its access code. And of
-- the fields of `pending` that count what is queued with a code.
local CODE, CODE_USES = 'k', 'k'
-- The field of the codes' hash that tells that all codes of the event are there.
local ALL_CODES = 'all'

local TYPES_OF_AN_EVENT = 1000  -- a ticket type's id modulo this is its number in the event
local LINE = 2 ^ 40  -- scores in `waitlist` are the type's number times this, plus the sequence

local CHUNK = 1000  -- fields in one command; Lua can unpack about 8000 values
local RATE_SLOTS = 10  -- seconds that `rates` has a field for
local DAY_SECONDS = 86400

-- This server's clock: seconds, and milliseconds.
local function clock()
  local time = redis.call('TIME')
  local second = tonumber(time[1])
  return second, second * 1000 + math.floor(tonumber(time[2]) / 1000)
end

-- A whole number as text; tostring would round a large one, and '%.0f' takes twice the time.
local function digits(number)
  return string.format('%d', number)
end

local function sequence_of(entry)
  return entry and tonumber(string.match(entry[1], '^%d+'))
end

-- The sequence of the oldest entry in the queue; nil if it is empty.
local function head_of(queue)
  return sequence_of(redis.call('XRANGE', queue, '-', '+', 'COUNT', 1)[1])
end

-- The highest sequence in the queue; nil if it is empty. The newest entry may have several: its id says how many more.
local function tail_of(queue)
  local entry = redis.call('XREVRANGE', queue, '+', '-', 'COUNT', 1)[1]
  if not entry then return nil end
  local first, more = string.match(entry[1], '^(%d+)-(%d+)$')
  return tonumber(first) + tonumber(more)
end

-- The hash of today among one for each day: keys that are written today outlive tomorrow.
local function of_today(slots, second)
  return slots[1 + math.floor(second / DAY_SECONDS) % #slots]
end

-- So many of the keys, from the first on.
local function slots_of(keys, first, count)
  return {unpack(keys, first, first + count - 1)}
end

-- Those of the keys that exist; often none, so one call asks about all of them first.
local function existing(slots)
  local number, found = redis.call('EXISTS', unpack(slots)), {}
  for _, slot in ipairs(slots) do
    if #found == number then break end
    if redis.call('EXISTS', slot) == 1 then found[#found + 1] = slot end
  end
  return found
end

-- Adds to `found` what the hash has of these fields. A command for each would cost several times as much.
local function read_fields(hash, fields, found)
  for start = 1, #fields, CHUNK do
    local values = redis.call('HMGET', hash, unpack(fields, start, math.min(start + CHUNK - 1, #fields)))
    for offset = 1, #values do
      local value = values[offset]
      if value then found[fields[start + offset - 1]] = value end
    end
  end
end

-- Writes [field, value, field, value, ...].
local function write_fields(hash, fields)
  for start = 1, #fields, 2 * CHUNK do
    redis.call('HSET', hash, unpack(fields, start, math.min(start + 2 * CHUNK - 1, #fields)))
  end
end

-- Adds `count` to what happened in this second. Returns whether it is the first of the second.
local function count_in_second(rates, prefix, second, count)
  local field = prefix .. (second % RATE_SLOTS)
  local at, before = string.match(redis.call('HGET', rates, field) or '', '^(%d+)|(%d+)$')
  local first = tonumber(at) ~= second
  redis.call('HSET', rates, field, string.format('%d|%d', second, first and count or count + before))
  return first
end

