-- Puts the expiries of holds whose time is over into the event's queue, in the order given, as one entry. One that waits
-- there already is not put a second time, and none is put before its time, whatever clock the caller has.
--
-- KEYS  state, queue, pending, wake
-- ARGV  holds   msgpack [ticket key, until when (ms) it is held, and so on], at most CHUNK tickets
--       state_ttl (s), wake_ttl (ms)
-- Reply {-1, 0, 0} if the event is not loaded, else {number of expiries put into the queue, 1 if a wake-up is wanted, 1 if
--       the time of some is not over}
--
-- Each has a sequence of its own; the entry's id is the first of them, and how many more there are. An entry for each
-- would take the time of a command for each, and everyone at the door would wait for it.

local STATE, QUEUE, PENDING, WAKE = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local holds = cmsgpack.unpack(ARGV[1])
local state_ttl = ARGV[2]
local wake_ttl = ARGV[3]

local state = redis.call('HMGET', STATE, 'seq', 'packed')
local sequence = tonumber(state[1])
if not sequence then return {-1, 0, 0} end
local head = head_of(QUEUE)
if head then sequence = math.max(sequence, tail_of(QUEUE)) end

local fields = {}
for index = 1, #holds / 2 do
  fields[index] = EXPIRY .. holds[2 * index - 1]
end
local noted = #fields > 0 and redis.call('HMGET', PENDING, unpack(fields)) or {}

local _, now = clock()
local first = digits(sequence + 1)
local early, keys, notes = 0, {}, {}
for index, field in ipairs(fields) do
  local found = noted[index]
  if now < holds[2 * index] then
    early = 1
  elseif not (found and head and tonumber(found) >= head) then
    local number = #keys + 1
    keys[number] = holds[2 * index - 1]
    notes[2 * number - 1], notes[2 * number] = field, first
  end
end
if #keys == 0 then return {0, 0, early} end

local more = #keys - 1
local id = first .. '-' .. digits(more)
if more == 0 then
  redis.call('XADD', QUEUE, id, ENTRY_TICKET, keys[1], ENTRY_KIND, 'expire', ENTRY_REQUESTED, digits(now))
else
  redis.call('XADD', QUEUE, id, ENTRY_TICKET, keys[1], ENTRY_KIND, 'expire', ENTRY_REQUESTED, digits(now), ENTRY_PAYLOAD,
    table.concat(keys, '', 2))
  redis.call('HSET', STATE, 'packed', digits((head and tonumber(state[2] or 0) or 0) + more))
end
redis.call('HSET', PENDING, unpack(notes))
redis.call('HSET', STATE, 'seq', digits(sequence + #keys))
redis.call('EXPIRE', STATE, state_ttl)
local wake = redis.call('SET', WAKE, '1', 'NX', 'PX', wake_ttl)
return {#keys, wake and 1 or 0, early}
