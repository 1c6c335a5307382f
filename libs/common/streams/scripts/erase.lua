-- Remove the entries of one run among those of a stretch of a stream, a limited number at a time, also from what is lent
-- out: whoever has one in hand finds it gone, and settles nothing.
-- KEYS: stream. ARGV: first id, last id, limit, what the facts of the run begin with, then the groups of the stream.
-- Answers the facts that were removed, and the last id looked at, or '' if that was the end.
local erased = {}
local entries = redis.call('XRANGE', KEYS[1], ARGV[1], ARGV[2], 'COUNT', ARGV[3])
for _, entry in ipairs(entries) do
  local fact = entry[2][2]
  if fact:sub(1, #ARGV[4]) == ARGV[4] then
    for i = 5, #ARGV do redis.call('XACK', KEYS[1], ARGV[i], entry[1]) end
    redis.call('XDEL', KEYS[1], entry[1])
    erased[#erased + 1] = fact
  end
end
return {erased, #entries == tonumber(ARGV[3]) and entries[#entries][1] or ''}
