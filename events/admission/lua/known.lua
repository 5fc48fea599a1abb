
-- What is known of the tickets and e-mails of a batch. Not a script but a part of `admit`, put in front of it.

-- The fields that are not in `found`.
local function without(fields, found)
  local others, count = {}, 0
  for index = 1, #fields do
    local field = fields[index]
    if not found[field] then
      count = count + 1
      others[count] = field
    end
  end
  return others
end

-- All that is known, read at once: a command for each would cost several times as much. `outcomes` and `pending` have
-- field -> its value in `decided` and in `pending`. `fields` begins with two of each registration, its ticket's and its
-- e-mail's. What is admitted is added with `remember`, and written at the end.
local function read_known(registrations, rest, queue, decided, pending)
  local fields, count = {}, 0
  for at = 0, #registrations - 1, PLACES do
    fields[count + 1], fields[count + 2] = TICKET .. registrations[at + KEY], EMAIL .. registrations[at + DIGEST]
    count = count + 2
  end
  for _, more in pairs(rest) do
    for _, key in ipairs(more[UNTYPED] or {}) do fields[#fields + 1] = TICKET .. key end
    for _, older in ipairs(more[OLDER] or {}) do
      fields[#fields + 1] = TICKET .. older[OLDER_KEY]
      fields[#fields + 1] = EMAIL .. older[OLDER_DIGEST]
    end
  end
  local known = {queue = queue, fields = fields, outcomes = {}, pending = {}, fresh = {}, count = 0}
  local unknown = fields
  for _, slot in ipairs(existing(decided)) do
    read_fields(slot, unknown, known.outcomes)
    unknown = without(unknown, known.outcomes)
  end
  read_fields(pending, unknown, known.pending)
  return known
end

-- Adds an admitted ticket, whose entry has the sequence `text`, and its e-mail.
local function remember(known, ticket, value, email, text)
  local fresh, pending, count = known.fresh, known.pending, known.count
  pending[ticket], pending[email] = value, text
  fresh[count + 1], fresh[count + 2], fresh[count + 3], fresh[count + 4] = ticket, value, email, text
  known.count = count + 4
end
