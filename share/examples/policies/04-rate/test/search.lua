local t = require "fedx.test"

local function rate_of(question)
	local v = t.verdict(question)
	return v.limit, v.limit_rate, v.limit_burst, v.limit_field
end

local name, rate, burst, per = rate_of{ service = "search", method = "find", from = "alice@site-a", origin = "site-a" }
t.is(name, "search-caller", "a caller with a name has a bucket of its own")
t.is(rate, 10000, "ten a second")
t.is(burst, 20, "twenty at once")
t.is(per, "from", "each caller one")

name, rate, burst, per = rate_of{ service = "search", method = "find", origin = "site-a" }
t.is(name, "search-node", "callers without a name share one")
t.is(per, "origin", "each node one")
t.is(rate, 10000, "as much as a caller has")
t.is(burst, 20, "and as much at once")

t.is(rate_of{ service = "wc", method = "w", from = "alice@site-a" }, nil, "other services have no limit")
