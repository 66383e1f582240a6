-- test.lua - what a policy test may say; fedx-route test runs them, and a reload
-- whose tests fail is refused.
--
--	local t = require "fedx.test"
--	t.denies({ from = "guest@home.net", service = "shop" }, "no guests")
--	t.allows { from = "a@home.net", service = "shop", method = "list", peer = { role = "leaf" } }
--	t.at("2026-11-21T08:00:00Z", function() t.denies { service = "shop" } end)
--
-- A message is a table of its fields; peer is who hands it to us, by default a
-- client that is attached here as `from`.

local try = require "fedx.try"
local t = {}

local function words(message)
	local out = {}

	for key, value in pairs(message) do
		if type(value) ~= "table" then out[#out + 1] = ("%s=%s"):format(key, tostring(value)) end
	end
	return table.concat(out, " ")
end

local function describe(v)
	local out = v.answer

	if v.error then out = out .. " " .. v.error end
	if v.strategy then out = out .. " " .. v.strategy end
	if v.instance then out = out .. " " .. v.instance end
	if v.reason then out = ("%s \"%s\""):format(out, v.reason) end
	if v.file then
		out = ("%s, by %s%s:%s"):format(out, v.rule and v.rule .. " at " or "", v.file, v.line or 0)
	end
	return out
end

local function judge(hook, message, allowed, reason, name)
	local v = try.ask(hook, message)
	local passed = (v.answer ~= "deny") == allowed
	local expected = allowed and "allow" or "deny"

	if reason then
		expected = ("%s \"%s\""):format(expected, reason)
		passed = passed and v.reason ~= nil and v.reason:find(reason) ~= nil
	end
	if v.error == "policy_error" then passed = false end
	return try.report(passed, name .. " " .. words(message), describe(v), expected)
end

-- A message that route lets through; one that it denies, with a reason like that.
function t.allows(message) return judge("route", message, true, nil, "allows") end
function t.denies(message, reason) return judge("route", message, false, reason, "denies") end

-- A peer that may join; one that may not.
function t.admits(peer) return judge("admit", { peer = peer }, true, nil, "admits " .. words(peer)) end
function t.refuses(peer, reason)
	return judge("admit", { peer = peer }, false, reason, "refuses " .. words(peer))
end

-- A name that a peer may attach, or announce: { peer = , action = , family = , name = }
function t.grants(claim) return judge("scope", claim, true, nil, "grants") end
function t.withholds(claim, reason) return judge("scope", claim, false, reason, "withholds") end

-- A route that is taken; one that is not: { node = , path = , cluster = , tags = , peer = }
function t.takes(route) return judge("import", route, true, nil, "takes") end
function t.drops(route, reason) return judge("import", route, false, reason, "drops") end

-- A route that a neighbour, peer, is told of; one that it is not told of.
function t.tells(route) return judge("export", route, true, nil, "tells") end
function t.hides(route, reason) return judge("export", route, false, reason, "hides") end

-- What balance says: the name of a strategy, or the index of the instance; nil: the default.
function t.picks(service, instances)
	local v = try.ask("balance", { name = service, instances = instances })

	return v.instance or v.sticky and "sticky " .. v.sticky or v.strategy
end

-- All of a verdict: answer, error, reason, rule, file, line, read, tests, keep_ms, via, to,
-- subject, limit (its name), limit_rate (thousandths a second), scopes, tags, preference, shared, ...  What is
-- empty is nil.  message.hook is "route" if it is left out.
function t.verdict(message) return try.ask(message.hook or "route", message) end

-- The actions of on.link, on.service or on.event: { { log = }, { subject = , to = , payload = ,
-- rule = , type = }, ... }; hook is "link", "service" or "event".
function t.reacts(hook, event) return try.react("on." .. hook, event) end

local function show(v)
	return type(v) == "string" and ("%q"):format(v) or tostring(v)
end

function t.is(got, expected, name)
	return try.report(got == expected, name or "is " .. show(expected), show(got), show(expected))
end

function t.ok(value, name)
	return try.report(value, name or "ok", show(value), "true")
end

-- The time that policy sees while f runs: "2026-11-21T08:00:00Z"
function t.at(time, f)
	local before = try.clock(time)

	f()
	try.clock(before)
end

-- From here on env:knows("service", name) is true, and env:count(name) is count.
function t.knows(family, name, count) try.knows(family, name, count) end

return t
