-- publish: replaces the result and the state, unless there is a newer result than the replica knew when it began to poll.
-- KEYS: the hash. ARGV: the poller, how long the poll took, the version seen when it began, the state known, the new
-- state, the new result, when it was sent, the expiry. All times are in milliseconds.
local key, poller, took, seen, known, state, result, sent_at, expiry = KEYS[1], ARGV[1], tonumber(ARGV[2]),
	tonumber(ARGV[3]), ARGV[4], ARGV[5], ARGV[6], tonumber(ARGV[7]), ARGV[8]

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- The fence against a poller that was stopped meanwhile. Its replica claims again at once.
local hash = redis.call('HMGET', key, 'version', 'state')
local version = tonumber(hash[1] or 0)
if version > seen then
	return {}
end

-- If Redis has lost its content, or has fallen behind, what the replica has seen there counts as the state before.
local before = version == seen and hash[2] or known

-- The time, but never behind what was seen: results stay in order when Redis loses its content or its clock is set back.
version = math.max(now, seen + 1)

-- A command may wait on its way, and its result has aged meanwhile.
local published_at = math.min(now, sent_at)

-- Without a state of its own, as after most failures, a result keeps the one before.
redis.call('HSET', key, 'version', version, 'state', state ~= '' and state or before, 'poller', poller,
	'polled_at', published_at - took, 'published_at', published_at, 'result', result)
redis.call('PEXPIRE', key, expiry)
return { version, before }
