-- Reads one event's public state. Writes nothing.
--
-- KEYS  state, page
-- Reply msgpack {'not_loaded'}, or {'done', now ms, snapshot as JSON, confirmed, waitlisted,
--       version of the description `|` the description, or '' if none is here}

local STATE, PAGE = KEYS[1], KEYS[2]

local state = redis.call('HMGET', STATE, 'snapshot', 'confirmed', 'waitlisted')
local snapshot, confirmed, waitlisted = state[1], state[2], state[3]
if not snapshot then return cmsgpack.pack({'not_loaded'}) end
local _, now = clock()
return cmsgpack.pack({'done', now, snapshot, tonumber(confirmed), tonumber(waitlisted),
  redis.call('GET', PAGE) or ''})
