-- What a registration is made of, and what it is called. Not a script but a part of `admit`, put in front of it.

-- A batch is one array, in which each registration has so many places; and where those few that have more have that, an
-- organizer's claim and an older name their parts.
local KEY, DIGEST, NOTE, PAYLOAD, ADDRESS = 1, 2, 3, 4, 5
local PLACES = 5
local CALLER, OLDER, SEATS, OF_TYPE, UNTYPED, GIVEN_CODE = 1, 2, 3, 4, 5, 6
local ORGANIZER, HAS_CALLBACK = 1, 2
local OLDER_KEY, OLDER_NOTE, OLDER_DIGEST = 1, 2, 3

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

