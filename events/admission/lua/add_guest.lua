-- Takes a guest in whom the organizer adds: into the event's queue like any registration, also while the door is closed.
--
-- KEYS  state, queue, pending, decided (3), wake
-- ARGV  guest      msgpack [ticket key, [e-mail digest, the same under older secrets, ...], payload,
--                  what an entry says of its seats or '', who adds it]
--       state_ttl (s), wake_ttl (ms)
-- Reply as `admit`'s to one registration: admitted, queued, decided, or refused as closed or duplicate
--
-- The rules of the door that are for a crowd do not apply: opening and closing, pauses, seats that are left, limits.

local STATE, QUEUE, PENDING = KEYS[1], KEYS[2], KEYS[3]
local DECIDED = {KEYS[4], KEYS[5], KEYS[6]}
local WAKE = KEYS[7]

local guest = cmsgpack.unpack(ARGV[1])
local state_ttl = ARGV[2]
local wake_ttl = ARGV[3]

local key, digests, payload, seats, added = unpack(guest)

local state = redis.call('HMGET', STATE, 'opens', 'seq', 'ends', 'cancelled', 'rate', 'packed')
if not state[1] then return cmsgpack.pack({'not_loaded'}) end
local sequence, ends, cancelled = tonumber(state[2]), tonumber(state[3]), state[4] == '1'

local _, now = clock()
local head = head_of(QUEUE)
if head then sequence = math.max(sequence, tail_of(QUEUE)) end

-- An entry in front of the head was lost by the queue, or is decided.
local function is_queued(noted)
  return noted and head and tonumber(string.match(noted, '^%d+')) >= head
end

local function is_taken(digest)
  for _, slot in ipairs(DECIDED) do
    if redis.call('HGET', slot, EMAIL .. digest) then return true end
  end
  return is_queued(redis.call('HGET', PENDING, EMAIL .. digest))
end

local function answer_without_adding()
  for _, slot in ipairs(DECIDED) do
    local outcome = redis.call('HGET', slot, TICKET .. key)
    if outcome then return {'decided', outcome, 0} end
  end
  local noted = redis.call('HGET', PENDING, TICKET .. key)
  if is_queued(noted) then
    local queued, requested = string.match(noted, '^(%d+)|(%d+)')
    return {'queued', tonumber(queued), tonumber(queued) - head + 1, tonumber(requested), 0}
  end
  if cancelled or (ends and now >= ends) then return {'refused', 'closed'} end
  for _, digest in ipairs(digests) do
    if is_taken(digest) then return {'refused', 'duplicate'} end
  end
  return nil
end

local function add()
  sequence = sequence + 1
  local text, requested = digits(sequence), digits(now)
  local entry = {ENTRY_TICKET, key, ENTRY_REQUESTED, requested, ENTRY_PAYLOAD, payload, ENTRY_ADDED, added}
  if seats ~= '' then
    entry[#entry + 1] = ENTRY_SEATS
    entry[#entry + 1] = seats
  end
  redis.call('XADD', QUEUE, text .. '-0', unpack(entry))
  redis.call('HSET', PENDING, TICKET .. key, text .. '|' .. requested .. '|' .. seats, EMAIL .. digests[1], text)
  redis.call('HSET', STATE, 'seq', text)
  redis.call('EXPIRE', STATE, state_ttl)
  return {'admitted', sequence, redis.call('XLEN', QUEUE) + (head and tonumber(state[6] or 0) or 0)}
end

local answer, wake = answer_without_adding(), false
if not answer then
  answer = add()
  wake = redis.call('SET', WAKE, '1', 'NX', 'PX', wake_ttl) ~= false
end
return cmsgpack.pack({'done', now, wake, {answer}, tonumber(state[5] or 0), {}, 0, 0})
