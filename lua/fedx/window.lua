-- window.lua - times of the week.
--
--	local office = fedx.window("mon-fri 08:00-18:00", "+01:00")
--	if not office:open(env) then return fedx.deny("come back on monday") end
--
-- A window is days (mon-fri, sat,sun; all when left out) and hours (all when left
-- out); "22:00-06:00" ends on the next morning.  Several in a list: any of them.
-- The second argument is an offset from UTC.  A verdict that asked is kept until
-- the minute ends.

local fedx = require "fedx"

local names = { mon = 1, tue = 2, wed = 3, thu = 4, fri = 5, sat = 6, sun = 7 }

local function bad(text)
	fedx.fail(("fedx.window: want \"mon-fri 08:00-18:00\", not '%s'"):format(text))
end

local function minutes_of(text, whole)
	local hour, min = text:match("^(%d%d):(%d%d)$")
	local at = hour and tonumber(hour) * 60 + tonumber(min)

	if not at or at > 24 * 60 or tonumber(min) > 59 then bad(whole) end
	return at
end

local function days_of(text, whole)
	local days = {}

	for part in (text .. ","):gmatch("([^,]*),") do
		local first, last = part:match("^(%a+)%-(%a+)$")
		local a, b = names[first or part], names[last or part]

		if not a or not b then bad(whole) end
		while a ~= b do
			days[a] = true
			a = a % 7 + 1
		end
		days[b] = true
	end
	return days
end

local function parse(text)
	if type(text) ~= "string" then bad(tostring(text)) end
	local days, hours = text:lower():match("^%s*([%a,%-]*)%s*([%d:%-]*)%s*$")

	if not days or days == "" and hours == "" then bad(text) end
	local from, to = 0, 24 * 60

	if hours ~= "" then
		local a, b = hours:match("^([%d:]+)%-([%d:]+)$")

		if not a then bad(text) end
		from, to = minutes_of(a, text), minutes_of(b, text)
	end
	return { days = days ~= "" and days_of(days, text), from = from, to = to }
end

local function covers(w, wday, at)
	local function on(day) return not w.days or w.days[day] end

	if w.from < w.to then return on(wday) and at >= w.from and at < w.to end
	return on(wday) and at >= w.from or on((wday + 5) % 7 + 1) and at < w.to
end

return function(text, offset)
	local windows = {}

	for i, one in ipairs(type(text) == "table" and text or { text }) do windows[i] = parse(one) end
	if #windows == 0 then bad("") end
	if offset ~= nil and (type(offset) ~= "string" or not offset:find("^[+-]%d%d:%d%d$")) then
		fedx.fail("fedx.window: want an offset from UTC like \"+01:00\"; names of time zones are not known here")
	end
	return {
		open = function(_, env)
			local now = env:clock(offset)

			for i = 1, #windows do
				if covers(windows[i], now.wday, now.hour * 60 + now.min) then return true end
			end
			return false
		end,
	}
end
