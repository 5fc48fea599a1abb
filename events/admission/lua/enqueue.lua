-- Puts a command of the organizer's into the event's queue, where it takes its turn.
--
-- KEYS  state, queue, wake
-- ARGV  kind        'resize', 'correct', 'close', or 'cancel' for one that was lost
--       key         the command's own key
--       payload
--       state_ttl (s), wake_ttl (ms)
-- Reply 0 if the event is not loaded, else the command's sequence, negative if no wake-up is wanted

local STATE, QUEUE, WAKE = KEYS[1], KEYS[2], KEYS[3]

local kind = ARGV[1]
local key = ARGV[2]
local payload = ARGV[3]
local state_ttl = ARGV[4]
local wake_ttl = ARGV[5]

local sequence = tonumber(redis.call('HGET', STATE, 'seq'))
if not sequence then return 0 end
sequence = math.max(sequence, tail_of(QUEUE) or 0) + 1

local _, now = clock()
local text = digits(sequence)
redis.call('XADD', QUEUE, text .. '-0', ENTRY_TICKET, key, ENTRY_KIND, kind, ENTRY_REQUESTED, digits(now), ENTRY_PAYLOAD,
  payload)
redis.call('HSET', STATE, 'seq', text)
if kind == 'resize' then redis.call('HSET', STATE, 'resized', text) end
redis.call('EXPIRE', STATE, state_ttl)
if redis.call('SET', WAKE, '1', 'NX', 'PX', wake_ttl) then return sequence end
return -sequence
