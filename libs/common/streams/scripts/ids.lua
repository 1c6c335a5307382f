-- Shared by the scripts that compare entry ids or look at groups.
local function is_before(a, b)
  local a_ms, a_seq = a:match('^(%d+)-(%d+)$')
  local b_ms, b_seq = b:match('^(%d+)-(%d+)$')
  if #a_ms ~= #b_ms then return #a_ms < #b_ms end
  if a_ms ~= b_ms then return a_ms < b_ms end
  if #a_seq ~= #b_seq then return #a_seq < #b_seq end
  return a_seq < b_seq
end

-- Group name -> last delivered id; empty if there is no such stream.
local function last_delivered(stream)
  local found = {}
  local groups = redis.pcall('XINFO', 'GROUPS', stream)
  if groups.err then return found end
  for _, group in ipairs(groups) do
    local info = {}
    for i = 1, #group, 2 do info[group[i]] = group[i + 1] end
    found[info['name']] = info['last-delivered-id']
  end
  return found
end

-- Whether the entry with this fact lies at this id and the group has not acknowledged it.
local function is_open(stream, group, id, fact)
  local entry = redis.call('XRANGE', stream, id, id)
  if #entry == 0 or (fact and entry[1][2][2] ~= fact) then return false end
  local last = last_delivered(stream)[group]
  if not last or is_before(last, id) then return true end
  return #redis.call('XPENDING', stream, group, id, id, 1) > 0
end
