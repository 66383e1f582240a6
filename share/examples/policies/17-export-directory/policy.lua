-- Directories: each neighbouring hub is told of the nodes meant for it, and of no others.
--
-- Who is not told of a node hears of none of its names.  A neighbour without a line
-- here is told of the own node alone.
local directory = {
	["hub-partner"] = { "*.shop.example", "shop.example" },
	["hub-lab"] = { "*.lab.example" },
}
local everything = { ["hub-main"] = true }

function export(route, peer)
	if everything[peer.node] then return nil end
	-- nothing that came from a neighbour with a private network
	if route.path:has("hub-private") then return fedx.deny{ name = "private-way" } end
	for _, pattern in ipairs(directory[peer.node] or {}) do
		if fedx.pattern(pattern):covers(route.node) then return fedx.allow{ name = "directory" } end
	end
	if route.length > 0 then return fedx.deny{ name = "not-for-it" } end
end
