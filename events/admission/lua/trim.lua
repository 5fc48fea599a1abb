-- Removing decided entries from the queue: a part of `publish`, not a script of its own.
--
-- If Redis was rewound meanwhile (failover, disk loss), the same sequences may belong to other people now. The queue only
-- ever loses its tail, so if the last entry is still the one that was decided, all before it are; else each is checked.

-- Where registrations have their parts, one behind the other: its sequence, and its fields in pending.
local REGISTRATION_PARTS = 3
-- Where any other entry has its parts: [sequence, key, e-mail digest, kind; empty for a registration, whether it came
-- with an access code; left out if not; its id, if the entry is of several expiries, of which this is one].
local ENTRY_SEQUENCE, ENTRY_KEY, ENTRY_DIGEST, ENTRY_IS, ENTRY_CODED, ENTRY_ID = 1, 2, 3, 4, 5, 6
-- Where an entry of several has the keys behind the first.
local PAYLOAD_AT = 8
-- The prefix of an entry's field in pending, by its kind. Organizers' commands have none.
local NOTE_OF = {cancel = CANCELLATION, confirm = CONFIRMATION, expire = EXPIRY}

local function id_of(sequence)
  return digits(sequence) .. '-0'
end

-- How many are in front of this one in its entry, if that is of several.
local function number_before(item)
  return item[ENTRY_ID] and item[ENTRY_SEQUENCE] - tonumber(string.match(item[ENTRY_ID], '^%d+')) or 0
end

-- `before`: how many are in front of it in its entry.
local function is_unchanged(queue, id, key, before)
  local entry = redis.call('XRANGE', queue, id, id)[1]
  if not entry then return false end
  -- Every entry begins with its key. One that names no ticket (not from the door) cannot be told from another.
  if key == '' or before == 0 then return key == '' or entry[2][2] == key end
  return string.sub(entry[2][PAYLOAD_AT] or '', (before - 1) * #key + 1, before * #key) == key
end

local function key_of(registrations, at)
  return string.sub(registrations[at + 1], #TICKET + 1)
end

-- The last one of both lists: its sequence, its id, its key, and how many are in front of it in its entry.
local function last_of(registrations, entries)
  local last, at = entries[#entries], #registrations - REGISTRATION_PARTS + 1
  if at > 0 and not (last and last[ENTRY_SEQUENCE] > registrations[at]) then
    return registrations[at], id_of(registrations[at]), key_of(registrations, at), 0
  end
  return last[ENTRY_SEQUENCE], last[ENTRY_ID] or id_of(last[ENTRY_SEQUENCE]), last[ENTRY_KEY], number_before(last)
end

-- The sequence in front of the first one of both lists; nil if both are empty.
local function before_first(registrations, entries)
  local first, other = registrations[1], entries[1] and entries[1][ENTRY_SEQUENCE]
  if not (first or other) then return nil end
  return math.min(first or other, other or first) - 1
end

-- Returns how many of `packed` have gone.
local function trim_queue(queue, registrations, entries, packed)
  local last, id, key, before = last_of(registrations, entries)
  local gone = 0
  if is_unchanged(queue, id, key, before) then
    redis.call('XTRIM', queue, 'MINID', '=', id_of(last + 1))
    for index = 1, packed > 0 and #entries or 0 do
      if number_before(entries[index]) > 0 then gone = gone + 1 end
    end
    return gone
  end
  for at = 1, #registrations, REGISTRATION_PARTS do
    id = id_of(registrations[at])
    if is_unchanged(queue, id, key_of(registrations, at), 0) then redis.call('XDEL', queue, id) end
  end
  for _, item in ipairs(entries) do
    id = item[ENTRY_ID] or id_of(item[ENTRY_SEQUENCE])
    if is_unchanged(queue, id, item[ENTRY_KEY], number_before(item)) and redis.call('XDEL', queue, id) == 1 then
      gone = gone + tonumber(string.match(id, '%d+$'))
    end
  end
  return gone
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
      local item = entries[start + offset - 1]
      if sequence and tonumber(string.match(sequence, '^%d+')) == item[ENTRY_SEQUENCE] - number_before(item) then
        gone[#gone + 1] = notes[offset]
      end
    end
    if #gone > 0 then redis.call('HDEL', pending, unpack(gone)) end
  end
end

-- Removes both from the queue, with their fields in pending. Returns how many are left. `packed`: how many the queue's
-- entries have beyond one each, as the state says.
local function trim(queue, pending, registrations, entries, state, packed)
  local gone, any = 0, #registrations + #entries > 0
  if any then
    gone = trim_queue(queue, registrations, entries, packed)
    trim_registrations(pending, registrations)
    trim_pending(pending, entries)
  end
  local length = redis.call('XLEN', queue)
  if length == 0 and any then redis.call('DEL', queue) end
  if packed == 0 then return length end
  packed = length > 0 and math.max(packed - gone, 0) or 0
  redis.call('HSET', state, 'packed', digits(packed))
  return length + packed
end
