-- Removing decided entries from the queue: a part of `publish`, not a script of its own.
--
-- If Redis was rewound meanwhile (failover, disk loss), the same sequences may belong to other people now. The queue only
-- ever loses its tail, so if the last entry is still the one that was decided, all before it are; else each is checked.

-- Where an entry has its parts: [sequence, key, e-mail digest, kind; empty for a registration, whether it came with an
-- access code; left out if not].
local ENTRY_SEQUENCE, ENTRY_KEY, ENTRY_DIGEST, ENTRY_IS, ENTRY_CODED = 1, 2, 3, 4, 5
-- The prefix of an entry's field in pending, by its kind. Organizers' commands have none.
local NOTE_OF = {cancel = CANCELLATION, confirm = CONFIRMATION, expire = EXPIRY}

local function is_unchanged(queue, item)
  local id = digits(item[ENTRY_SEQUENCE]) .. '-0'
  local entry = redis.call('XRANGE', queue, id, id)[1]
  -- Every entry begins with its key. One that names no ticket (not from the door) cannot be told from another.
  return entry ~= nil and (item[ENTRY_KEY] == '' or entry[2][2] == item[ENTRY_KEY])
end

local function trim_queue(queue, entries)
  local last = entries[#entries]
  if is_unchanged(queue, last) then
    redis.call('XTRIM', queue, 'MINID', '=', digits(last[ENTRY_SEQUENCE] + 1) .. '-0')
    return
  end
  for _, item in ipairs(entries) do
    if is_unchanged(queue, item) then redis.call('XDEL', queue, digits(item[ENTRY_SEQUENCE]) .. '-0') end
  end
end

-- A later ticket under the same e-mail keeps its own field in pending, and so does a later command of the same ticket:
-- of those fields only the ones that name the entry's sequence go.
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

-- Removes `entries`, in the queue's order, with their fields in pending. Returns how many entries are left.
local function trim(queue, pending, entries)
  if #entries == 0 then return redis.call('XLEN', queue) end
  trim_queue(queue, entries)
  trim_pending(pending, entries)
  local left = redis.call('XLEN', queue)
  if left == 0 then redis.call('DEL', queue) end
  return left
end

