-- How often an address may do something: a window that slides over two fixed ones. Not a script but a part of `admit`
-- that a call makes if there is a limit.
--
-- Counted is what was done in this window, and in the one before as far as a window that ends now would still reach it,
-- as if it had come evenly. Each window has a hash: `w` its number, address -> how often. Nothing is written before
-- `write`, so the calls before it may refuse.

-- Adds to `counts` what a window's hash has of the addresses, if its number is `wanted`. Returns whether it is.
local function read_window(hash, wanted, addresses, counts)
  for start = 1, #addresses, CHUNK do
    local last = math.min(start + CHUNK - 1, #addresses)
    local found = redis.call('HMGET', hash, WINDOW, unpack(addresses, start, last))
    if tonumber(found[1]) ~= wanted then return false end
    for at = start, last do
      local count = found[at - start + 2]
      if count then counts[addresses[at]] = tonumber(count) end
    end
  end
  return true
end

-- `slots`: the keys of the two hashes. `quota`: how often in a window. `most`: addresses counted at most.
local function new_limiter(slots, quota, seconds, most, now)
  local window = seconds * 1000
  local number = math.floor(now / window)
  local into = now - number * window
  local current, last = slots[1 + number % 2], slots[1 + (number + 1) % 2]
  local here, before, changed = {}, {}, {}
  local known, is_fresh = 0, true
  local limiter = {left_of_window = window - into, lefts = {}}

  function limiter.read(addresses)
    if #addresses == 0 then return end
    is_fresh = not read_window(current, number, addresses, here)
    if not is_fresh then known = redis.call('HLEN', current) - 1 end
    read_window(last, number - 1, addresses, before)
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
    local used = here[address]
    if not used then
      if known >= most then return end
      known = known + 1
    end
    here[address] = (used or 0) + 1
    changed[address] = true
  end

  -- Why an address that was refused too often is refused, or nil.
  function limiter.refuse(address)
    local wait = limiter.wait(address)
    if wait > 0 then return {'refusals_limited', wait} end
  end

  -- Why an arrival is refused, or nil: then it is counted. Notes what it has left for the registration with this number.
  function limiter.arrive(address, index)
    local wait = limiter.wait(address)
    if wait == 0 then limiter.take(address) end
    local fading = (before[address] or 0) * (window - into) / window
    limiter.lefts[index] = math.max(0, math.floor(quota - (here[address] or 0) - fading))
    if wait > 0 then return {'rate_limited', wait} end
  end

  function limiter.write()
    if not next(changed) then return end
    local fields, count = {WINDOW, digits(number)}, 2
    for address in pairs(changed) do
      fields[count + 1], fields[count + 2] = address, here[address]
      count = count + 2
    end
    -- The hash is that of the window before the last, which no longer counts.
    if is_fresh then redis.call('UNLINK', current) end
    write_fields(current, fields)
    if is_fresh then redis.call('EXPIRE', current, 2 * seconds) end
  end

  return limiter
end

-- The addresses of a batch, each once.
local function addresses_of(registrations)
  local addresses, count, seen = {}, 0, {[''] = true}
  for at = ADDRESS, #registrations, PLACES do
    local address = registrations[at]
    if not seen[address] then
      count = count + 1
      seen[address], addresses[count] = true, address
    end
  end
  return addresses
end

return new_limiter, addresses_of
