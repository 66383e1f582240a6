-- Rate: each caller may use an expensive service so often and no more.
--
-- Ten requests a second for `search`, and twenty at once.  All other services
-- have no limit.
--
-- A caller has a name if its program claimed an endpoint.  Those without one
-- share what their node gets, or everybody could escape by having no name.
-- Buckets are filled and counted in C: the hook runs once for each caller.
local each_caller = fedx.limit{ name = "search-caller", rate = "10/s", burst = 20, per = "from" }
local each_node = fedx.limit{ name = "search-node", rate = "10/s", burst = 20, per = "origin" }

function route(msg)
	if not msg:is("service", "search") then
		return nil
	end
	if msg:is("from", "") then
		return each_node
	end
	return each_caller
end
