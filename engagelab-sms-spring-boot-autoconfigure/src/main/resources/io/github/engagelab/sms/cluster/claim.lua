-- claim: what replicas share of an account and, if the replica wants to poll and it is its turn, the begin of that turn.
-- KEYS: the hash. ARGV: the replica, the interval, whether it wants to poll, the expiry. All times are in milliseconds:
-- Lua prints 14 digits, which microseconds exceed.
local key, replica, interval, wanted, expiry = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3] == 'true', ARGV[4]

-- There is one clock: that of Redis.
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

-- What is no number has been written by somebody else: the error makes replicas poll alone.
local function number(text)
	local value = tonumber(text or 0)
	return value and value >= 0 and value < 2 ^ 53 and value % 1 == 0 and value
end

local hash = redis.call('HMGET', key, 'version', 'state', 'poller', 'polled_at', 'published_at', 'result')
local version, polled_at, published_at = number(hash[1]), number(hash[4]), number(hash[5])
local state, poller, result = hash[2] or '', hash[3] or '', hash[6] or ''
if not (version and polled_at and published_at) then
	return redis.error_reply('ERR ' .. key .. ' holds what this version cannot read')
end

-- A time in the future: the clock was set back. No age is known then, and the turn is free.
if polled_at > now or published_at > now then
	polled_at, published_at = 0, 0
end
if published_at == 0 then
	result = ''
end

-- It is the turn of the last poller, or of anybody after a failure, an interval after the last poll, ...
local due = polled_at + interval
if poller ~= '' and poller ~= replica then
	-- ... and of the others 1.2 intervals after the last result, and half an interval after an open turn began.
	due = math.max(polled_at + interval / 2, published_at + interval * 1.2)
end

-- A replica that claims its own open turn again has not received the reply. That does not prolong the turn.
local open = poller == replica and polled_at > published_at
local granted = wanted and (due <= now or open)
if granted then
	if due <= now then
		polled_at = now
	end
	redis.call('HSET', key, 'poller', replica, 'polled_at', polled_at, 'published_at', published_at)
	redis.call('PEXPIRE', key, expiry)
	poller, due = replica, polled_at + interval
end

-- Texts may be anybody's, and of any length.
return { granted and 1 or 0, poller == replica and 1 or 0, math.ceil(due - now), version, now,
	now - published_at, string.sub(state, 1, 200), string.sub(result, 1, 200) }
