-- Namespaces: each node may claim names of its own and no others, by a template.
--
-- The names are made from the id of the node: site-a may claim lamp@site-a, the
-- service wc.site-a and all below /site-a.  So no site can take the names of
-- another, and nobody has to keep a list.
local names = { "*.%1", "/%1/**" }

function admit(peer)
	if peer.role ~= "leaf" then
		return nil
	end
	local mine = {}
	for i, name in ipairs(names) do
		mine[i] = fedx.template(name, peer.node)
	end
	-- scopes of admit are looked at in C: there is no question for each name
	return fedx.allow{ name = "own-namespace", scopes = mine, services = 100, endpoints = 1000 }
end
