-- Gives a lease back, if it is still ours.
--
-- KEYS  1 lease
-- ARGV  1 token
-- Reply 1 if it was ours

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
