-- Put a delivery aside until a later time, with the attempts spent and the waiting begun so far.
-- KEYS: stream, delayed, delayed entries, moved.
-- ARGV: group, consumer, id, times delivered, fact, unit, delay in ms, spent, waiting since.
local state = loan(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
if state ~= 'held' then return state end
local fields = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])[1][2]
fields[6] = ARGV[8]
fields[14] = ARGV[9]
redis.call('HSET', KEYS[3], ARGV[6], cmsgpack.pack(fields))
redis.call('ZADD', KEYS[2], now_ms() + tonumber(ARGV[7]), ARGV[6])
redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
redis.call('HDEL', KEYS[4], ARGV[6])
return state
