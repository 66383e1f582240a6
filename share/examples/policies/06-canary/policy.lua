-- Canary: a few requests of a service go to its next version.
--
-- One request in twenty to `shop` goes to an instance with the tag `canary`:
--
--	fedx-probe serve shop --tags canary -- ./shop-next
--
-- A pick is asked about for every request, so this is for services that do more
-- work than a question costs.  Where shares need not be exact, give the canary a
-- small --weight and return "weighted": that is counted in C.
local service, one_in = "shop", 20

local function is_canary(instance)
	return (" " .. (instance.tags or "") .. " "):find(" canary ", 1, true) ~= nil
end

function balance(name, instances, env)
	if name ~= service then
		return nil
	end
	local canaries, others = {}, {}
	for i = 1, #instances do
		local to = is_canary(instances[i]) and canaries or others
		to[#to + 1] = instances[i]
	end
	-- without a canary, or with nothing else, there is nothing to decide
	if #canaries == 0 or #others == 0 then
		return "least_inflight"
	end
	local from = env:random(one_in) == 1 and canaries or others
	local best = from[1]
	for _, instance in ipairs(from) do
		if instance.in_flight < best.in_flight then
			best = instance
		end
	end
	return fedx.pick(best)
end
