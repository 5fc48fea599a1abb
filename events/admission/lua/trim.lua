-- Removes decided entries from the queue. The last step of a batch, after commit and publish.
--
-- KEYS  queue, pending
-- ARGV  entries   msgpack [[sequence, key, e-mail digest, kind; empty for a registration], ...] in the queue's order
-- Reply entries left
--
-- If Redis was rewound meanwhile (failover, disk loss), the same sequences may belong to other people now. The queue only
-- ever loses its tail, so if the last entry is still the one that was decided, all before it are; else each is checked.

local QUEUE, PENDING = KEYS[1], KEYS[2]

local entries = cmsgpack.unpack(ARGV[1])

-- Where an entry has its parts.
local SEQUENCE, KEY, DIGEST, KIND = 1, 2, 3, 4

local function is_unchanged(item)
  local id = digits(item[SEQUENCE]) .. '-0'
  local entry = redis.call('XRANGE', QUEUE, id, id)[1]
  -- Every entry begins with its key. One that names no ticket (not from the door) cannot be told from another.
  return entry ~= nil and (item[KEY] == '' or entry[2][2] == item[KEY])
end

local last = entries[#entries]
if is_unchanged(last) then
  redis.call('XTRIM', QUEUE, 'MINID', '=', digits(last[SEQUENCE] + 1) .. '-0')
else
  for _, item in ipairs(entries) do
    if is_unchanged(item) then redis.call('XDEL', QUEUE, digits(item[SEQUENCE]) .. '-0') end
  end
end

-- A later ticket under the same e-mail keeps its own field in pending, and so does a later cancellation of the same
-- ticket: of those fields only the ones that name the entry's sequence go.
for start = 1, #entries, CHUNK do
  local notes, gone = {}, {}
  for index = start, math.min(start + CHUNK - 1, #entries) do
    local item = entries[index]
    if item[KIND] == '' then gone[#gone + 1] = TICKET .. item[KEY] end
    notes[#notes + 1] = item[KIND] == '' and EMAIL .. item[DIGEST] or CANCELLATION .. item[KEY]
  end
  for offset, sequence in ipairs(redis.call('HMGET', PENDING, unpack(notes))) do
    if sequence and tonumber(sequence) == entries[start + offset - 1][SEQUENCE] then
      gone[#gone + 1] = notes[offset]
    end
  end
  if #gone > 0 then redis.call('HDEL', PENDING, unpack(gone)) end
end

local left = redis.call('XLEN', QUEUE)
if left == 0 then redis.call('DEL', QUEUE) end
return left
