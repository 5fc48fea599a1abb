-- Takes a batch of cancellations of one event in, in the order given: each takes its turn in the queue.
--
-- KEYS  state, queue, pending, decided (3), wake
-- ARGV  cancellations   msgpack [[ticket key, the ledger holds a seat for it, `cancel_until` does not bind it,
--                       it is the organizer's], ...]
--       state_ttl (s), wake_ttl (ms)
--       deadline        takes nothing in after this time (ms by this server's clock; 0: no limit)
-- Reply msgpack {'not_loaded'}, {'too_late', now ms}, or {'done', now ms, wake wanted, [answer, ...]} with an answer one of
--       {'admitted', sequence}     it takes its turn there
--       {'repeated', sequence}     an earlier one waits for its turn there
--       {'nothing'}                the ticket holds no seat, and is not on the waitlist
--       {'unknown'}                not known here: only the ledger can tell
--       {'event_over'}             no seat moves any more
--       {'closed'}                 the ticket has a seat, and holders could give one back only until `cancel_until`
--       {'checked_in', ms}         its holder was let in then, and keeps the seat
--
-- There is at most one for each ticket, so they need no queue limit. Every command that can refuse runs before the first
-- write.

local STATE, QUEUE, PENDING = KEYS[1], KEYS[2], KEYS[3]
local DECIDED = {KEYS[4], KEYS[5], KEYS[6]}
local WAKE = KEYS[7]

local cancellations = cmsgpack.unpack(ARGV[1])
local state_ttl = ARGV[2]
local wake_ttl = ARGV[3]
local deadline = tonumber(ARGV[4])

-- Where a cancellation has its parts.
local KEY, HELD_IN_LEDGER, IS_EXEMPT, IS_ORGANIZERS = 1, 2, 3, 4

local state = redis.call('HMGET', STATE, 'opens', 'seq', 'ends', 'cancel_until')
if not state[1] then return cmsgpack.pack({'not_loaded'}) end
local sequence, ends = tonumber(state[2]), state[3]

local _, now = clock()
if deadline > 0 and now > deadline then return cmsgpack.pack({'too_late', now}) end

-- A copy from an earlier release has no end; the drain checks it all the same.
local over = ends and now >= tonumber(ends)
local closed = state[4] and now >= tonumber(state[4])

local head = head_of(QUEUE)
if head then sequence = math.max(sequence, tail_of(QUEUE)) end

-- Whether the ticket holds a seat or may get one: true, false, or nil if it is not known here. Then, if its holder has
-- been let in, when that was (ms); and whether it still waits, for a seat or to be confirmed.
local function holds(key)
  for _, slot in ipairs(DECIDED) do
    local outcome = redis.call('HGET', slot, TICKET .. key)
    if outcome then
      local status = string.match(outcome, '^%d+|(%a+)|')
      local checked_in = string.match(outcome, '|[^|]-' .. CHECKED_IN .. '(%d+)$')
      local waits = status == 'waitlisted' or status == 'held' or status == 'entered'
      return status == 'confirmed' or waits, tonumber(checked_in), waits
    end
  end
  local pending = redis.call('HGET', PENDING, TICKET .. key)
  -- An entry in front of the head was lost by the queue, or is decided and about to be published.
  if pending and head and tonumber(string.match(pending, '^%d+')) >= head then return true, nil, true end
  return nil
end

local function admit(key, payload)
  sequence = sequence + 1
  local text = digits(sequence)
  local entry = {ENTRY_TICKET, key, ENTRY_KIND, 'cancel', ENTRY_REQUESTED, digits(now)}
  if payload then
    entry[#entry + 1] = ENTRY_PAYLOAD
    entry[#entry + 1] = payload
  end
  redis.call('XADD', QUEUE, text .. '-0', unpack(entry))
  redis.call('HSET', PENDING, CANCELLATION .. key, text)
  if not head then head = sequence end
  return {'admitted', sequence}
end

local answers = {}
local admitted = 0
for index, item in ipairs(cancellations) do
  local key = item[KEY]
  local earlier = tonumber(redis.call('HGET', PENDING, CANCELLATION .. key) or 0)
  local held, checked_in, waits = holds(key)
  local exempt = item[IS_ORGANIZERS] or item[IS_EXEMPT] or waits
  if held == nil and item[HELD_IN_LEDGER] then held = true end
  if held == false then
    -- Also while an earlier cancellation that has been decided is still to be trimmed.
    answers[index] = {'nothing'}
  elseif checked_in then
    -- A cancellation that waits in the queue will be refused for the same reason.
    answers[index] = {'checked_in', checked_in}
  elseif earlier > 0 and head and earlier >= head then
    answers[index] = {'repeated', earlier}
  elseif held and over then
    answers[index] = {'event_over'}
  elseif held and closed and not exempt then
    answers[index] = {'closed'}
  elseif held then
    -- Judged here, and answered with a 202: the drain does not judge again by what `cancel_until` has become since.
    answers[index] = admit(key, (item[IS_ORGANIZERS] and BY_ORGANIZER) or ((exempt or state[4]) and EXEMPT))
    admitted = admitted + 1
  else
    answers[index] = {'unknown'}
  end
end

local wake = false
if admitted > 0 then
  redis.call('HSET', STATE, 'seq', digits(sequence))
  redis.call('EXPIRE', STATE, state_ttl)
  wake = redis.call('SET', WAKE, '1', 'NX', 'PX', wake_ttl) ~= false
end
return cmsgpack.pack({'done', now, wake, answers})
