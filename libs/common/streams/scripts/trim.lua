-- Remove entries older than `keep` that every required group has acknowledged, with the markers of their units.
-- KEYS: stream, then markers. ARGV: keep in ms, id to trim to or '' to learn how far it could go, required groups.
local safe = string.format('%.0f', now_ms() - tonumber(ARGV[1])) .. '-0'
local delivered = last_delivered(KEYS[1])
for i = 3, #ARGV do
  local last = delivered[ARGV[i]]
  if not last then return {'missing ' .. ARGV[i], 0} end
  if is_before(last, safe) then safe = last end
  local pending = redis.call('XPENDING', KEYS[1], ARGV[i])
  if pending[1] > 0 and is_before(pending[2], safe) then safe = pending[2] end
end
if ARGV[2] == '' then return {safe, 0} end
if is_before(safe, ARGV[2]) then return {safe, 0} end
local trimmed = redis.call('XTRIM', KEYS[1], 'MINID', ARGV[2])
for i = 2, #KEYS do redis.call('DEL', KEYS[i]) end
return {safe, trimmed}
