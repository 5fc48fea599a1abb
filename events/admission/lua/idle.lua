-- Ends a drain's work: clears the wake flag, but only if the queue is seen empty in the same instant.
--
-- KEYS  1 queue  2 wake
-- Reply 1 if the event is idle now, 0 if there is work

if redis.call('XLEN', KEYS[1]) > 0 then return 0 end
redis.call('DEL', KEYS[2])
return 1
