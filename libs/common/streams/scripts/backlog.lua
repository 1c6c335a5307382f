-- How much work lies before a group. Redis 7 counts the unread entries; before that they are counted here, to a limit.
-- KEYS: stream, delayed. ARGV: group, limit. Answers waiting, pending, milliseconds since the oldest was published.
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
local waiting = 0
if #first > 0 then waiting = info['lag'] or #redis.call('XRANGE', KEYS[1], start, '+', 'COUNT', ARGV[2]) end
local pending, oldest = 0, #first > 0 and first[1][1] or nil
if info['name'] then
  local summary = redis.call('XPENDING', KEYS[1], ARGV[1])
  pending = summary[1]
  if pending > 0 then oldest = summary[2] end
end
local age = oldest and now_ms() - tonumber(oldest:match('^(%d+)')) or -1
return {waiting + redis.call('ZCARD', KEYS[2]), pending, age}
