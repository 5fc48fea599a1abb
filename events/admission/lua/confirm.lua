-- Takes a batch of confirmations of held tickets of one event in, in the order given: each takes its turn in the queue.
--
-- KEYS  state, queue, pending, decided (3), wake
-- ARGV  confirmations   msgpack [[ticket key, digest of the payment reference, payload, organizer who confirms or 0,
--                       until when (ms) the ledger says it is held or 0, the letter of who may confirm it, digest of
--                       the e-mail that is proved or ''], ...]; the two before the last count only for a ticket that is
--                       not known here
--       state_ttl (s), wake_ttl (ms)
--       deadline        takes nothing in after this time (ms by this server's clock; 0: no limit)
-- Reply msgpack {'not_loaded'}, {'too_late', now ms}, or {'done', now ms, wake wanted, [answer, ...]} with an answer one of
--       {'admitted', sequence}     it takes its turn there, in time
--       {'repeated', sequence}     one with the same payment reference waits for its turn there
--       {'confirmed'}              the ticket is confirmed: the ledger knows by which payment
--       {'proved'}                 its address was proved before, or was never to be proved
--       {'corrected'}              it has another e-mail since: this one proves nothing
--       {'unproved'}               its address is to be proved first
--       {'not_held'}               it is not held (any more), or something that ends the hold stands in front
--       {'organizer_only'}         it is held, and these are not the ones who may confirm it
--       {'unknown'}                not known here: only the ledger can tell
--
-- An admitted confirmation is in front of everything that could still end the hold: an expiry comes later by this
-- server's clock, and a cancellation that waits already was found here. So its 202 means confirmed. There is at most one
-- for each ticket, so they need no queue limit. Every command that can refuse runs before the first write.

local STATE, QUEUE, PENDING = KEYS[1], KEYS[2], KEYS[3]
local DECIDED = {KEYS[4], KEYS[5], KEYS[6]}
local WAKE = KEYS[7]

local confirmations = cmsgpack.unpack(ARGV[1])
local state_ttl = ARGV[2]
local wake_ttl = ARGV[3]
local deadline = tonumber(ARGV[4])

-- Where a confirmation has its parts.
local KEY, REFERENCE, PAYLOAD, ORGANIZER, UNTIL_IN_LEDGER, BY_IN_LEDGER, ADDRESS = 1, 2, 3, 4, 5, 6, 7

local state = redis.call('HMGET', STATE, 'opens', 'seq', 'ends', 'cancelled', 'organizer')
if not state[1] then return cmsgpack.pack({'not_loaded'}) end
local sequence, ends, organizer = tonumber(state[2]), tonumber(state[3]), state[5]

local _, now = clock()
if deadline > 0 and now > deadline then return cmsgpack.pack({'too_late', now}) end
local closed = state[4] == '1' or now >= ends

local head = head_of(QUEUE)
if head then sequence = math.max(sequence, tail_of(QUEUE)) end

-- The value of a field in pending if its entry still waits; else nil.
local function waiting(field)
  local noted = redis.call('HGET', PENDING, field)
  if noted and head and tonumber(string.match(noted, '^%d+')) >= head then return noted end
  return nil
end

-- The status of a ticket, and where it is held, or its address is to be proved, until when (ms), and the letter of who
-- may confirm it; and where this is written.
local function find(item)
  for _, slot in ipairs(DECIDED) do
    local outcome = redis.call('HGET', slot, TICKET .. item[KEY])
    if outcome then
      local until_ms, by = string.match(outcome, '|[^|]-' .. HELD_UNTIL .. '(%d+)(%a?)$')
      return string.match(outcome, '^%d+|(%a+)|'), tonumber(until_ms), by, slot
    end
  end
  if waiting(TICKET .. item[KEY]) then return 'queued' end
  if item[UNTIL_IN_LEDGER] > 0 then return 'held', item[UNTIL_IN_LEDGER], item[BY_IN_LEDGER] end
  return 'unknown'
end

local function admit(item)
  sequence = sequence + 1
  local text = digits(sequence)
  redis.call('XADD', QUEUE, text .. '-0', ENTRY_TICKET, item[KEY], ENTRY_KIND, 'confirm', ENTRY_REQUESTED, digits(now),
    ENTRY_PAYLOAD, item[PAYLOAD])
  redis.call('HSET', PENDING, CONFIRMATION .. item[KEY], text .. '|' .. item[REFERENCE])
  if not head then head = sequence end
  return {'admitted', sequence}
end

local PROVED = {confirmed = true, held = true, waitlisted = true}

-- Why a ticket of this status cannot be confirmed so; nil if it can.
local function refusal(item, status, by, slot)
  local unproved = by == UNPROVED and (status == 'held' or status == 'waitlisted')
  if status == 'unknown' then return status end
  if item[ADDRESS] ~= '' then
    if not unproved then return PROVED[status] and 'proved' or 'not_held' end
    -- Written together with the outcome, and taken out where the e-mail was corrected.
    if slot and redis.call('HGET', slot, EMAIL .. item[ADDRESS]) ~= item[KEY] then return 'corrected' end
    return nil
  end
  if unproved then return 'unproved' end
  if status == 'confirmed' then return status end
  return status ~= 'held' and 'not_held' or nil
end

local function answer_to(item)
  local status, until_ms, by, slot = find(item)
  local refused = refusal(item, status, by, slot)
  if refused then return {refused} end
  if by == RESTRICTED and (item[ORGANIZER] == 0 or digits(item[ORGANIZER]) ~= organizer) then return {'organizer_only'} end
  local earlier, reference = string.match(waiting(CONFIRMATION .. item[KEY]) or '', '^(%d+)|(.*)$')
  if earlier then
    if reference == item[REFERENCE] then return {'repeated', tonumber(earlier)} end
    return {'not_held'}
  end
  if closed or now >= until_ms or waiting(CANCELLATION .. item[KEY]) or waiting(EXPIRY .. item[KEY]) then
    return {'not_held'}
  end
  return admit(item)
end

local answers = {}
local admitted = 0
for index, item in ipairs(confirmations) do
  answers[index] = answer_to(item)
  if answers[index][1] == 'admitted' then admitted = admitted + 1 end
end

local wake = false
if admitted > 0 then
  redis.call('HSET', STATE, 'seq', digits(sequence))
  redis.call('EXPIRE', STATE, state_ttl)
  wake = redis.call('SET', WAKE, '1', 'NX', 'PX', wake_ttl) ~= false
end
return cmsgpack.pack({'done', now, wake, answers})
