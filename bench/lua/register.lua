-- Posts registrations of people who exist once: wrk ... URL -- <seed> [<addresses>]
--
-- With addresses, each request names the next of so many in X-Forwarded-For, as a proxy does.
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
    .. "\r\nContent-Type: application/json\r\nContent-Length: " .. length .. "\r\n"
  start = "\r\n{\"name\":\"Guest "
  addresses = tonumber(args[2] or 0)
  middle = "\",\"email\":\"guest"
  last = tail
end

function request()
  counter = counter + 1
  if addresses > 0 then
    local n = counter % addresses
    local address = "10." .. math.floor(n / 65536) .. "." .. math.floor(n / 256) % 256 .. "." .. n % 256
    return head .. "X-Forwarded-For: " .. address .. "\r\n" .. start .. counter .. middle .. counter .. last
  end
  return head .. start .. counter .. middle .. counter .. last
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    "RESULT {\"requests\": %d, \"seconds\": %.6f, \"refused\": %d, \"broken\": %d, \"p50_ms\": %.3f, \"p99_ms\": %.3f}\n",
    summary.requests, summary.duration / 1e6, errors.status,
    errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
