"""What `infra.broker.quota` does in Redis. Times are microseconds by Redis' clock.

Three keys: `calls`, each token that is away by the time that it was taken; `promises`, each caller
who waits by the time of their token; `state`, when the bucket was made (`born`) and, after a
refusal, to how many tokens it came down and when (`slowed_to`, `slowed_at`).

The steps are O(log n) for n calls a minute, but for the making of a bucket, which writes them all.
"""

from __future__ import annotations

from typing import Final

# The tokens there are: all, or after a refusal fewer, which become more by the time.
_SHARED: Final = """
local calls, promises, state = KEYS[1], KEYS[2], KEYS[3]
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]

local function tokens_of(quota, regain)
    local to = tonumber(redis.call('HGET', state, 'slowed_to'))
    if not to then return quota end
    local at = tonumber(redis.call('HGET', state, 'slowed_at'))
    return math.min(quota, to + math.max(0, now - at) * quota / regain)
end
"""

# Answers granted and when; promised or unpromised and in how long; or lost, where the caller took
# tokens of a bucket that is no more and has to tell them first. And always the bucket's birth.
TAKE: Final = (
    _SHARED
    + """
local quota, window, regain = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local caller, first, bucket = ARGV[4], ARGV[5] == '1', tonumber(ARGV[6])
local horizon, grace, unpromised = tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9])

local born = tonumber(redis.call('HGET', state, 'born'))
if not born then
    redis.call('DEL', calls, promises, state)
    born = now
    redis.call('HSET', state, 'born', born)
    for i = 1, quota do
        redis.call('ZADD', calls, math.floor(now - window + i * window / quota), 'assumed:' .. i)
    end
end

local function answer(verdict, value)
    for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, ARGV[10]) end
    return {verdict, value, born}
end
if bucket > 0 and bucket ~= born then return answer('lost', 0) end

redis.call('ZREMRANGEBYSCORE', calls, '-inf', now - window)
redis.call('ZREMRANGEBYSCORE', promises, '-inf', now - grace)
local free = math.floor(tokens_of(quota, regain)) - redis.call('ZCARD', calls)

-- Before this caller stand those who were promised a token before; before one without a promise
-- all whose time has come.
local mine = redis.call('ZRANK', promises, caller)
local ahead = 0
if not first then ahead = mine or redis.call('ZCOUNT', promises, '-inf', now) end
if ahead < free then
    redis.call('ZREM', promises, caller)
    local number = redis.call('HINCRBY', state, 'number', 1)
    redis.call('ZADD', calls, now, number)
    return answer('granted', now)
end

-- The tokens come back in the order in which they were taken, and go to who stands in line.
if not first then ahead = mine or redis.call('ZCARD', promises) end
local index = ahead - free
local returning = redis.call('ZRANGE', calls, index, index, 'WITHSCORES')
local at = returning[2] and returning[2] + window
if first then return answer('unpromised', at - now) end
if not at or at - now > horizon then
    redis.call('ZREM', promises, caller)
    return answer('unpromised', unpromised)
end
redis.call('ZADD', promises, at, caller)
return answer('promised', at - now)
"""
)

# A process's own calls take the place of as many assumed ones: the oldest, whose tokens would
# have come back first.
TELL: Final = (
    _SHARED
    + """
local quota, window, born = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if tonumber(redis.call('HGET', state, 'born')) ~= born then return end
redis.call('ZREMRANGEBYSCORE', calls, '-inf', now - window)
local assumed = tonumber(redis.call('HGET', state, 'assumed') or 0)
for i = 4, #ARGV do
    local at = tonumber(ARGV[i])
    if at > now - window and at < born then
        local is_gone = 0
        while is_gone == 0 and assumed < quota do
            assumed = assumed + 1
            is_gone = redis.call('ZREM', calls, 'assumed:' .. assumed)
        end
        redis.call('ZADD', calls, at, redis.call('HINCRBY', state, 'number', 1))
    end
end
redis.call('HSET', state, 'assumed', assumed)
"""
)

# Answers the tokens that are left, or nothing where the call started before the last slowing down.
SLOW_DOWN: Final = (
    _SHARED
    + """
local quota, window, regain = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
local started, slower, fewest = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
-- A bucket that was lost meanwhile starts slowly anyway.
if redis.call('HEXISTS', state, 'born') == 0 then return end
if started <= tonumber(redis.call('HGET', state, 'slowed_at') or 0) then return end
redis.call('ZREMRANGEBYSCORE', calls, '-inf', now - window)
local used = redis.call('ZCARD', calls)
local left = math.max(fewest, math.min(tokens_of(quota, regain), used) * slower)
redis.call('HSET', state, 'slowed_to', tostring(left), 'slowed_at', now)
return math.floor(left)
"""
)
