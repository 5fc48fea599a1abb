-- Removes decided entries from the queue. The last step of a batch, after commit and publish.
--
-- KEYS  1 queue  2 pending
-- ARGV  1 msgpack [[seq, key, e-mail digest], ...] in the order of the queue
-- Reply entries left
--
-- If Redis was rewound meanwhile (failover, disk loss), the same places may belong to other people now. The queue only
-- ever loses its tail, so if our last entry is still ours, all before it are; else each is checked.

local CHUNK = 1000  -- rows in one command; Lua can unpack about 8000 values

local rows = cmsgpack.unpack(ARGV[1])

local function is_ours(row)
  local id = string.format('%.0f-0', row[1])
  local entry = redis.call('XRANGE', KEYS[1], id, id)[1]
  -- An entry that names no ticket (not from the door) belongs to nobody else.
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

-- A later ticket under the same e-mail keeps its own note: only those that name our place go.
for start = 1, #rows, CHUNK do
  local holders, gone = {}, {}
  for index = start, math.min(start + CHUNK - 1, #rows) do
    holders[#holders + 1] = 'e' .. rows[index][3]
    gone[#gone + 1] = 't' .. rows[index][2]
  end
  for offset, place in ipairs(redis.call('HMGET', KEYS[2], unpack(holders))) do
    if place and tonumber(place) == rows[start + offset - 1][1] then gone[#gone + 1] = holders[offset] end
  end
  redis.call('HDEL', KEYS[2], unpack(gone))
end

local left = redis.call('XLEN', KEYS[1])
if left == 0 then redis.call('DEL', KEYS[1]) end
return left
