-- Take deliveries whose lease has expired; each takeover is an attempt.
-- KEYS: stream. ARGV: group, consumer, lease in ms, limit. Answers (id, times delivered, fields) per delivery.
local taken = {}
for _, pending in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[3], '-', '+', ARGV[4])) do
  local id, delivered = pending[1], pending[4] + 1
  local entry = redis.call('XRANGE', KEYS[1], id, id)
  if #entry == 0 then
    redis.call('XACK', KEYS[1], ARGV[1], id)
  else
    redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'RETRYCOUNT', delivered, 'JUSTID')
    taken[#taken + 1] = {id, delivered, entry[1][2]}
  end
end
return taken
