-- Add what was put aside and is due to its stream again.
-- KEYS: stream, delayed, delayed entries, moved. ARGV: limit.
local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now_ms(), 'LIMIT', 0, ARGV[1])
for _, unit in ipairs(due) do
  local packed = redis.call('HGET', KEYS[3], unit)
  if packed then
    redis.call('HSET', KEYS[4], unit, redis.call('XADD', KEYS[1], '*', unpack(cmsgpack.unpack(packed))))
    redis.call('HDEL', KEYS[3], unit)
  end
  redis.call('ZREM', KEYS[2], unit)
end
return #due
