-- How much work lies before a group. Redis 7 counts the unread entries; before that they are read here, to a limit.
-- KEYS: stream, delayed, delayed entries. ARGV: group, limit of unread, limit of those whose attempts are looked at.
-- Answers unread or -1 if the limit does not suffice, delayed, pending, milliseconds since the oldest was added, most
-- attempts, units past their first, milliseconds since the oldest that is unread was added.
local info = {}
local groups = redis.pcall('XINFO', 'GROUPS', KEYS[1])
if not groups.err then
  for _, group in ipairs(groups) do
    local found = {}
    for i = 1, #group, 2 do found[group[i]] = group[i + 1] end
    if found['name'] == ARGV[1] then info = found end
  end
end
local start = info['last-delivered-id'] and '(' .. info['last-delivered-id'] or '-'
local first = redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', 1)
local unread = 0
if #first > 0 then unread = info['lag'] or #redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', ARGV[2]) end
if unread == tonumber(ARGV[2]) and not info['lag'] then unread = -1 end

local attempts, repeated = 0, 0
local function count(fields, delivered)
  local spent = fields[5] == 'spent' and tonumber(fields[6]) or 0
  attempts = math.max(attempts, spent + delivered)
  if spent > 0 or delivered > 1 then repeated = repeated + 1 end
end
local pending, oldest = 0, #first > 0 and first[1][1] or nil
if info['name'] then
  local summary = redis.call('XPENDING', KEYS[1], ARGV[1])
  pending = summary[1]
  if pending > 0 then
    oldest = summary[2]
    for _, one in ipairs(redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', ARGV[3])) do
      local entry = redis.call('XRANGE', KEYS[1], one[1], one[1])
      if #entry > 0 then count(entry[1][2], one[4]) end
    end
  end
end
for _, unit in ipairs(redis.call('ZRANGE', KEYS[2], 0, ARGV[3] - 1)) do
  local packed = redis.call('HGET', KEYS[3], unit)
  if packed then count(cmsgpack.unpack(packed), 0) end
end
local function age(id) return id and now_ms() - tonumber(id:match('^(%d+)')) or -1 end
local waiting = #first > 0 and first[1][1] or nil
return {unread, redis.call('ZCARD', KEYS[2]), pending, age(oldest), attempts, repeated, age(waiting)}
