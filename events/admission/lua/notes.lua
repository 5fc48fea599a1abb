
-- Which ticket each Idempotency-Key was last admitted for: note of the key -> the ticket's key, in a hash for each day.
-- Of the ticket's key an earlier release kept the beginning. Not a script but a part of `admit`, put in front of it.
-- Nothing is written before `write_notes`.

-- What is known of the notes of a batch, and in `fresh` what is to be written. `slots`: the keys of the hashes.
local function read_notes(slots, registrations, rest)
  local wanted, count = {}, 0
  for at = 0, #registrations - 1, PLACES do
    local note = registrations[at + NOTE]
    if note ~= '' then
      count = count + 1
      wanted[count] = note
    end
  end
  local notes = {slots = slots, tickets = {}, fresh = {}, count = 0}
  if count == 0 then return notes end
  for _, more in pairs(rest) do
    for _, older in ipairs(more[OLDER] or {}) do
      if older[OLDER_NOTE] ~= '' then wanted[#wanted + 1] = older[OLDER_NOTE] end
    end
  end
  for _, slot in ipairs(existing(slots)) do read_fields(slot, wanted, notes.tickets) end
  return notes
end

local function note_ticket(notes, note, key)
  local fresh, count = notes.fresh, notes.count
  notes.tickets[note] = key
  fresh[count + 1], fresh[count + 2] = note, key
  notes.count = count + 2
end

local function write_notes(notes, second, ttl)
  if notes.count == 0 then return end
  local today = of_today(notes.slots, second)
  write_fields(today, notes.fresh)
  redis.call('EXPIRE', today, ttl)
end
