-- Take deliveries whose lease has expired; each takeover is an attempt.
-- KEYS: stream. ARGV: group, consumer, lease in ms, limit, '1' for only what was handed back, ids that are in hand here.
-- Answers (id, times delivered, fields) per delivery.
local in_hand = {}
for i = 6, #ARGV do in_hand[ARGV[i]] = true end
local pending
if ARGV[5] == '1' then
  pending = redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[3], '-', '+', ARGV[4], 'handed-back')
else
  pending = redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[3], '-', '+', ARGV[4] + #ARGV - 5)
end
local taken = {}
for _, one in ipairs(pending) do
  local id, delivered = one[1], one[4] + 1
  if #taken < tonumber(ARGV[4]) and not (one[2] == ARGV[2] and in_hand[id]) then
    local entry = redis.call('XRANGE', KEYS[1], id, id)
    if #entry == 0 then
      redis.call('XACK', KEYS[1], ARGV[1], id)
    else
      redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, id, 'RETRYCOUNT', delivered, 'JUSTID')
      taken[#taken + 1] = {id, delivered, entry[1][2]}
    end
  end
end
return taken
