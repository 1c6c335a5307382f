-- Shared by the scripts of a budget: Redis's clock in microseconds, and until when nobody may go.
local function now_us()
  local time = redis.call('TIME')
  return time[1] * 1000000 + time[2]
end

local function paused_until()
  return tonumber(redis.call('GET', KEYS[3]) or '0')
end
