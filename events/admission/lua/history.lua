-- What happened lately, in steps: a part of `publish`, put in front of it. Not a script of its own.
--
-- A hash for each hour: second in which a step begins -> JSON of what was admitted and decided in it, and of the queue
-- and the seats at its end. Written once for each batch, whatever its size.

local STEP_SECONDS = 10
local HOUR_SECONDS = 3600

-- Where what a batch has led to has its parts: the event's counters, and how many tickets got which outcome.
local CONFIRMED, WAITLISTED, DECIDED_AS = 1, 2, 3

-- Adds a batch to the step of this second. `admitted`: entries taken in since the last batch; `queued`: those left.
local function note_step(slots, second, happened, admitted, queued, ttl)
  local slot = slots[1 + math.floor(second / HOUR_SECONDS) % #slots]
  local begins = digits(second - second % STEP_SECONDS)
  local before = redis.call('HGET', slot, begins)
  local step = before and cjson.decode(before) or {admitted = 0, decided = {}}
  step.admitted = step.admitted + admitted
  step.queued, step.confirmed, step.waitlisted = queued, happened[CONFIRMED], happened[WAITLISTED]
  for outcome, number in pairs(happened[DECIDED_AS]) do
    step.decided[outcome] = (step.decided[outcome] or 0) + number
  end
  redis.call('HSET', slot, begins, cjson.encode(step))
  redis.call('EXPIRE', slot, ttl)
end

