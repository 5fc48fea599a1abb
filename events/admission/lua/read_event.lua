-- Reads one event's public state. Writes nothing.
--
-- KEYS  1 state
-- Reply msgpack {} if the event is not loaded, else {now ms, snapshot as JSON, confirmed, waitlisted}

local state = redis.call('HMGET', KEYS[1], 'snapshot', 'confirmed', 'waitlisted')
if not state[1] then
  return cmsgpack.pack({})
end
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
return cmsgpack.pack({now, state[1], tonumber(state[2]), tonumber(state[3])})
