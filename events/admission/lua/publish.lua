-- Publishes decisions that the ledger has committed, and removes their entries from the queue: one call and one fsync,
-- and no reader finds a ticket in neither place. Repeating it changes nothing.
--
-- KEYS  state, decided (3), rates, waitlist, queue, pending, codes, history
-- ARGV  seated             msgpack of first decisions that hold their e-mail and do not wait, which nearly all are: as
--                          HSET takes them, [t<ticket key>, outcome, e<e-mail digest>, ticket key, ...]
--       outcomes           all others, msgpack [[ticket key, e-mail digest, outcome, revision, holds the e-mail,
--                          score in `waitlist`, or 0 if it is not waitlisted; e-mail
--                          digests that it no longer holds, or nil], ...]
--       version            of the event's row
--       last_sequence      of the ledger
--       state_ttl, outcome_ttl, rates_ttl, waitlist_ttl (s)
--       measured_rate      decisions per second in this batch; 0: not measured
--       assumed_rate       the same, assumed before the first measurement
--       counted            1 if these are decisions of this second, 0 if older ones are published again
--       decided_ms         moment of these decisions; 0 if more of the same follow
--       published_before   moment (ms) up to which all must be published here for `decided_ms` to be recorded. What the
--                          caller takes for published may be lost: this may be another server than it was then
--       earlier_part       name of the part that must have been published here before this one; '' for the first
--       this_part          name of this part; '' for the last
--       channel            where the event's news are published
--       publish_command    PUBLISH, or SPUBLISH on a Cluster
--       registrations      msgpack [sequence, t<key>, e<e-mail digest>, ...] of the queue, in its order (see `trim`)
--       entries            all others, msgpack [[sequence, key, e-mail digest, kind], ...], in its order
--       codes              msgpack [[digest, text], ...] of access codes that changed (see `codes`); '' if none did
--       happened           msgpack of what happened for `history`, or nil: not noted
--       history_ttl (s)
--       row                ..., field, value pairs of the event's row
-- Reply {number of outcomes written, entries left in the queue}
--
-- Flat lists, since Lua makes a table for each list, and an interned string for each text that is put together.
-- An outcome only replaces one of a lower revision, so a late publish cannot turn a status back, and cannot return a
-- ticket to the waitlist. Fields are read and written in chunks: one command for each ticket costs four times as much.
-- All of this is written before the news are sent.
--
-- `shown` in the state tells up to which moment all is published, and is what the ledger is compared with. So the state
-- is there as long as any outcome is.

local STATE = KEYS[1]
local DECIDED = {KEYS[2], KEYS[3], KEYS[4]}
local RATES, WAITLIST = KEYS[5], KEYS[6]
local QUEUE, PENDING = KEYS[7], KEYS[8]
local CODES = KEYS[9]
local HISTORY = KEYS[10]

local seated = cmsgpack.unpack(ARGV[1])
local outcomes = cmsgpack.unpack(ARGV[2])
local version = ARGV[3]
local last_sequence = ARGV[4]
local state_ttl = ARGV[5]
local outcome_ttl = ARGV[6]
local rates_ttl = ARGV[7]
local waitlist_ttl = ARGV[8]
local measured_rate = tonumber(ARGV[9])
local assumed_rate = tonumber(ARGV[10])
local counted = ARGV[11] == '1'
local decided_ms = ARGV[12]
local published_before = tonumber(ARGV[13])
local earlier_part = ARGV[14]
local this_part = ARGV[15]
local channel = ARGV[16]
local publish_command = ARGV[17]
local registrations = cmsgpack.unpack(ARGV[18])
local entries = cmsgpack.unpack(ARGV[19])
local codes = ARGV[20]
local happened = cmsgpack.unpack(ARGV[21])
local history_ttl = ARGV[22]
local row = {select(23, unpack(ARGV))}

