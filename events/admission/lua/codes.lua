-- Access codes: a part of the scripts that look at them or count their uses, not a script of its own.
--
-- The hash has digest -> `revision|id|uses|used|opens ms|ticket type or 0|revoked`, as the ledger last said, and the
-- field ALL_CODES once all codes of the event are there. `used` counts what is decided. What is admitted and not decided
-- yet is counted in `pending`, under CODE_USES and the id: it is there exactly as long as the tickets that it counts,
-- and a server that takes over has both as they were at one moment. So uses - used - pending are left at any time, and
-- nothing is counted twice, or not at all, when a drain dies between two steps.

-- What an unknown code is taken for. It is looked up with the same commands as one that is used up.
local UNKNOWN_CODE = '0|0|0|0|0|0|1'
-- Where a code has its parts in what is put.
local CODE_DIGEST, CODE_TEXT = 1, 2

-- Puts [[digest, text], ...], unless a later revision is there.
local function put_codes(codes, items, ttl)
  for start = 1, #items, CHUNK do
    local digests, fields = {}, {}
    for index = start, math.min(start + CHUNK - 1, #items) do digests[#digests + 1] = items[index][CODE_DIGEST] end
    for offset, known in ipairs(redis.call('HMGET', codes, unpack(digests))) do
      local text = items[start + offset - 1][CODE_TEXT]
      if not known or tonumber(string.match(known, '^%d+')) < tonumber(string.match(text, '^%d+')) then
        fields[#fields + 1] = digests[offset]
        fields[#fields + 1] = text
      end
    end
    if #fields > 0 then redis.call('HSET', codes, unpack(fields)) end
  end
  redis.call('EXPIRE', codes, ttl)
end

-- The code with one of these digests (of older secrets too), with what is left of it.
local function find_code(codes, pending, digests)
  local text
  for _, digest in ipairs(digests) do text = redis.call('HGET', codes, digest) or text end
  local id, uses, used, opens, of_type, revoked =
    string.match(text or UNKNOWN_CODE, '^%d+|(%d+)|(%d+)|(%d+)|(%d+)|(%d+)|(%d)$')
  local queued = tonumber(redis.call('HGET', pending, CODE_USES .. id) or 0)
  local left = revoked == '1' and 0 or tonumber(uses) - tonumber(used) - queued
  return {id = id, left = left, opens = tonumber(opens), of_type = tonumber(of_type)}
end

-- What a ticket's text in `pending` says: the id of its code, nil without one, and its seats.
local function code_of(text)
  local seats = string.match(text or '', '|([^|]*)$') or ''
  local id = string.match(seats, CODE .. '(%d+)$')
  return id, id and tonumber(string.match(seats, '^' .. QUANTITY .. '(%d+)') or 1)
end

-- Counts an admitted ticket. One that is in `pending` already, lost by the queue, is counted already.
local function count_code(pending, key, id, seats)
  if code_of(redis.call('HGET', pending, TICKET .. key)) == id then return end
  redis.call('HINCRBY', pending, CODE_USES .. id, seats)
end

-- Takes a ticket out of `pending`, and what it counts of its code with it: once, however often it is called.
local function uncount_code(pending, key)
  local id, seats = code_of(redis.call('HGET', pending, TICKET .. key))
  if redis.call('HDEL', pending, TICKET .. key) == 0 or not id then return end
  if redis.call('HINCRBY', pending, CODE_USES .. id, -seats) <= 0 then
    redis.call('HDEL', pending, CODE_USES .. id)
  end
end

