-- rules.lua - a hook as a list of rules; the first that matches decides.
--
--	route = fedx.rules {
--		{ name = "no-guests", peer_tags = "guest", fedx.deny("guests only look") },
--		{ from = { "*.home.net", "*@lab.net" }, service = "shop*", fedx.allow() },
--		{ when = function(msg, env) return env:clock().hour < 6 end, fedx.deny("at night") },
--		{ fedx.deny() },
--	}
--
-- A condition is a field and a pattern, or a list of patterns of which one must
-- match; all conditions of a rule must hold.  A pattern is a text, "*@DOMAIN",
-- "*.DOMAIN", a path like "/a/*/**", "PREFIX*", or "*" for anything at all.
-- Conditions are tests: a message's fields are not read, so that one verdict is
-- good for all messages that pass and fail the same tests.

local fedx = require "fedx"

-- The method of msg, and its argument, that a pattern stands for.
local function compile(key, pattern)
	if type(pattern) ~= "string" then
		fedx.fail(("fedx.rules: want a text or a list of texts for '%s', not a %s"):format(key, type(pattern)))
	elseif pattern == "*" then
		return { op = "any" }
	elseif pattern:sub(1, 1) ~= "/" and pattern:sub(1, 1) ~= "*" and pattern:sub(-1) == "*"
			and not pattern:sub(1, -2):find("*", 1, true) then
		return { op = "starts", what = pattern:sub(1, -2) }
	elseif pattern:find("*", 1, true) then
		fedx.pattern(pattern)
		return { op = "under", what = pattern }
	end
	return { op = "is", what = pattern }
end

local function condition(key, patterns)
	fedx.field(key)
	local any = {}

	if type(patterns) ~= "table" then patterns = { patterns } end
	for _, pattern in ipairs(patterns) do any[#any + 1] = compile(key, pattern) end
	if #any == 0 then fedx.fail(("fedx.rules: '%s' has no pattern"):format(key)) end
	return { field = key, any = any }
end

local function rule(entry)
	if type(entry) ~= "table" then fedx.fail("fedx.rules: a rule is a table, not a " .. type(entry)) end
	local made = { conditions = {}, when = entry.when, verdict = entry[1] }

	if not fedx.is_verdict(made.verdict) then
		fedx.fail("fedx.rules: a rule ends with a verdict, like { to = \"*.x.net\", fedx.deny() }")
	elseif entry[2] ~= nil then
		fedx.fail("fedx.rules: a rule has one verdict")
	elseif made.when ~= nil and type(made.when) ~= "function" then
		fedx.fail("fedx.rules: when is a function(msg, env), not a " .. type(made.when))
	end
	if entry.name ~= nil then made.verdict = fedx.named(made.verdict, entry.name) end
	for key, patterns in pairs(entry) do
		if key ~= 1 and key ~= "name" and key ~= "when" then
			made.conditions[#made.conditions + 1] = condition(key, patterns)
		end
	end
	return made
end

local function holds(c, msg)
	for i = 1, #c.any do
		local one = c.any[i]

		if one.op == "any" and not msg:is(c.field, "")
				or one.op == "is" and msg:is(c.field, one.what)
				or one.op == "under" and msg:under(c.field, one.what)
				or one.op == "starts" and msg:starts(c.field, one.what) then
			return true
		end
	end
	return false
end

local function matches(r, msg, env)
	for i = 1, #r.conditions do
		if not holds(r.conditions[i], msg) then return false end
	end
	return r.when == nil or r.when(msg, env)
end

return function(entries)
	local rules = {}

	if type(entries) ~= "table" then fedx.fail("fedx.rules: want a list of rules, not a " .. type(entries)) end
	for i, entry in ipairs(entries) do rules[i] = rule(entry) end
	for key in pairs(entries) do
		if math.type(key) ~= "integer" or key < 1 or key > #rules then
			fedx.fail(("fedx.rules: '%s' is no rule; each one is a table in the list"):format(tostring(key)))
		end
	end
	return function(msg, env)
		for i = 1, #rules do
			if matches(rules[i], msg, env) then return rules[i].verdict end
		end
		return nil
	end
end
