/**
 * Redis scripts: each runs alone in Redis, so what one does is atomic, in one round trip.
 * A record is one string: `<version> <expiresAt> <its indexes as JSON>`, a line feed, the value. An index is a sorted set of
 * keys with equal scores, hence in bytewise order. One more sorted set holds all keys by expiry, for the purge.
 * Expiry is decided by `expiresAt` and the caller's clock; the lifetime given to Redis only cleans up behind us.
 */

const shared = `
local function header(stored)
  if not stored then return end
  local version, expiresAt, indexes = string.match(stored, '^(%S+) (%-?%d+) ([^\\n]*)\\n')
  return { version = version, expiresAt = tonumber(expiresAt), json = indexes }
end

local function carries(record, index)
  for _, name in ipairs(cjson.decode(record.json)) do
    if name == index then return true end
  end
  return false
end

local function remove(prefix, key, record)
  if record then
    for _, name in ipairs(cjson.decode(record.json)) do redis.call('ZREM', prefix .. 'index:' .. name, key) end
  end
  redis.call('DEL', prefix .. 'record:' .. key)
  redis.call('ZREM', prefix .. 'expiry', key)
end
`

/**
 * KEYS: the mark of this commit, then one record per change.
 * ARGV: now, prefix, lifetime of the mark in ms, version; then six for each change: key, what must stand (or \`delete\`),
 * expiresAt, lifetime for Redis in ms, indexes as JSON, value.
 * Answers 1 for committed and 0 for a conflict. The mark makes a commit count once that the client sent again after a lost
 * reply, even when somebody else has replaced the record in between. Keys of records that were there are announced: nobody keeps
 * that there is none.
 */
export const commitScript: string = `${shared}
if redis.call('EXISTS', KEYS[1]) == 1 then return 1 end
local now, prefix, version = tonumber(ARGV[1]), ARGV[2], ARGV[4]
local found = {}

for number = 2, #KEYS do
  local record = header(redis.call('GET', KEYS[number]))
  local live = record and record.expiresAt > now
  local expected = ARGV[6 * number - 6]
  if expected == 'absent' then
    if live then return 0 end
  elseif expected ~= 'any' and expected ~= 'delete' and not (live and record.version == expected) then
    return 0
  end
  found[number] = { record = record, live = live }
end

redis.call('SET', KEYS[1], '', 'PX', ARGV[3])
local changed = {}
for number = 2, #KEYS do
  local first = 6 * number - 7
  local key, expected, expiresAt, lifetime = ARGV[first], ARGV[first + 1], ARGV[first + 2], ARGV[first + 3]
  local record, live = found[number].record, found[number].live
  if record then changed[#changed + 1] = key end
  if expected == 'delete' then
    remove(prefix, key, record)
  else
    local json = ARGV[first + 4]
    if live then json = record.json elseif record then remove(prefix, key, record) end
    redis.call('SET', KEYS[number], version .. ' ' .. expiresAt .. ' ' .. json .. '\\n' .. ARGV[first + 5], 'PX', lifetime)
    redis.call('ZADD', prefix .. 'expiry', expiresAt, key)
    for _, name in ipairs(cjson.decode(json)) do
      local index = prefix .. 'index:' .. name
      redis.call('ZADD', index, 0, key)
      if redis.call('PTTL', index) < tonumber(lifetime) then redis.call('PEXPIRE', index, lifetime) end
    end
  end
end
if #changed > 0 then redis.call('PUBLISH', prefix .. 'changed', cjson.encode(changed)) end
return 1
`

/**
 * KEYS: the index. ARGV: now, prefix, name of the index, where to begin as ZRANGEBYLEX has it, how many keys to look at.
 * Answers where to go on (empty at the end), then key and stored record in turn, for the live ones.
 */
export const listScript: string = `${shared}
local now, prefix, slice = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[5])
local keys = redis.call('ZRANGEBYLEX', KEYS[1], ARGV[4], '+', 'LIMIT', 0, slice)
local answer = { '' }
if #keys == slice then answer[1] = '(' .. keys[slice] end
for _, key in ipairs(keys) do
  local stored = redis.call('GET', prefix .. 'record:' .. key)
  local record = header(stored)
  if not record or not carries(record, ARGV[3]) then
    redis.call('ZREM', KEYS[1], key)
  elseif record.expiresAt > now then
    answer[#answer + 1] = key
    answer[#answer + 1] = stored
  end
end
return answer
`

/**
 * KEYS: where the schema version stands. ARGV: prefix, schema version, channel of the node's beats, text of this beat.
 * A Redis without a schema version has been emptied: then everything that any node keeps is wrong.
 */
export const beatScript: string = `
if redis.call('SET', KEYS[1], ARGV[2], 'NX') then redis.call('PUBLISH', ARGV[1] .. 'changed', '"all"') end
return redis.call('PUBLISH', ARGV[3], ARGV[4])
`

/** KEYS: the keys by expiry. ARGV: now, prefix, how many at most. Answers how many went. */
export const purgeScript: string = `${shared}
local keys = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
for _, key in ipairs(keys) do
  remove(ARGV[2], key, header(redis.call('GET', ARGV[2] .. 'record:' .. key)))
end
return #keys
`
