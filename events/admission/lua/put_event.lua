-- Puts a copy of an event's row, unless a newer one is there.
--
-- KEYS  state, queue, codes
-- ARGV  version
--       last_sequence   of the ledger
--       state_ttl (s)
--       decided_ms      moment of the last decision
--       replaces        version of a newer copy that is to be replaced, since the ledger lost what made it newer; 0: none
--       row             ..., field, value pairs
-- Reply 1 if it was taken, 0 if the copy there is newer
--
-- `seq` never goes back: not behind the ledger, not behind the queue.

local STATE, QUEUE, CODES = KEYS[1], KEYS[2], KEYS[3]

local version = ARGV[1]
local last_sequence = tonumber(ARGV[2])
local state_ttl = ARGV[3]
local decided_ms = ARGV[4]
local replaces = tonumber(ARGV[5])
local row = {select(6, unpack(ARGV))}

local copied = redis.call('HMGET', STATE, 'version', 'seq')
local copied_version, copied_sequence = tonumber(copied[1]), tonumber(copied[2] or 0)
local sequence = digits(math.max(last_sequence, tail_of(QUEUE) or 0, copied_sequence))
redis.call('EXPIRE', STATE, state_ttl)
local turned_back = copied_version == replaces
if copied_version and copied_version > tonumber(version) and not turned_back then
  -- The copy of a deleted event has no sequence, and must not get one: nothing is queued for it any more.
  if copied[2] then redis.call('HSET', STATE, 'seq', sequence) end
  return 0
end
redis.call('HSET', STATE, 'version', version, 'seq', sequence, unpack(row))
if turned_back then redis.call('HSET', STATE, 'shown', decided_ms) end
-- Access codes are no older than the copy: they are all read anew.
if turned_back or not copied_version then redis.call('DEL', CODES) end
-- A server that knew nothing of the event has no outcome of it that could be out of date.
redis.call('HSETNX', STATE, 'shown', decided_ms)
redis.call('EXPIRE', STATE, state_ttl)
return 1
