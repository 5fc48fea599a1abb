-- Gives a lease back, if it is still the caller's.
--
-- KEYS  lease
-- ARGV  token
-- Reply 1 if it was the caller's, else 0

local LEASE = KEYS[1]

local token = ARGV[1]

if redis.call('GET', LEASE) ~= token then return 0 end
return redis.call('DEL', LEASE)
