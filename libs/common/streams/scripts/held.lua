-- Shared by the scripts that need the lease.
-- Whether this delivery is still on loan to this consumer: 'held', 'lost' (to another worker) or 'gone' (not pending).
-- The token is (consumer, times delivered); the fact is compared because entry ids repeat after FLUSHALL.
local function loan(stream, group, consumer, id, delivered, fact)
  local pending = redis.pcall('XPENDING', stream, group, id, id, 1)
  if pending.err or #pending == 0 then return 'gone' end
  local entry = redis.call('XRANGE', stream, id, id)
  if #entry == 0 or entry[1][2][2] ~= fact then return 'gone' end
  if pending[1][2] ~= consumer or pending[1][4] ~= tonumber(delivered) then return 'lost' end
  return 'held'
end
