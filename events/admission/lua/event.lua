
-- The event as its copy says. Not a script but a part of `admit`, put in front of it.

-- Why no registration is admitted, or nil; and why none is that has no code with an opening of its own, or nil. In the
-- contract's order.
local function refusals_of(cancelled, opens, closes, paused_from, now)
  if cancelled or now >= closes then return {'refused', 'closed'} end
  if paused_from > 0 and now >= paused_from then return {'refused', 'paused'} end
  if now < opens then return nil, {'not_open', opens} end
end

-- The event's copy, with `codes` if it has access codes ('known', or 'needed' by each registration); nil if there is
-- none here, or its codes are not. It is `plain` if there is nothing about it that the rules must look at.
local function read_event(copy, codes, now)
  local state = redis.call('HMGET', copy, 'opens', 'closes', 'cancelled', 'capacity', 'confirmed', 'waitlist_capacity',
    'waitlisted', 'seq', 'rate', 'organizer', 'draft', 'paused', 'held', 'max_quantity', 'types', 'codes', 'packed',
    'counted')
  if not state[1] then return nil end
  local types, coded = state[15] or '', state[16] or ''
  if coded ~= '' and redis.call('HEXISTS', codes, ALL_CODES) == 0 then return nil end
  local capacity, waitlisted = tonumber(state[4]), tonumber(state[7])
  -- Seats are free for the next to come only while no one waits: until then they are kept for the head of the waitlist.
  local free = waitlisted > 0 and 0 or capacity - tonumber(state[5]) - tonumber(state[13] or 0)
  local places, hidden = tonumber(state[6]) - waitlisted, state[11] == '1'
  local sold_out = types == '' and free <= 0 and places <= 0
  local shut, not_open =
    refusals_of(state[3] == '1', tonumber(state[1]), tonumber(state[2]), tonumber(state[12] or 0), now)
  return {
    sequence = tonumber(state[8]), rate = tonumber(state[9] or 0), organizer = state[10], hidden = hidden,
    shut = shut, not_open = not_open, sold_out = sold_out, codes = coded ~= '' and coded, types = types,
    capacity = capacity, free = free, places = places, most = state[14], packed = state[17],
    counted = tonumber(state[18] or 0),
    plain = types == '' and coded == '' and not (hidden or shut or not_open or sold_out),
  }
end
