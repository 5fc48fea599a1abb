-- The lines for an event's seats, as its copy has them: one, or one for each of its ticket types. Not a script but a part
-- of `admit`, put in front of it.

-- Where a line has its parts.
local LINE_TYPE, LINE_CAPACITY, LINE_FREE, LINE_PLACES, LINE_MOST = 1, 2, 3, 4, 5

-- `types`: the lines of the ticket types as JSON; '' or false without types. The rest is for the one line then; `most`:
-- how many seats one registration may ask for.
local function new_lines(types, most, capacity, taken, waitlist_capacity, waitlisted)
  local typed = types and types ~= ''
  -- Seats are free for the next to come only while no one waits: until then they are kept for the head of the waitlist.
  local free, places = waitlisted > 0 and 0 or capacity - taken, waitlist_capacity - waitlisted
  local all = typed and cjson.decode(types) or {{0, capacity, free, places, most}}
  local lines = {typed = typed}

  -- Whether no one can get a seat or a position on the waitlist. With types, it depends on which.
  function lines.is_sold_out()
    return not typed and free <= 0 and places <= 0
  end

  function lines.is_only(type_id)
    return typed and #all == 1 and all[1][LINE_TYPE] == type_id
  end

  -- The line of one that asks for so many seats of a type (each nil if it does not say), or why that is not sold.
  function lines.find(seats, type_id)
    local wanted = type_id or 0
    if typed and wanted == 0 and #all > 1 then return nil, {'refused', 'type_needed'} end
    for _, line in ipairs(all) do
      if line[LINE_TYPE] == wanted or (typed and wanted == 0) then
        local at_most = math.min(line[LINE_MOST], line[LINE_CAPACITY])
        if (seats or 1) > at_most then return nil, {'too_many', at_most} end
        return line
      end
    end
    return nil, {'refused', 'unknown_type'}
  end

  -- Whether the ledger says that neither so many seats nor as many positions on the waitlist are left.
  function lines.is_line_sold_out(line, seats)
    return (seats or 1) > line[LINE_FREE] and (seats or 1) > line[LINE_PLACES]
  end

  -- What is stored about its seats; empty for one seat without a type.
  function lines.text(line, seats)
    local several = seats and seats > 1 and QUANTITY .. digits(seats) or ''
    return several .. (typed and TYPE .. digits(line[LINE_TYPE]) or '')
  end

  return lines
end

