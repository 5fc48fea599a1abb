-- Posts registrations of people who exist once: wrk ... URL -- <seed>
--
-- A request is one string concatenation, so that the client stays cheap; seven digits keep the length constant.
-- The same script loads the door and every baseline.

local threads = 0

function setup(thread)
  thread:set("number", threads)
  threads = threads + 1
end

function init(args)
  counter = 1000000
  local tail = "x" .. args[1] .. "t" .. number .. "@example.com\"}"
  local length = #"{\"name\":\"Guest 1000000\",\"email\":\"guest1000000" + #tail
  head = "POST " .. wrk.path .. " HTTP/1.1\r\nHost: " .. wrk.host .. ":" .. wrk.port
    .. "\r\nContent-Type: application/json\r\nContent-Length: " .. length .. "\r\n\r\n{\"name\":\"Guest "
  middle = "\",\"email\":\"guest"
  last = tail
end

function request()
  counter = counter + 1
  return head .. counter .. middle .. counter .. last
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "RESULT {\"requests\": %d, \"seconds\": %.6f, \"refused\": %d, \"broken\": %d, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
