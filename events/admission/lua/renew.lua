-- Prolongs a lease, if it is still the caller's; the wake flag with it, since work is going on.
--
-- KEYS  lease, wake
-- ARGV  token, lease_ttl (ms), wake_ttl (ms)
-- Reply 1 if it is the caller's, 0 if another drain has it or may have had it

local LEASE, WAKE = KEYS[1], KEYS[2]

local token = ARGV[1]
local lease_ttl = ARGV[2]
local wake_ttl = ARGV[3]

if redis.call('GET', LEASE) ~= token then return 0 end
redis.call('PEXPIRE', LEASE, lease_ttl)
redis.call('SET', WAKE, '1', 'PX', wake_ttl)
return 1
