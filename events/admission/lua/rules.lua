
-- Whether a registration that is not plain is admitted. Not a script but a part of `admit` that a call makes when it
-- meets the first of them: making these functions anew costs as much as a registration.

-- Counts a refusal that reveals something about other people.
local function refuse_and_count(refusals, address, reason)
  if refusals and address ~= '' then refusals.take(address) end
  return {'refused', reason}
end

-- Why one that came with an organizer's token, or to an event that is hidden, is refused, or nil; and whether it is of the
-- event's own organizer.
local function refuse_caller(event, caller)
  if caller and not event.organizer then return {'organizer_unknown'} end
  local own = caller ~= nil and tostring(caller[ORGANIZER]) == event.organizer
  if event.hidden and not own then return {'not_found'} end
  if caller and not own and caller[HAS_CALLBACK] then return {'refused', 'foreign_callback'} end
  return nil, own
end

-- The access code that a registration came with; or why it is not good for it. Which of the reasons, no one is told.
local function code_of_registration(batch, more, line, address)
  if not more[GIVEN_CODE] then return nil, {'refused', 'code_required'} end
  local code = find_code(batch.keys[CODES], batch.keys[PENDING], more[GIVEN_CODE])
  local wanted = line and line[LINE_TYPE] or 0
  local good = code.left >= (more[SEATS] or 1) and batch.now >= code.opens and (code.of_type == 0 or code.of_type == wanted)
  if good then return code end
  return nil, refuse_and_count(batch.refusals, address, 'code_invalid')
end

-- What is stored about its seats and its code, whose use is counted.
local function count_and_say(batch, key, seats, line, code)
  local said = line and text_of_seats(line, seats) or ''
  if not code then return said end
  count_code(batch.keys[PENDING], key, code.id, seats or 1)
  return said .. CODE .. code.id
end

-- Why a registration is not admitted, or its ticket if that is known; nil if it is to be admitted, with its key, the
-- number of that among its names, and what is stored about its seats. `at`: its place. In the contract's order.
local function answer_by_rules(batch, index, at, more)
  local registrations, event, known, notes = batch.registrations, batch.event, batch.known, batch.notes
  local refusals = batch.refusals
  local key, note, address = registrations[at + KEY], registrations[at + NOTE], registrations[at + ADDRESS]
  local skipped, refusal, own, line, code = 0, nil, nil, nil, nil
  local lines = event.lines or lines_of(event)
  event.lines = lines
  if more[CALLER] or event.hidden then
    refusal, own = refuse_caller(event, more[CALLER])
    if refusal then return refusal end
    if own then address = '' end
  end
  if more[UNTYPED] then key, skipped = name_without_type(key, note, more, lines, notes, known) end
  local answer, taken, reused = look_up(key, registrations[at + DIGEST], note, more[OLDER], notes, known, skipped)
  if answer then return answer end
  if lines.typed or more[SEATS] then
    line, refusal = find_line(lines, more[SEATS], more[OF_TYPE])
    if refusal then return refusal end
  end
  if refusals and address ~= '' then
    refusal = refusals.refuse(address)
    if refusal then return refusal end
  end
  if reused then return refuse_and_count(refusals, address, 'key_reused') end
  if batch.arrivals and address ~= '' then
    refusal = batch.arrivals.arrive(address, index)
    if refusal then return refusal end
  end
  if event.shut then return event.shut end
  if more[GIVEN_CODE] or event.codes == 'needed' then
    code, refusal = code_of_registration(batch, more, line, address)
    if refusal then return refusal end
  end
  if event.not_open and not (code and code.opens > 0) then return event.not_open end
  if event.sold_out or (line and is_line_sold_out(line, more[SEATS])) then return {'refused', 'sold_out'} end
  if taken then return refuse_and_count(refusals, address, 'duplicate') end
  if batch.length >= batch.queue_limit then return {'refused', 'queue_full'} end
  return nil, key, skipped, count_and_say(batch, key, more[SEATS], line, code)
end

return answer_by_rules
