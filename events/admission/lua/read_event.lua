-- Reads one event's public state. Writes nothing.
--
-- KEYS  state
-- Reply msgpack {'not_loaded'}, or {'done', now ms, snapshot as JSON, confirmed, waitlisted}

local STATE = KEYS[1]

local state = redis.call('HMGET', STATE, 'snapshot', 'confirmed', 'waitlisted')
local snapshot, confirmed, waitlisted = state[1], state[2], state[3]
if not snapshot then return cmsgpack.pack({'not_loaded'}) end
local _, now = clock()
return cmsgpack.pack({'done', now, snapshot, tonumber(confirmed), tonumber(waitlisted)})
