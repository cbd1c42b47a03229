/**
 * Redis scripts: each runs alone in Redis, so what one does is atomic, in one round trip. All keys of an installation have one hash
 * tag, hence one slot (DECISIONS 86).
 * `head` says what is here: `<schema version> <birth> <generation>`. It is written with the first records, and by its absence a Redis
 * shows that it lost everything; birth differs each time, the generation rises with every announcement.
 * A record is one string: `<version> <expiresAt> <its indexes as JSON>`, a line feed, the value. An index is a sorted set of
 * keys with equal scores, hence in bytewise order.
 * For the purge a key is filed once, in the list of the hour, minute, second or millisecond in which its record ends: the widest that
 * has not begun. When that has come, the record is removed, or filed anew. `due` has the beginnings of these lists. So a record whose
 * end moves, as a grant's does with every refresh, costs nothing here, and a key 30 bytes where a sorted set of all takes 140. What
 * never ends is in the set `endless`.
 * Expiry is decided by `expiresAt` and the caller's clock; the lifetime given to Redis only cleans up behind us.
 */

/** Redis drops a record so long after its expiry, if no purge came first. */
export const graceMilliseconds: number = 5 * 60_000

/** Epoch ms: the year 2500. Who says so means never. */
const endlessFrom = 16_725_225_600_000

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

local function outlive(key, lifetime)
  if redis.call('PTTL', key) < tonumber(lifetime) then redis.call('PEXPIRE', key, lifetime) end
end

local function file(prefix, key, lifetime, expiresAt)
  if expiresAt >= ${endlessFrom} then
    redis.call('SADD', prefix .. 'endless', key)
    return outlive(prefix .. 'endless', lifetime)
  end
  local width = 1
  for _, one in ipairs({ 3600000, 60000, 1000 }) do
    if lifetime - ${graceMilliseconds} >= one then
      width = one
      break
    end
  end
  local due = string.format('%d', expiresAt - expiresAt % width)
  redis.call('RPUSH', prefix .. 'due:' .. due, key)
  outlive(prefix .. 'due:' .. due, lifetime)
  redis.call('ZADD', prefix .. 'due', due, due)
  outlive(prefix .. 'due', lifetime)
end

local function write(prefix, key, lifetime, expiresAt, json, stored)
  redis.call('SET', prefix .. 'record:' .. key, stored, 'PX', lifetime)
  for _, name in ipairs(cjson.decode(json)) do
    redis.call('ZADD', prefix .. 'index:' .. name, 0, key)
    outlive(prefix .. 'index:' .. name, lifetime)
  end
end

local function remove(prefix, key, record)
  if record then
    for _, name in ipairs(cjson.decode(record.json)) do redis.call('ZREM', prefix .. 'index:' .. name, key) end
  end
  redis.call('DEL', prefix .. 'record:' .. key)
  if record and record.expiresAt >= ${endlessFrom} then redis.call('SREM', prefix .. 'endless', key) end
end
`

/** What commitScript answers. */
export const commitAnswers = { conflict: 0, committed: 1, lost: -1, late: -2 } as const

/**
 * KEYS: the head, the mark of this commit, then one record per change.
 * ARGV: now, prefix, lifetime of the mark in ms, version, until when it may begin by Redis' own clock in ms; then six for each change:
 * key, what must stand (or \`delete\`, or \`end\`: for good), expiresAt, lifetime for Redis in ms, indexes as JSON, value.
 * Answers as \`commitAnswers\`: lost when there is no head, late when nobody waits for the answer any more. The mark makes a commit
 * count once that the client sent again after a lost reply, even when somebody else has replaced the record in between; it is written
 * again then, as WAIT only waits for what its own connection wrote. Keys of records that were there are announced behind the
 * generation, and those that ended for good once more behind them: of no other key does anybody keep that there is none.
 */
export const commitScript: string = `${shared}
local head = redis.call('GET', KEYS[1])
if not head then return ${commitAnswers.lost} end
local time = redis.call('TIME')
if time[1] * 1000 + time[2] / 1000 > tonumber(ARGV[5]) then return ${commitAnswers.late} end
if redis.call('EXISTS', KEYS[2]) == 1 then
  redis.call('SET', KEYS[2], '', 'PX', ARGV[3])
  return ${commitAnswers.committed}
end
local now, prefix, version = tonumber(ARGV[1]), ARGV[2], ARGV[4]
local anyway = { any = true, delete = true, ['end'] = true }
local found = {}

for number = 3, #KEYS do
  local record = header(redis.call('GET', KEYS[number]))
  local live = record and record.expiresAt > now
  local expected = ARGV[6 * number - 11]
  if expected == 'absent' then
    if live then return ${commitAnswers.conflict} end
  elseif not anyway[expected] and not (live and record.version == expected) then
    return ${commitAnswers.conflict}
  end
  found[number] = { record = record, live = live }
end

