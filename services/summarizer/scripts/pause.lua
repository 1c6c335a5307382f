-- Let nobody go for some time; a pause never shortens another.
-- KEYS: places, sizes, pause. ARGV: microseconds.
local pause = now_us() + tonumber(ARGV[1])
if pause > paused_until() then
  redis.call('SET', KEYS[3], string.format('%.0f', pause), 'PX', math.ceil(ARGV[1] / 1000))
end
