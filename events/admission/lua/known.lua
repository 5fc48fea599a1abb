-- What is known of the tickets and e-mails of a batch. Not a script but a part of `admit`, put in front of it.

-- All that is known, read at once: a command for each would cost several times as much. `outcomes` and `pending` have
-- field -> its value in `decided` and in `pending`. What is admitted is added with `remember`, and written at the end.
local function read_known(registrations, rest, queue, decided, pending)
  local known = {queue = queue, outcomes = {}, pending = {}, fresh = {}}
  local fields = {}
  for at = 0, #registrations - 1, PLACES do
    fields[#fields + 1] = TICKET .. registrations[at + KEY]
    fields[#fields + 1] = EMAIL .. registrations[at + DIGEST]
  end
  for _, more in pairs(rest) do
    for _, key in ipairs(more[UNTYPED] or {}) do fields[#fields + 1] = TICKET .. key end
    for _, older in ipairs(more[OLDER] or {}) do
      fields[#fields + 1] = TICKET .. older[OLDER_KEY]
      fields[#fields + 1] = EMAIL .. older[OLDER_DIGEST]
    end
  end
  for _, slot in ipairs(existing(decided)) do fields = read_fields(slot, fields, known.outcomes) end
  read_fields(pending, fields, known.pending)
  return known
end

local function remember(known, field, value)
  local fresh = known.fresh
  known.pending[field] = value
  fresh[#fresh + 1] = field
  fresh[#fresh + 1] = value
end

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

