-- Remove consumers that own nothing and whose worker no longer lives.
-- KEYS: stream, then per consumer its worker key. ARGV: group, then the consumers.
local alive = {}
for i = 2, #ARGV do alive[ARGV[i]] = redis.call('EXISTS', KEYS[i]) == 1 end
local removed = 0
local consumers = redis.pcall('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])
if consumers.err then return removed end
for _, consumer in ipairs(consumers) do
  local info = {}
  for i = 1, #consumer, 2 do info[consumer[i]] = consumer[i + 1] end
  if info['pending'] == 0 and alive[info['name']] == false then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], info['name'])
    removed = removed + 1
  end
end
return removed
