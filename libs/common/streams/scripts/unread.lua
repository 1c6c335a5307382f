-- Count the unread entries of a stretch of a stream by reading them, where Redis does not know how many there are.
-- KEYS: stream. ARGV: group, id after which the stretch begins or '', id of its end, limit.
-- Answers the group's last delivered id, the stream's length, the id after which was counted, the last one counted, and
-- how many.
local delivered = last_delivered(KEYS[1])[ARGV[1]] or '0-0'
local after = ARGV[2]
if after == '' or is_before(after, delivered) then after = delivered end
local entries = redis.call('XRANGE', KEYS[1], '(' .. after, ARGV[3], 'COUNT', ARGV[4])
return {delivered, redis.call('XLEN', KEYS[1]), after, #entries > 0 and entries[#entries][1] or after, #entries}
