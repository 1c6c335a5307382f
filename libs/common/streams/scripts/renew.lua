-- Renew leases; JUSTID, because a renewal is no attempt.
-- KEYS: stream, then per delivery the run's cancelled key.
-- ARGV: group, consumer, then per delivery: id, times delivered, fact. Answers per delivery.
local answers = {}
for i = 3, #ARGV, 3 do
  local state = loan(KEYS[1], ARGV[1], ARGV[2], ARGV[i], ARGV[i + 1], ARGV[i + 2])
  if state == 'held' then redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID') end
  if state ~= 'lost' and redis.call('EXISTS', KEYS[2 + (i - 3) / 3]) == 1 then state = 'cancelled' end
  answers[#answers + 1] = state
end
return answers
