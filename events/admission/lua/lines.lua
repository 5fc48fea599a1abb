-- The lines for an event's seats, as its copy has them: one, or one for each of its ticket types. Not a script but a part
-- of `admit`, put in front of it.

-- Where a line has its parts.
local LINE_TYPE, LINE_CAPACITY, LINE_FREE, LINE_PLACES, LINE_MOST = 1, 2, 3, 4, 5

-- `types`: the lines of the ticket types as JSON; '' or false without types. The rest is for the one line then; `most`:
-- how many seats one registration may ask for.
local function new_lines(types, most, capacity, taken, waitlist_capacity, waitlisted)
  if types and types ~= '' then return {typed = true, all = cjson.decode(types)} end
  -- Seats are free for the next to come only while no one waits: until then they are kept for the head of the waitlist.
  local free, places = waitlisted > 0 and 0 or capacity - taken, waitlist_capacity - waitlisted
  return {typed = false, all = {{0, capacity, free, places, most}}, sold_out = free <= 0 and places <= 0}
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

