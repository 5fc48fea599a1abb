-- The lines for an event's seats, as its copy has them: one, or one for each of its ticket types. Not a script but a part
-- of `admit`'s rules.

-- Where a line has its parts.
local LINE_TYPE, LINE_CAPACITY, LINE_FREE, LINE_PLACES, LINE_MOST = 1, 2, 3, 4, 5

-- The lines of an event: those of its ticket types, or one for all its seats.
local function lines_of(event)
  if event.types ~= '' then return {typed = true, all = cjson.decode(event.types)} end
  return {typed = false, all = {{0, event.capacity, event.free, event.places, tonumber(event.most or 1)}}}
end

-- The line of one that asks for so many seats of a type (each nil if it does not say), or why that is not sold.
local function find_line(lines, seats, type_id)
  local wanted, typed = type_id or 0, lines.typed
  if typed and wanted == 0 and #lines.all > 1 then return nil, {'refused', 'type_needed'} end
  for _, line in ipairs(lines.all) do
    if line[LINE_TYPE] == wanted or (typed and wanted == 0) then
      local at_most = math.min(line[LINE_MOST], line[LINE_CAPACITY])
      if (seats or 1) > at_most then return nil, {'too_many', at_most} end
      return line
    end
  end
  return nil, {'refused', 'unknown_type'}
end

-- Whether the ledger says that neither so many seats nor as many positions on the waitlist are left.
local function is_line_sold_out(line, seats)
  return (seats or 1) > line[LINE_FREE] and (seats or 1) > line[LINE_PLACES]
end

-- What is stored about its seats; empty for one seat without a type.
local function text_of_seats(line, seats)
  local several = seats and seats > 1 and QUANTITY .. digits(seats) or ''
  return several .. (line[LINE_TYPE] > 0 and TYPE .. digits(line[LINE_TYPE]) or '')
end

