-- Closes the door for good on an event that no one has registered for, and removes what is known of it.
--
-- KEYS  state, queue, pending, decided (3), lost, missing, then all others of the event
-- ARGV  deleted_version   of the copy that stays: no copy replaces it, and none can be registered with
--       state_ttl (s)
-- Reply 1 if it is deleted, 0 if there are tickets, -1 if a command of the organizer's waits for its turn

local STATE, QUEUE = KEYS[1], KEYS[2]
local TICKETS = {KEYS[3], KEYS[4], KEYS[5], KEYS[6], KEYS[7], KEYS[8]}
local OTHERS = {select(9, unpack(KEYS))}

local deleted_version = ARGV[1]
local state_ttl = ARGV[2]

if #existing(TICKETS) > 0 then return 0 end
if redis.call('EXISTS', QUEUE) == 1 then return -1 end
redis.call('DEL', STATE, unpack(OTHERS))
redis.call('HSET', STATE, 'version', deleted_version)
redis.call('EXPIRE', STATE, state_ttl)
return 1
