-- Writes a small key: whether the server takes writes, and has them on disk before it replies.
--
-- KEYS  door
-- ARGV  ttl (ms)
-- Reply 1

local DOOR = KEYS[1]

local ttl = ARGV[1]

redis.call('SET', DOOR, '1', 'PX', ttl)
return 1
