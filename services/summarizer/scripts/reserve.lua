-- Take the next place in line at which a request and its tokens fit, unless it is too far away.
-- KEYS: places, sizes, pause.
-- ARGV: id, tokens, requests per window, tokens per window (0: no limit), window in us, patience in us.
-- Returns 1 or 0, whether the place was taken, and the microseconds until then; nothing to wait: go.
local id, tokens = ARGV[1], tonumber(ARGV[2])
local most_requests, most_tokens = tonumber(ARGV[3]), tonumber(ARGV[4])
local window, patience = tonumber(ARGV[5]), tonumber(ARGV[6])
local now, pause = now_us(), paused_until()

-- A place that was taken before is kept unless a pause has come over it.
local own = tonumber(redis.call('ZSCORE', KEYS[1], id) or '0')
if own > 0 and pause <= own then return {1, math.max(0, own - now)} end
forget_until(now - window)
if own > 0 then give_up(id) end

-- The oldest places have to leave the window until both budgets have room; those to come count as well, so that small
-- requests never keep a large one waiting. What is larger than its whole budget goes alone, when all have left.
local at = math.max(now, pause)
local count = redis.call('ZCARD', KEYS[1])
local total = tonumber(redis.call('HGET', KEYS[2], 'total') or '0')
local requests_over = most_requests > 0 and count + 1 - most_requests or 0
local tokens_over = most_tokens > 0 and total + tokens - most_tokens or 0
local left = 0
while left < count and (left < requests_over or tokens_over > 0) do
  local place = redis.call('ZRANGE', KEYS[1], left, left, 'WITHSCORES')
  tokens_over = tokens_over - (redis.call('HGET', KEYS[2], place[1]) or 0)
  at = math.max(at, tonumber(place[2]) + window)
  left = left + 1
end
if at - now > patience then return {0, at - now} end

redis.call('ZADD', KEYS[1], at, id)
redis.call('HSET', KEYS[2], id, tokens)
redis.call('HINCRBY', KEYS[2], 'total', tokens)
local lifetime = math.ceil((at - now + 2 * window) / 1000)
redis.call('PEXPIRE', KEYS[1], lifetime)
redis.call('PEXPIRE', KEYS[2], lifetime)
return {1, at - now}
