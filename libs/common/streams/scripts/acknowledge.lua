-- Acknowledge a delivery that publishes nothing.
-- KEYS: stream, moved. ARGV: group, consumer, id, times delivered, fact, unit.
local state = loan(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
if state == 'held' then
  redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
  redis.call('HDEL', KEYS[2], ARGV[6])
end
return state