redis.call('SET', KEYS[2], '', 'PX', ARGV[3])
local changed, ended = {}, {}
for number = 3, #KEYS do
  local first = 6 * number - 12
  local key, expected, expiresAt, lifetime = ARGV[first], ARGV[first + 1], ARGV[first + 2], ARGV[first + 3]
  local record, live = found[number].record, found[number].live
  if record then changed[#changed + 1] = key end
  if record and expected == 'end' then ended[#ended + 1] = key end
  if expected == 'delete' or expected == 'end' then
    remove(prefix, key, record)
  else
    local json = ARGV[first + 4]
    if live then json = record.json elseif record then remove(prefix, key, record) end
    local stored = version .. ' ' .. expiresAt .. ' ' .. json .. '\\n' .. ARGV[first + 5]
    write(prefix, key, lifetime, expiresAt, json, stored)
    if not live or record.expiresAt > tonumber(expiresAt) or tonumber(expiresAt) >= ${endlessFrom} then
      file(prefix, key, tonumber(lifetime), tonumber(expiresAt))
    end
  end
end
if #changed > 0 then
  local schema, birth, generation = string.match(head, '^(%S+) (%S+) (%d+)$')
  table.insert(changed, 1, generation + 1)
  if #ended > 0 then changed[#changed + 1] = { ended = ended } end
  redis.call('SET', KEYS[1], string.format('%s %s %d', schema, birth, generation + 1))
  redis.call('PUBLISH', prefix .. 'changed', cjson.encode(changed))
end
return ${commitAnswers.committed}
`

/**
 * KEYS: the head. ARGV: prefix, the head to write, version of the records; then five for each record: key, expiresAt, lifetime for
 * Redis in ms, indexes as JSON, value.
 * Writes what an empty store begins with, unless another node was first. Answers the head. In one script, as nobody can be
 * served meanwhile anyway, and a half of it would be taken for the whole.
 */
export const beginScript: string = `${shared}
local head = redis.call('GET', KEYS[1])
if head then return head end
local prefix = ARGV[1]
for first = 4, #ARGV, 5 do
  local key, expiresAt, lifetime, json = ARGV[first], ARGV[first + 1], ARGV[first + 2], ARGV[first + 3]
  if redis.call('EXISTS', prefix .. 'record:' .. key) == 0 then
    local stored = ARGV[3] .. ' ' .. expiresAt .. ' ' .. json .. '\\n' .. ARGV[first + 4]
    write(prefix, key, lifetime, expiresAt, json, stored)
    file(prefix, key, tonumber(lifetime), tonumber(expiresAt))
  end
end
redis.call('SET', KEYS[1], ARGV[2])
redis.call('PUBLISH', prefix .. 'changed', '"all"')
return ARGV[2]
`

/**
 * KEYS: the head. ARGV: prefix. Has every node forget what it keeps; whoever misses the word of it misses a generation.
 */
export const forgetScript: string = `
local schema, birth, generation = string.match(redis.call('GET', KEYS[1]) or '', '^(%S+) (%S+) (%d+)$')
if not schema then return end
redis.call('SET', KEYS[1], string.format('%s %s %d', schema, birth, generation + 1))
redis.call('PUBLISH', ARGV[1] .. 'changed', '"all"')
`

/**
 * KEYS: the head, the index. ARGV: now, prefix, name of the index, where to begin as ZRANGEBYLEX has it, how many keys to look at.
 * Answers the head (empty when there is none), where to go on (empty at the end), then key and stored record in turn, for the live ones.
 */
export const listScript: string = `${shared}
local now, prefix, slice = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[5])
local keys = redis.call('ZRANGEBYLEX', KEYS[2], ARGV[4], '+', 'LIMIT', 0, slice)
local answer = { redis.call('GET', KEYS[1]) or '', '' }
if #keys == slice then answer[2] = '(' .. keys[slice] end
for _, key in ipairs(keys) do
  local stored = redis.call('GET', prefix .. 'record:' .. key)
  local record = header(stored)
  if not record or not carries(record, ARGV[3]) then
    redis.call('ZREM', KEYS[2], key)
  elseif record.expiresAt > now then
    answer[#answer + 1] = key
    answer[#answer + 1] = stored
  end
end
return answer
`

/**
 * KEYS: the head. ARGV: prefix, channel of the node's beats, text of this beat.
 * The DEL of nothing is refused where writes are, as on a primary that became a replica, and costs no memory and no replication.
 * Answers the head (empty when there is none) and Redis' clock in ms.
 */
export const beatScript: string = `
redis.call('DEL', ARGV[1] .. 'beat')
local head = redis.call('GET', KEYS[1]) or ''
redis.call('PUBLISH', ARGV[2], ARGV[3] .. ' ' .. head)
local time = redis.call('TIME')
return { head, time[1] * 1000 + math.floor(time[2] / 1000) }
`

/**
 * KEYS: the beginnings of the lists of keys. ARGV: now, prefix, how many keys to look at. Answers how many records went, and how many
 * keys were looked at: fewer than asked for when there are no more. What is filed anew is due later, so it is not met again.
 */
export const purgeScript: string = `${shared}
local now, prefix, slice = tonumber(ARGV[1]), ARGV[2], tonumber(ARGV[3])
local gone, looked = 0, 0
while looked < slice do
  local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', now, 'LIMIT', 0, 1)[1]
  if not due then break end
  local key = redis.call('LPOP', prefix .. 'due:' .. due)
  if not key then
    redis.call('ZREM', KEYS[1], due)
  else
    looked = looked + 1
    local record = header(redis.call('GET', prefix .. 'record:' .. key))
    if record and record.expiresAt <= now then
      remove(prefix, key, record)
      gone = gone + 1
    elseif record and record.expiresAt < ${endlessFrom} then
      file(prefix, key, record.expiresAt - now + ${graceMilliseconds}, record.expiresAt)
    end
  end
end
return { gone, looked }
`
