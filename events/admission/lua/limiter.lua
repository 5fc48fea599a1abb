-- How often an address may do something: a window that slides over two fixed ones. Not a script but a part of `admit`,
-- put in front of it.
--
-- Counted is what was done in this window, and in the one before as far as a window that ends now would still reach it,
-- as if it had come evenly. Each window has a hash: `w` its number, address -> how often. Nothing is written before
-- `write`, so the calls before it may refuse.

-- `slots`: the keys of the two hashes. `quota`: how often in a window. `most`: addresses counted at most.
local function new_limiter(slots, quota, seconds, most, now)
  local window = seconds * 1000
  local number = math.floor(now / window)
  local into = now - number * window
  local current, last = slots[1 + number % 2], slots[1 + (number + 1) % 2]
  local here, before, changed = {}, {}, {}
  local known = 0
  local limiter = {left_of_window = window - into}

  local function read(slot, wanted, addresses, counts)
    if tonumber(redis.call('HGET', slot, WINDOW)) ~= wanted then return false end
    for start = 1, #addresses, CHUNK do
      local names = {unpack(addresses, start, math.min(start + CHUNK - 1, #addresses))}
      for offset, count in ipairs(redis.call('HMGET', slot, unpack(names))) do
        counts[names[offset]] = tonumber(count)
      end
    end
    return true
  end

  function limiter.read(addresses)
    if #addresses == 0 then return end
    if read(current, number, addresses, here) then known = redis.call('HLEN', current) - 1 end
    read(last, number - 1, addresses, before)
  end

  -- Milliseconds until this address may do it once more; 0 if it may now.
  function limiter.wait(address)
    local used, fading = here[address] or 0, before[address] or 0
    local spare = quota - 1 - used
    if spare < 0 then
      -- Not in this window; in the next one as soon as enough of this one has faded.
      return window - into + math.max(0, window - math.floor((quota - 1) * window / used))
    end
    if fading * (window - into) > spare * window then
      return window - into - math.floor(spare * window / fading)
    end
    return 0
  end

  function limiter.take(address)
    if not here[address] then
      if known >= most then return end
      known = known + 1
    end
    here[address] = (here[address] or 0) + 1
    changed[address] = true
  end

  function limiter.left(address)
    local fading = (before[address] or 0) * (window - into) / window
    return math.max(0, math.floor(quota - (here[address] or 0) - fading))
  end

  function limiter.write()
    if not next(changed) then return end
    local fresh = tonumber(redis.call('HGET', current, WINDOW)) ~= number
    local fields = {WINDOW, digits(number)}
    for address in pairs(changed) do
      fields[#fields + 1] = address
      fields[#fields + 1] = here[address]
    end
    -- The hash is that of the window before the last, which no longer counts.
    if fresh then redis.call('UNLINK', current) end
    write_fields(current, fields)
    if fresh then redis.call('EXPIRE', current, 2 * seconds) end
  end

  return limiter
end

-- The addresses of a batch, each once.
local function addresses_of(registrations)
  local addresses, seen = {}, {[''] = true}
  for at = 0, #registrations - 1, PLACES do
    local address = registrations[at + ADDRESS]
    if not seen[address] then
      seen[address] = true
      addresses[#addresses + 1] = address
    end
  end
  return addresses
end

