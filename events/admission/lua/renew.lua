-- Keeps a lease for another while, if it is still ours; the wake flag lives as long, since work is going on.
--
-- KEYS  1 lease  2 wake
-- ARGV  1 token  2 lease TTL (ms)  3 wake TTL (ms)
-- Reply 1 if it is ours, 0 if it went to somebody else

if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
redis.call('SET', KEYS[2], '1', 'PX', ARGV[3])
return 1
