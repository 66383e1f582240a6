-- balance.lua - picks for `balance`, made of what fedx gives.
--
--	local by = require "fedx.balance"
--	balance = by.service { shop = "latency", chat = fedx.sticky("from"), ai = by.tag("gpu") }
--
-- A strategy by name runs in C.  by.tag and by.canary pick in Lua: they are asked
-- for each request.

local fedx = require "fedx"
local by = {}

-- What each service is to have; the others get the default.
function by.service(table)
	return function(service, instances, env)
		local how = table[service]

		if type(how) == "function" then return how(service, instances, env) end
		return how
	end
end

local function has(words, word)
	return words ~= nil and (" " .. words .. " "):find(" " .. word .. " ", 1, true) ~= nil
end

-- The least busy of the instances for which `wanted` is true; nil: there is none.
local function least(instances, wanted)
	local best

	for i = 1, #instances do
		local one = instances[i]

		if wanted(one) and (not best or one.in_flight < best.in_flight) then best = one end
	end
	return best and fedx.pick(best)
end

-- The least busy of those with a tag, before all others.
function by.tag(tag)
	return function(_, instances)
		return least(instances, function(one) return has(one.tags, tag) end)
	end
end

-- `percent` of the requests to the instances of a version, the rest to the others.
function by.canary(version, percent)
	return function(_, instances, env)
		local chosen = env:random(100) <= percent

		return least(instances, function(one) return (one.version == version) == chosen end)
	end
end

return by
