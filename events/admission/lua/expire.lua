-- Puts the expiries of holds whose time is over into the event's queue, in the order given. One that waits there already
-- is not put a second time, and none is put before its time, whatever clock the caller has.
--
-- KEYS  state, queue, pending, wake
-- ARGV  holds   msgpack [[ticket key, until when (ms) it is held], ...], at most CHUNK
--       state_ttl (s), wake_ttl (ms)
-- Reply {-1, 0} if the event is not loaded, else {number of expiries put into the queue, 1 if a wake-up is wanted}

local STATE, QUEUE, PENDING, WAKE = KEYS[1], KEYS[2], KEYS[3], KEYS[4]

local holds = cmsgpack.unpack(ARGV[1])
local state_ttl = ARGV[2]
local wake_ttl = ARGV[3]

local KEY, UNTIL = 1, 2

local sequence = tonumber(redis.call('HGET', STATE, 'seq'))
if not sequence then return {-1, 0} end
local head = head_of(QUEUE)
if head then sequence = math.max(sequence, tail_of(QUEUE)) end

local fields = {}
for index, item in ipairs(holds) do
  fields[index] = EXPIRY .. item[KEY]
end
local noted = #fields > 0 and redis.call('HMGET', PENDING, unpack(fields)) or {}

local _, now = clock()
local requested = digits(now)
local notes = {}
for index, item in ipairs(holds) do
  local waits = noted[index] and head and tonumber(noted[index]) >= head
  if not waits and now >= item[UNTIL] then
    sequence = sequence + 1
    local text = digits(sequence)
    redis.call('XADD', QUEUE, text .. '-0', ENTRY_TICKET, item[KEY], ENTRY_KIND, 'expire', ENTRY_REQUESTED, requested)
    notes[#notes + 1] = fields[index]
    notes[#notes + 1] = text
  end
end
if #notes == 0 then return {0, 0} end
redis.call('HSET', PENDING, unpack(notes))
redis.call('HSET', STATE, 'seq', digits(sequence))
redis.call('EXPIRE', STATE, state_ttl)
local wake = redis.call('SET', WAKE, '1', 'NX', 'PX', wake_ttl)
return {#notes / 2, wake and 1 or 0}
