-- Correct the tokens of a place, or give it up; a place that has left the window counts no more.
-- KEYS: places, sizes, pause. ARGV: id, tokens (-1: the request never went out).
local id, tokens = ARGV[1], tonumber(ARGV[2])
local before = tonumber(redis.call('HGET', KEYS[2], id) or '-1')
if before < 0 then return end
if tokens < 0 then return give_up(id) end
redis.call('HSET', KEYS[2], id, tokens)
redis.call('HINCRBY', KEYS[2], 'total', tokens - before)
