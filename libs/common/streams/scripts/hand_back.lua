-- Give a delivery back without charging an attempt; nobody holds it until it is taken over.
-- KEYS: stream. ARGV: group, consumer, id, times delivered, fact, idle time in ms.
local state = loan(KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5])
if state == 'held' then
  redis.call('XCLAIM', KEYS[1], ARGV[1], 'handed-back', 0, ARGV[3],
    'IDLE', ARGV[6], 'RETRYCOUNT', tonumber(ARGV[4]) - 1, 'JUSTID')
end
return state
