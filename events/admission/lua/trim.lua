-- Removes decided entries from the queue. The last step of a batch, after commit and publish.
--
-- KEYS  1 queue  2 pending
-- ARGV  1 msgpack [[seq, key, e-mail digest, kind], ...] in the order of the queue; kind is empty for a registration
-- Reply entries left
--
-- If Redis was rewound meanwhile (failover, disk loss), the same places may belong to other people now. The queue only
-- ever loses its tail, so if our last entry is still ours, all before it are; else each is checked.

local CHUNK = 1000  -- rows in one command; Lua can unpack about 8000 values

local rows = cmsgpack.unpack(ARGV[1])

local function is_ours(row)
  local id = string.format('%.0f-0', row[1])
  local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
  -- Every entry begins with its key. One that names no ticket (not from the door) belongs to nobody else.
  return entry ~= nil and (row[2] == '' or entry[2][2] == row[2])
end

local last = rows[#rows]
if is_ours(last) then
  redis.call('XTRIM', KEYS[1], 'MINID', '=', string.format('%.0f-0', last[1] + 1))
else
  for _, row in ipairs(rows) do
    if is_ours(row) then redis.call('XDEL', KEYS[1], string.format('%.0f-0', row[1])) end
  end
end

-- A later ticket under the same e-mail keeps its own note, and so does a later cancellation of the same ticket: of
-- those notes only the ones that name our place go.
for start = 1, #rows, CHUNK do
  local notes, gone = {}, {}
  for index = start, math.min(start + CHUNK - 1, #rows) do
    local row = rows[index]
    if row[4] == '' then gone[#gone + 1] = 't' .. row[2] end
    notes[#notes + 1] = row[4] == '' and 'e' .. row[3] or 'c' .. row[2]
  end
  for offset, place in ipairs(redis.call('HMGET', KEYS[2], unpack(notes))) do
    if place and tonumber(place) == rows[start + offset - 1][1] then gone[#gone + 1] = notes[offset] end
  end
  if #gone > 0 then redis.call('HDEL', KEYS[2], unpack(gone)) end
end

local left = redis.call('XLEN', KEYS[1])
if left == 0 then redis.call('DEL', KEYS[1]) end
return left
