-- What a registration is made of, and what it is called. Not a script but a part of `admit`, put in front of it.

-- Where a registration has its parts, and where an older name has its own.
local KEY, DIGEST, NOTE, PAYLOAD, ADDRESS, CALLER, OLDER = 1, 2, 3, 4, 5, 6, 7
local SEATS, OF_TYPE, UNTYPED, GIVEN_CODE = 8, 9, 10, 11
local ORGANIZER, HAS_CALLBACK = 1, 2
local OLDER_KEY, OLDER_NOTE, OLDER_DIGEST = 1, 2, 3

-- Whether one that says its ticket type is the same as if it did not: absent equals the default. So it is while that
-- is the only type, and of a ticket that was given out then; but one that was given out under its own name keeps it.
local function is_default(item, lines, notes, known)
  if is_noted_for(notes, item[NOTE], item[KEY]) then return false end
  for _, older in ipairs(item[OLDER] or {}) do
    if is_noted_for(notes, older[OLDER_NOTE], older[OLDER_KEY]) then return false end
  end
  if is_only_type(lines, item[OF_TYPE]) then return true end
  for _, key in ipairs(item[UNTYPED]) do
    if type_of(known, key) == item[OF_TYPE] then return true end
  end
  return false
end

-- Gives one that says its ticket type the names that it would have without, if that is the same. Returns how many
-- names stand in front of those.
local function name_without_type(item, lines, notes, known)
  if not is_default(item, lines, notes, known) then return 0 end
  item[KEY] = item[UNTYPED][1]
  for number, older in ipairs(item[OLDER] or {}) do older[OLDER_KEY] = item[UNTYPED][1 + number] end
  return #item[UNTYPED]
end

-- The answer to one that is known under one of its names, or nil; then whether its e-mail is taken, and whether its
-- Idempotency-Key was used with another body. `skipped`: how many names stand in front of those that it has now.
local function look_up(item, notes, known, skipped)
  local answer, taken = find(known, item[KEY], item[DIGEST], skipped)
  if answer then return answer end
  local reused = is_reused(notes, item[NOTE], item[KEY])
  if not item[OLDER] then return nil, taken, reused end
  for number, name in ipairs(item[OLDER]) do
    local older_answer, older_taken = find(known, name[OLDER_KEY], name[OLDER_DIGEST], skipped + number)
    if older_answer then return older_answer end
    taken = taken or older_taken
    reused = reused or is_reused(notes, name[OLDER_NOTE], name[OLDER_KEY])
  end
  return nil, taken, reused
end

