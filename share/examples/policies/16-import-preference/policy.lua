-- Preferred ways: routes with a good tag come first, those with a bad one are not taken.
--
-- Each node says its tags with announce.tags, and hubs pass them on.  A route with
-- both kinds of tags is not taken.  Preference is looked at before all metrics.
local bad = { "blocked", "test" }
local good = { { tag = "gold", preference = 100 }, { tag = "silver", preference = 50 } }

function import(route, peer)
	for _, tag in ipairs(bad) do
		if route:has_tag(tag) then return fedx.deny{ name = "bad-tag", reason = "its tags have " .. tag } end
	end
	if route.length > 6 then return fedx.deny{ name = "far", reason = "more than 6 nodes away" } end
	for _, way in ipairs(good) do
		if route:has_tag(way.tag) then return fedx.allow{ name = way.tag, preference = way.preference } end
	end
	-- without a good tag: only what is of the same cluster as the neighbour
	if route.cluster ~= peer.cluster then return fedx.deny{ name = "no-tag", reason = "without a good tag" } end
	return fedx.allow{ name = "plain", preference = -10 }
end
