
-- Whether a registration is known under one of its names. Not a script but a part of `admit`'s rules.

-- Whether the entry with this sequence is in the queue. One in front of the head was lost by the queue, or is decided.
local function is_queued(known, sequence)
  known.head = known.head or head_of(known.queue)
  return known.head ~= nil and sequence >= known.head
end

-- The ticket type of a ticket that is known, or nil.
local function type_of(known, key)
  local text = known.pending[TICKET .. key] or known.outcomes[TICKET .. key]
  return text and tonumber(string.match(text, '|[^|]*' .. TYPE .. '(%d+)[^|]*$'))
end

-- The answer for a ticket that is known under one of its names, or nil; and whether its e-mail is taken.
local function find(known, key, digest, name)
  local ticket, email = TICKET .. key, EMAIL .. digest
  if known.outcomes[ticket] then return {'decided', known.outcomes[ticket], name} end
  if known.pending[ticket] then
    local sequence, requested = string.match(known.pending[ticket], '^(%d+)|(%d+)')
    sequence = tonumber(sequence)
    -- If the queue has lost it, the retry gets a new sequence.
    if is_queued(known, sequence) then
      return {'queued', sequence, sequence - known.head + 1, tonumber(requested), name}
    end
  end
  return nil, known.outcomes[email] or (known.pending[email] and is_queued(known, tonumber(known.pending[email])))
end

-- Whether its Idempotency-Key was last used for this ticket.
local function is_noted_for(notes, note, key)
  local ticket = notes.tickets[note]
  return ticket and string.sub(key, 1, #ticket) == ticket
end

-- Whether its Idempotency-Key was used for another ticket: with another body.
local function is_reused(notes, note, key)
  return notes.tickets[note] and not is_noted_for(notes, note, key)
end

-- Whether one that says its ticket type is the same as if it did not: absent equals the default. So it is while that
-- is the only type, and of a ticket that was given out then; but one that was given out under its own name keeps it.
local function is_default(key, note, more, lines, notes, known)
  if is_noted_for(notes, note, key) then return false end
  for _, older in ipairs(more[OLDER] or {}) do
    if is_noted_for(notes, older[OLDER_NOTE], older[OLDER_KEY]) then return false end
  end
  if lines.typed and #lines.all == 1 and lines.all[1][LINE_TYPE] == more[OF_TYPE] then return true end
  for _, untyped in ipairs(more[UNTYPED]) do
    if type_of(known, untyped) == more[OF_TYPE] then return true end
  end
  return false
end

-- Gives one that says its ticket type the names that it would have without, if that is the same. Returns its key, and
-- how many names stand in front of that.
local function name_without_type(key, note, more, lines, notes, known)
  if not is_default(key, note, more, lines, notes, known) then return key, 0 end
  for number, older in ipairs(more[OLDER] or {}) do older[OLDER_KEY] = more[UNTYPED][1 + number] end
  return more[UNTYPED][1], #more[UNTYPED]
end

-- The answer to one that is known under one of its names, or nil; then whether its e-mail is taken, and whether its
-- Idempotency-Key was used with another body. `skipped`: how many names stand in front of those that it has now.
local function look_up(key, digest, note, older, notes, known, skipped)
  local answer, taken = find(known, key, digest, skipped)
  if answer then return answer end
  local reused = is_reused(notes, note, key)
  if not older then return nil, taken, reused end
  for number, name in ipairs(older) do
    local older_answer, older_taken = find(known, name[OLDER_KEY], name[OLDER_DIGEST], skipped + number)
    if older_answer then return older_answer end
    taken = taken or older_taken
    reused = reused or is_reused(notes, name[OLDER_NOTE], name[OLDER_KEY])
  end
  return nil, taken, reused
end
