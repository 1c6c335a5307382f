-- Remove entries that still are the facts they were; ids repeat after FLUSHALL.
-- KEYS: stream. ARGV: per entry: id, fact. Answers how many there were.
local erased = 0
for i = 1, #ARGV, 2 do
  local entry = redis.call('XRANGE', KEYS[1], ARGV[i], ARGV[i])
  if #entry == 1 and entry[1][2][2] == ARGV[i + 1] then erased = erased + redis.call('XDEL', KEYS[1], ARGV[i]) end
end
return erased
