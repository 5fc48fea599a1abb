-- What a registration is made of. Not a script but a part of `admit`, put in front of it.

-- A batch is one array, in which each registration has so many places; and where those few that have more have that, an
-- organizer's claim and an older name their parts.
local KEY, DIGEST, NOTE, PAYLOAD, ADDRESS = 1, 2, 3, 4, 5
local PLACES = 5
local CALLER, OLDER, SEATS, OF_TYPE, UNTYPED, GIVEN_CODE = 1, 2, 3, 4, 5, 6
local ORGANIZER, HAS_CALLBACK = 1, 2
local OLDER_KEY, OLDER_NOTE, OLDER_DIGEST = 1, 2, 3

-- Where an event has its keys.
local STATE, QUEUE, PENDING, DECIDED, WAKE, RATES, ADDRESSES, REFUSALS, NOTES, CODES = 1, 2, 3, 4, 7, 8, 9, 11, 13, 16
local KEYS_OF_EVENT = 16
