-- Which ticket each Idempotency-Key was last admitted for: note of the key -> the first characters of the ticket's key,
-- in a hash for each day. Not a script but a part of `admit`, put in front of it. Nothing is written before `write`.

local BODY_CHARS = 6

-- `slots`: the keys of the hashes.
local function new_notes(slots)
  local tickets, fresh = {}, {}
  local notes = {}

  function notes.read(wanted)
    for _, slot in ipairs(existing(slots)) do
      for start = 1, #wanted, CHUNK do
        local names = {unpack(wanted, start, math.min(start + CHUNK - 1, #wanted))}
        for offset, ticket in ipairs(redis.call('HMGET', slot, unpack(names))) do
          if ticket then tickets[names[offset]] = ticket end
        end
      end
    end
  end

  -- Whether its Idempotency-Key was last used for this ticket.
  function notes.is_of(note, key)
    return tickets[note] == string.sub(key, 1, BODY_CHARS)
  end

  -- Whether its Idempotency-Key was used for another ticket: with another body.
  function notes.is_reused(note, key)
    local ticket = note ~= '' and tickets[note]
    return ticket and ticket ~= string.sub(key, 1, BODY_CHARS)
  end

  function notes.remember(note, key)
    tickets[note] = string.sub(key, 1, BODY_CHARS)
    fresh[#fresh + 1] = note
    fresh[#fresh + 1] = tickets[note]
  end

  function notes.write(second, ttl)
    if #fresh == 0 then return end
    local today = of_today(slots, second)
    for start = 1, #fresh, 2 * CHUNK do
      redis.call('HSET', today, unpack(fresh, start, math.min(start + 2 * CHUNK - 1, #fresh)))
    end
    redis.call('EXPIRE', today, ttl)
  end

  return notes
end

