-- Removing decided entries from the queue: a part of `publish`, not a script of its own.
--
-- If Redis was rewound meanwhile (failover, disk loss), the same sequences may belong to other people now. The queue only
-- ever loses its tail, so if the last entry is still the one that was decided, all before it are; else each is checked.

-- Where registrations have their parts, one behind the other: its sequence, and its fields in pending.
local REGISTRATION_PARTS = 3
-- Where any other entry has its parts: [sequence, key, e-mail digest, kind; empty for a registration, whether it came
-- with an access code; left out if not].
local ENTRY_SEQUENCE, ENTRY_KEY, ENTRY_DIGEST, ENTRY_IS, ENTRY_CODED = 1, 2, 3, 4, 5
-- The prefix of an entry's field in pending, by its kind. Organizers' commands have none.
local NOTE_OF = {cancel = CANCELLATION, confirm = CONFIRMATION, expire = EXPIRY}

local function is_unchanged(queue, sequence, key)
  local id = digits(sequence) .. '-0'
  local entry = redis.call('XRANGE', queue, id, id)[1]
  -- Every entry begins with its key. One that names no ticket (not from the door) cannot be told from another.
  return entry ~= nil and (key == '' or entry[2][2] == key)
end

local function key_of(registrations, at)
  return string.sub(registrations[at + 1], #TICKET + 1)
end

-- The sequence of the last one of both lists, and its key.
local function last_of(registrations, entries)
  local last, at = entries[#entries], #registrations - REGISTRATION_PARTS + 1
  if at > 0 and not (last and last[ENTRY_SEQUENCE] > registrations[at]) then
    return registrations[at], key_of(registrations, at)
  end
  return last[ENTRY_SEQUENCE], last[ENTRY_KEY]
end

-- The sequence in front of the first one of both lists; nil if both are empty.
local function before_first(registrations, entries)
  local first, other = registrations[1], entries[1] and entries[1][ENTRY_SEQUENCE]
  if not (first or other) then return nil end
  return math.min(first or other, other or first) - 1
end

local function trim_queue(queue, registrations, entries)
  local last, key = last_of(registrations, entries)
  if is_unchanged(queue, last, key) then
    redis.call('XTRIM', queue, 'MINID', '=', digits(last + 1) .. '-0')
    return
  end
  local function remove(sequence, of)
    if is_unchanged(queue, sequence, of) then redis.call('XDEL', queue, digits(sequence) .. '-0') end
  end
  for at = 1, #registrations, REGISTRATION_PARTS do remove(registrations[at], key_of(registrations, at)) end
  for _, item in ipairs(entries) do remove(item[ENTRY_SEQUENCE], item[ENTRY_KEY]) end
end

-- A later ticket under the same e-mail keeps its own field in pending, and so does a later command of the same ticket:
-- of those fields only the ones that name the entry's sequence go.
local function trim_registrations(pending, registrations)
  for start = 1, #registrations, REGISTRATION_PARTS * CHUNK do
    local emails, gone = {}, {}
    for at = start, math.min(start + REGISTRATION_PARTS * CHUNK, #registrations) - 1, REGISTRATION_PARTS do
      emails[#emails + 1] = registrations[at + 2]
    end
    for offset, sequence in ipairs(redis.call('HMGET', pending, unpack(emails))) do
      local at = start + REGISTRATION_PARTS * (offset - 1)
      gone[#gone + 1] = registrations[at + 1]
      if sequence and tonumber(sequence) == registrations[at] then gone[#gone + 1] = registrations[at + 2] end
    end
    redis.call('HDEL', pending, unpack(gone))
  end
end

local function trim_pending(pending, entries)
  for start = 1, #entries, CHUNK do
    local notes, gone = {}, {}
    for index = start, math.min(start + CHUNK - 1, #entries) do
      local item = entries[index]
      if item[ENTRY_CODED] then uncount_code(pending, item[ENTRY_KEY]) end
      if item[ENTRY_IS] == '' then
        gone[#gone + 1] = TICKET .. item[ENTRY_KEY]
        notes[#notes + 1] = EMAIL .. item[ENTRY_DIGEST]
      else
        notes[#notes + 1] = (NOTE_OF[item[ENTRY_IS]] or CANCELLATION) .. item[ENTRY_KEY]
      end
    end
    for offset, sequence in ipairs(redis.call('HMGET', pending, unpack(notes))) do
      if sequence and tonumber(string.match(sequence, '^%d+')) == entries[start + offset - 1][ENTRY_SEQUENCE] then
        gone[#gone + 1] = notes[offset]
      end
    end
    if #gone > 0 then redis.call('HDEL', pending, unpack(gone)) end
  end
end

-- Removes both from the queue, with their fields in pending. Returns how many entries are left.
local function trim(queue, pending, registrations, entries)
  if #registrations + #entries == 0 then return redis.call('XLEN', queue) end
  trim_queue(queue, registrations, entries)
  trim_registrations(pending, registrations)
  trim_pending(pending, entries)
  local left = redis.call('XLEN', queue)
  if left == 0 then redis.call('DEL', queue) end
  return left
end
