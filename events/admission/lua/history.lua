-- What happened lately, in steps: a part of `publish`, put in front of it. Not a script of its own.
--
-- One hash, which has a ring of steps for each level: the last hour in steps of 10 s, six hours in minutes, and a day in
-- steps of ten minutes. A field is the level's letter and the step's place in its ring -> JSON of when the step begins,
-- what was admitted and decided in it, and the queue and the seats at its end. A step takes the place of the one that is
-- as old as its ring is long, so there are never more fields than places, and `open`.
--
-- Written once for each batch, whatever its size: to the finest level. `open` names the field of the last step there, the
-- one that the coarser levels do not have yet: they get it when the next one begins.

-- Letter, seconds of a step, steps of the ring (`events/admission/history.py` reads them). The finest is the first.
local LEVELS = {{'a', 10, 360}, {'b', 60, 360}, {'c', 600, 144}}
local OPEN = 'open'

-- Where what a batch has led to has its parts: the event's counters, how many tickets got which outcome, and of each
-- ticket type its seats that are taken and those waited for; nil for an event without types.
local CONFIRMED, HELD, WAITLISTED, DECIDED_AS, TYPES = 1, 2, 3, 4, 5

-- Returns the field of the step of a level to which a second belongs, and the step: as it is, or a new one.
local function step_of(history, level, second)
  local number = math.floor(second / level[2])
  local begins, place = number * level[2], level[1] .. number % level[3]
  local found = redis.call('HGET', history, place)
  local step = found and cjson.decode(found)
  if step and step.at == begins then return place, step, false end
  return place, {at = begins, admitted = 0, decided = {}}, true
end

-- Adds to a step what was admitted and decided after it, up to a moment with these counters.
local function add_to(step, more)
  step.admitted = step.admitted + more.admitted
  for outcome, number in pairs(more.decided) do
    step.decided[outcome] = (step.decided[outcome] or 0) + number
  end
  step.queued, step.types = more.queued, more.types
  step.confirmed, step.held, step.waitlisted = more.confirmed, more.held, more.waitlisted
  return cjson.encode(step)
end

local function close_last(history)
  local last = redis.call('HGET', history, OPEN)
  local found = last and redis.call('HGET', history, last)
  if not found then return end
  local closed = cjson.decode(found)
  for index = 2, #LEVELS do
    local place, step = step_of(history, LEVELS[index], closed.at)
    redis.call('HSET', history, place, add_to(step, closed))
  end
end

-- Adds a batch to the step of this second. `admitted`: entries taken in since the last batch; `queued`: those left.
local function note_step(history, second, happened, admitted, queued, ttl)
  local place, step, new = step_of(history, LEVELS[1], second)
  if new then
    close_last(history)
    redis.call('HSET', history, OPEN, place)
  end
  redis.call('HSET', history, place, add_to(step, {
    admitted = admitted, decided = happened[DECIDED_AS], queued = queued, types = happened[TYPES],
    confirmed = happened[CONFIRMED], held = happened[HELD], waitlisted = happened[WAITLISTED],
  }))
  redis.call('EXPIRE', history, ttl)
end
