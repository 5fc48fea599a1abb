-- Takes a batch of cancellations of one event in, in the order given: each takes its turn in the queue.
--
-- KEYS  1 state  2 queue  3 pending  4-6 decided  7 wake
-- ARGV  1 msgpack [[key, the ledger holds a place for it], ...]   2 state TTL (s)   3 wake TTL (ms)
--       4 take nothing after this time (ms by this server's clock; 0: no limit)
-- Reply msgpack {0} if the event is not loaded, {2, now ms} if it is too late, else {1, now ms, wake wanted, [answer, ...]}
--       with an answer one of
--       {"a", seq}   it takes its turn at this place    {"p", seq}  an earlier one waits for its turn there
--       {"n"}        the ticket holds no place          {"x"}       not known here: only the ledger can tell
--       {"e"}        the event is over: no seat moves any more
--       {"i", ms}    its holder was let in then, and keeps the seat
--
-- There is at most one for each ticket, so they need no queue limit. Every command that can refuse runs before the first
-- write.

local state = redis.call('HMGET', KEYS[1], 'opens', 'seq', 'ends')
if not state[1] then return cmsgpack.pack({0}) end

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
local deadline = tonumber(ARGV[4])
if deadline > 0 and now > deadline then return cmsgpack.pack({2, now}) end

-- A copy from a release before this one has no end; the drain looks at it all the same.
local over = state[3] and now >= tonumber(state[3])

local seq = tonumber(state[2])
local head = nil
local first = redis.call('XRANGE', KEYS[2], '-', '+', 'COUNT', 1)[1]
if first then
  head = tonumber(string.match(first[1], '^%d+'))
  local tail = tonumber(string.match(redis.call('XREVRANGE', KEYS[2], '+', '-', 'COUNT', 1)[1][1], '^%d+'))
  if tail > seq then seq = tail end
end

-- Whether the ticket holds a place or may get one: true, false, or nil if it is not known here. Then, if its holder has
-- been let in, when that was (ms).
local function holds(key)
  for slot = 4, 6 do
    local outcome = redis.call('HGET', KEYS[slot], 't' .. key)
    if outcome then
      local status = string.match(outcome, '^%d+|(%a+)|')
      local entered = string.match(outcome, '|i(%d+)$')
      return status == 'confirmed' or status == 'waitlisted', tonumber(entered)
    end
  end
  local waiting = redis.call('HGET', KEYS[3], 't' .. key)
  -- An entry in front of the head was lost by the queue, or is decided and about to be published.
  if waiting and head and tonumber(string.match(waiting, '^%d+')) >= head then return true end
  return nil
end

local answers = {}
local taken = 0
for index, item in ipairs(cmsgpack.unpack(ARGV[1])) do
  local key = item[1]
  local place = tonumber(redis.call('HGET', KEYS[3], 'c' .. key) or 0)
  local held, entered = holds(key)
  if held == nil and item[2] then held = true end
  if held == false then
    -- Also while an earlier cancellation that has been decided is still to be trimmed.
    answers[index] = {'n'}
  elseif entered then
    -- Whatever waits in the queue will find it so.
    answers[index] = {'i', entered}
  elseif place > 0 and head and place >= head then
    answers[index] = {'p', place}
  elseif held and over then
    answers[index] = {'e'}
  elseif held then
    seq = seq + 1
    taken = taken + 1
    local text = string.format('%.0f', seq)
    redis.call('XADD', KEYS[2], text .. '-0', 't', key, 'c', 'cancel', 'r', string.format('%.0f', now))
    redis.call('HSET', KEYS[3], 'c' .. key, text)
    if not head then head = seq end
    answers[index] = {'a', seq}
  else
    answers[index] = {'x'}
  end
end

local wake = 0
if taken > 0 then
  redis.call('HSET', KEYS[1], 'seq', string.format('%.0f', seq))
  redis.call('EXPIRE', KEYS[1], ARGV[2])
  if redis.call('SET', KEYS[7], '1', 'NX', 'PX', ARGV[3]) then wake = 1 end
end
return cmsgpack.pack({1, now, wake, answers})