-- Where an outcome has its parts.
local KEY, DIGEST, TEXT, REVISION, HOLDS_EMAIL, WAITLISTED_AT, FREED = 1, 2, 3, 4, 5, 6, 7
local SEATED_PARTS = 4
-- How much a batch says about what a full one would do: nearly nothing if it is small, since its time goes into what
-- every batch costs. One of FULL tickets moves the rate half the way, one of a single ticket by less than a millionth.
local FULL, HALF = 1000, 0.5

local second = clock()
local today = of_today(DECIDED, second)

local slots = existing(DECIDED)

local function is_any_known(tickets)
  for _, slot in ipairs(slots) do
    for start = 1, #tickets, CHUNK do
      local found = redis.call('HMGET', slot, unpack(tickets, start, math.min(start + CHUNK - 1, #tickets)))
      for index = 1, #found do
        if found[index] then return true end
      end
    end
  end
  return false
end

-- The keys of `seated`. If Redis has one of them already, all of them become `outcomes`, which are looked at one by one.
local function keys_of_seated()
  local tickets, keys = {}, {}
  for at = 1, #seated, SEATED_PARTS do
    tickets[#tickets + 1] = seated[at]
    keys[#keys + 1] = seated[at + 3]
  end
  if not is_any_known(tickets) then return keys end
  for at = 1, #seated, SEATED_PARTS do
    outcomes[#outcomes + 1] = {seated[at + 3], string.sub(seated[at + 2], #EMAIL + 1), seated[at + 1], 1, true, 0}
  end
  seated = {}
  return {}
end

local changed = keys_of_seated()
local written = #changed

-- Where Redis has an outcome of a ticket already: ticket -> {slot, revision}. Empty for nearly every batch.
local present = {}
for _, slot in ipairs(slots) do
  for start = 1, #outcomes, CHUNK do
    local tickets = {}
    for index = start, math.min(start + CHUNK - 1, #outcomes) do
      tickets[#tickets + 1] = TICKET .. outcomes[index][KEY]
    end
    for offset, text in ipairs(redis.call('HMGET', slot, unpack(tickets))) do
      if text then present[tickets[offset]] = {slot = slot, revision = tonumber(string.match(text, '^%d+'))} end
    end
  end
end

-- What goes before the outcomes are written: older ones in another slot, by slot; and fields of e-mails, each if it still
-- names the ticket at the same place in `owners`.
local outdated, emails, owners = {}, {}, {}

local function free_email(key, digest)
  emails[#emails + 1] = EMAIL .. digest
  owners[#owners + 1] = key
end

-- One in today's slot is overwritten, and so is the e-mail's field, if the ticket still holds it.
local function replace_older(item, slot)
  if slot ~= today then
    outdated[slot] = outdated[slot] or {}
    table.insert(outdated[slot], TICKET .. item[KEY])
  end
  if slot ~= today or not item[HOLDS_EMAIL] then free_email(item[KEY], item[DIGEST]) end
end

local function remove(slot, gone)
  for start = 1, #gone, CHUNK do
    redis.call('HDEL', slot, unpack(gone, start, math.min(start + CHUNK - 1, #gone)))
  end
end

local function remove_emails(slot)
  local gone = {}
  for start = 1, #emails, CHUNK do
    local held_by = redis.call('HMGET', slot, unpack(emails, start, math.min(start + CHUNK - 1, #emails)))
    for offset, key in ipairs(held_by) do
      local index = start + offset - 1
      if key == owners[index] then gone[#gone + 1] = emails[index] end
    end
  end
  remove(slot, gone)
end

local fields, joins, leaves = {}, {}, {}
for _, item in ipairs(outcomes) do
  local older = present[TICKET .. item[KEY]]
  if not older or item[REVISION] > older.revision then
    if older then replace_older(item, older.slot) end
    if item[FREED] then
      for _, digest in ipairs(item[FREED]) do free_email(item[KEY], digest) end
    end
    fields[#fields + 1] = TICKET .. item[KEY]
    fields[#fields + 1] = item[TEXT]
    if item[HOLDS_EMAIL] then
      fields[#fields + 1] = EMAIL .. item[DIGEST]
      fields[#fields + 1] = item[KEY]
    end
    if item[WAITLISTED_AT] > 0 then
      joins[#joins + 1] = item[WAITLISTED_AT]
      joins[#joins + 1] = item[KEY]
    elseif item[REVISION] > 1 then
      -- A first decision has nothing to leave.
      leaves[#leaves + 1] = item[KEY]
    end
    changed[#changed + 1] = item[KEY]
    written = written + 1
  end
end
for slot, gone in pairs(outdated) do remove(slot, gone) end
for _, slot in ipairs(slots) do remove_emails(slot) end
write_fields(today, seated)
write_fields(today, fields)
for start = 1, #joins, 2 * CHUNK do
  redis.call('ZADD', WAITLIST, unpack(joins, start, math.min(start + 2 * CHUNK - 1, #joins)))
end
for start = 1, #leaves, CHUNK do
  redis.call('ZREM', WAITLIST, unpack(leaves, start, math.min(start + CHUNK - 1, #leaves)))
end

if written > 0 then
  redis.call('EXPIRE', today, outcome_ttl)
  redis.call('EXPIRE', WAITLIST, waitlist_ttl)
end
if written > 0 and counted then
  count_in_second(RATES, DECIDED_IN, second, written)
  redis.call('EXPIRE', RATES, rates_ttl)
end

local state = redis.call('HMGET', STATE, 'version', 'seq', 'rate', 'shown', 'noted', 'packed')
local copied_version, copied_sequence = tonumber(state[1]), tonumber(state[2])
if copied_version then
  if copied_version <= tonumber(version) then
    -- The whole row: what was changed while this server was away must not hide behind the newer version.
    redis.call('HSET', STATE, 'version', version, unpack(row))
  end
  if copied_sequence < tonumber(last_sequence) then redis.call('HSET', STATE, 'seq', last_sequence) end
  if measured_rate > 0 and written > 0 then
    local rate = tonumber(state[3] or assumed_rate)
    rate = rate + math.min(HALF, (written / FULL) ^ 2) * (measured_rate - rate)
    redis.call('HSET', STATE, 'rate', string.format('%.2f', rate))
  end
  local published = tonumber(state[4] or 0)
  local complete = earlier_part == '' or redis.call('HGET', STATE, 'part') == earlier_part
  if complete and this_part ~= '' then redis.call('HSET', STATE, 'part', this_part) end
  if complete and tonumber(decided_ms) > published and published >= published_before then
    redis.call('HSET', STATE, 'shown', decided_ms)
  end
else
  -- No outcome outlives the state, so there is none that could be out of date. Codes are all read anew.
  redis.call('DEL', CODES)
  local sequence = digits(math.max(tonumber(last_sequence), tail_of(QUEUE) or 0))
  redis.call('HSET', STATE, 'version', version, 'seq', sequence, 'shown', decided_ms, 'part', this_part, unpack(row))
end
if written > 0 or not copied_version then redis.call('EXPIRE', STATE, state_ttl) end
if codes ~= '' then put_codes(CODES, cmsgpack.unpack(codes), state_ttl) end
-- Only now: an entry must not go before its decision can be read.
local left = trim(QUEUE, PENDING, registrations, entries, STATE, tonumber(state[6] or 0))
if happened and written > 0 and copied_version then
  local noted = tonumber(state[5]) or before_first(registrations, entries) or copied_sequence
  redis.call('HSET', STATE, 'noted', digits(copied_sequence))
  note_step(HISTORY, second, happened, math.max(0, copied_sequence - noted), left, history_ttl)
end
if written > 0 then redis.call(publish_command, channel, table.concat(changed, ' ')) end
return {written, left}
