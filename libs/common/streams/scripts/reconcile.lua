-- Add a due unit's input to its stream again, unless it is on its way or its outcome is.
-- KEYS: input stream, moved, delayed, marker, then every stream that a marker can name.
-- ARGV: group, unit, fact, input id that Postgres knows or '', projection group, then the 16 fields of the input.
local stream, group, unit = KEYS[1], ARGV[1], ARGV[2]
if redis.call('ZSCORE', KEYS[3], unit) then return 'delayed' end
if ARGV[4] ~= '' and is_open(stream, group, ARGV[4], ARGV[3]) then return 'open' end
local moved = redis.call('HGET', KEYS[2], unit)
if moved and is_open(stream, group, moved, ARGV[3]) then return 'open' end

local marker = redis.call('GET', KEYS[4])
if marker then
  local is_whole, is_unread = true, false
  for output, id in marker:gmatch('(%S+) (%S+)') do
    if #redis.call('XRANGE', output, id, id) == 0 then is_whole = false end
    if is_open(output, ARGV[5], id) then is_unread = true end
  end
  if is_whole and is_unread then return 'unread' end
  redis.call('DEL', KEYS[4])
end
redis.call('HSET', KEYS[2], unit, redis.call('XADD', stream, '*', unpack(ARGV, 6, 21)))
return 'added'
