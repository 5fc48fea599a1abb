-- Puts access codes of an event as the ledger has them; later revisions stay.
--
-- KEYS  codes
-- ARGV  codes       msgpack [[digest, text], ...] (see `codes`), at most some thousands
--       complete    1 if all codes of the event are there with these
--       codes_ttl (s)
-- Reply 1

local CODES = KEYS[1]

local codes = cmsgpack.unpack(ARGV[1])
local complete = ARGV[2] == '1'
local codes_ttl = ARGV[3]

if complete then redis.call('HSET', CODES, ALL_CODES, '1') end
put_codes(CODES, codes, codes_ttl)
return 1
