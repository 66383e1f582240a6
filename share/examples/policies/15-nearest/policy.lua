-- Nearest: the fastest instance serves, as long as it is not busy.
--
-- `cache` and `dns` are small and asked often: the nearest instance wins, but
-- not if it is drowning, and not before it was measured.
local near = { cache = true, dns = true }
local drowning = 50	-- requests in flight at one instance

function balance(service, instances)
	if not near[service] then
		return nil
	end
	-- looking at instances makes the answer good for a second, which is soon
	-- enough to leave a busy one alone; in between all is counted in C
	for i = 1, #instances do
		local one = instances[i]

		if one.latency_us == 0 or one.in_flight >= drowning then
			return "least_inflight"
		end
	end
	return "latency"
end
