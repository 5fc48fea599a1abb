-- Ends a drain's work: clears the wake flag, but only if the queue is seen empty in the same instant.
--
-- KEYS  queue, wake
-- Reply 1 if the event is idle now, 0 if there is work

local QUEUE, WAKE = KEYS[1], KEYS[2]

if redis.call('XLEN', QUEUE) > 0 then return 0 end
redis.call('DEL', WAKE)
return 1
