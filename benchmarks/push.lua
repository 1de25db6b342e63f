-- Sends the same body again and again. Arguments: the file of the body, the key.
-- Prints requests per second, the number of requests, and the number of failed ones.
function init(arguments)
  local file = assert(io.open(arguments[1], "rb"))
  wrk.method = "POST"
  wrk.body = file:read("*a")
  wrk.headers["Authorization"] = "Bearer " .. arguments[2]
  wrk.headers["Content-Type"] = "application/json"
  file:close()
end

function done(summary)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  local rate = summary.requests / (summary.duration / 1e6)
  io.write(string.format("\nRESULT %f %d %d\n", rate, summary.requests, failed))
end
