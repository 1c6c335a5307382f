-- Shared by the scripts of a budget: a place is the time at which a request goes out, and its size in tokens.
-- KEYS: places (sorted set id -> time), sizes (hash id -> tokens, and `total`), pause.
local function give_up(id)
  redis.call('ZREM', KEYS[1], id)
  -- `0 - x`, because Redis 6.2 writes `-x` of a place without tokens as `-0`, and then calls that no integer.
  redis.call('HINCRBY', KEYS[2], 'total', 0 - (redis.call('HGET', KEYS[2], id) or 0))
  redis.call('HDEL', KEYS[2], id)
end

-- One key without the other is a count that nobody can trust: it begins anew.
local function forget_until(time)
  if redis.call('EXISTS', KEYS[1], KEYS[2]) == 1 then redis.call('DEL', KEYS[1], KEYS[2]) end
  for _, id in ipairs(redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', time)) do give_up(id) end
end
