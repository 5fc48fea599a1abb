-- The event as its copy says. Not a script but a part of `admit`, put in front of it.

-- Sets why no registration is admitted (`shut`), or why none is that has no code with an opening of its own (`not_open`).
-- In the contract's order.
local function set_refusals(event, now)
  if event.cancelled or now >= event.closes then
    event.shut = {'refused', 'closed'}
  elseif event.paused_from > 0 and now >= event.paused_from then
    event.shut = {'refused', 'paused'}
  elseif now < event.opens then
    event.not_open = {'not_open', event.opens}
  end
end

-- The event's copy, with `codes` if it has access codes ('known', or 'needed' by each registration); nil if there is
-- none here, or its codes are not.
local function read_event(copy, codes, now)
  local state = redis.call('HMGET', copy, 'opens', 'closes', 'cancelled', 'capacity', 'confirmed', 'waitlist_capacity',
    'waitlisted', 'seq', 'rate', 'organizer', 'draft', 'paused', 'held', 'max_quantity', 'types', 'codes', 'packed')
  if not state[1] then return nil end
  local event = {
    opens = tonumber(state[1]), closes = tonumber(state[2]), cancelled = state[3] == '1',
    sequence = tonumber(state[8]), rate = tonumber(state[9] or 0), organizer = state[10],
    hidden = state[11] == '1', paused_from = tonumber(state[12] or 0), codes = state[16] ~= '' and state[16],
    packed = state[17],
  }
  if event.codes and redis.call('HEXISTS', codes, ALL_CODES) == 0 then return nil end
  local taken = tonumber(state[5]) + tonumber(state[13] or 0)
  event.lines = new_lines(state[15], tonumber(state[14] or 1), tonumber(state[4]), taken, tonumber(state[6]),
    tonumber(state[7]))
  set_refusals(event, now)
  return event
end

