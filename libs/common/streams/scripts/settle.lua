-- Publish what a unit's outcome says, once, and acknowledge its input.
-- KEYS: marker, input stream, moved, cancelled, then every output stream.
-- ARGV: group, input id or '', input fact, unit, marker lifetime in seconds, then per event: index in KEYS, 16 fields.
local answer = 'settled'
if redis.call('EXISTS', KEYS[4]) == 1 then
  answer = 'cancelled'
elseif redis.call('EXISTS', KEYS[1]) == 0 then
  local published = {}
  for i = 6, #ARGV, 17 do
    local stream = KEYS[tonumber(ARGV[i])]
    published[#published + 1] = stream .. ' ' .. redis.call('XADD', stream, '*', unpack(ARGV, i + 1, i + 16))
  end
  redis.call('SET', KEYS[1], table.concat(published, '\n'), 'EX', ARGV[5])
  answer = 'published'
end
if ARGV[2] ~= '' then
  local entry = redis.call('XRANGE', KEYS[2], ARGV[2], ARGV[2])
  if #entry == 1 and entry[1][2][2] == ARGV[3] then redis.call('XACK', KEYS[2], ARGV[1], ARGV[2]) end
  redis.call('HDEL', KEYS[3], ARGV[4])
end
return answer
