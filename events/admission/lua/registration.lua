-- What a registration is made of, and what it is called. Not a script but a part of `admit`, put in front of it.

-- Where a registration has its parts, and where an older name has its own.
local KEY, DIGEST, NOTE, PAYLOAD, ADDRESS, CALLER, OLDER = 1, 2, 3, 4, 5, 6, 7
local SEATS, OF_TYPE, UNTYPED, GIVEN_CODE = 8, 9, 10, 11
local ORGANIZER, HAS_CALLBACK = 1, 2
local OLDER_KEY, OLDER_NOTE, OLDER_DIGEST = 1, 2, 3

-- Whether one that says its ticket type is the same as if it did not: absent equals the default. So it is while that
-- is the only type, and of a ticket that was given out then; but one that was given out under its own name keeps it.
-- `type_of(key)` is the ticket type of a ticket that is known.
local function is_default(item, lines, notes, type_of)
  if notes.is_of(item[NOTE], item[KEY]) then return false end
  for _, older in ipairs(item[OLDER] or {}) do
    if notes.is_of(older[OLDER_NOTE], older[OLDER_KEY]) then return false end
  end
  if lines.is_only(item[OF_TYPE]) then return true end
  for _, key in ipairs(item[UNTYPED]) do
    if type_of(key) == item[OF_TYPE] then return true end
  end
  return false
end

-- Gives one that says its ticket type the names that it would have without, if that is the same. Returns how many
-- names stand in front of those.
local function name_without_type(item, lines, notes, type_of)
  if not is_default(item, lines, notes, type_of) then return 0 end
  item[KEY] = item[UNTYPED][1]
  for number, older in ipairs(item[OLDER] or {}) do older[OLDER_KEY] = item[UNTYPED][1 + number] end
  return #item[UNTYPED]
end

