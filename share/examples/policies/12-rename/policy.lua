-- New names: who calls old services and sites reaches the new ones.
--
-- Services and sites get new names, programs keep the old ones for years: they
-- are rewritten here, in one place, and the callers never notice.
local services = { print = "printer", ["print-color"] = "printer" }

function route(msg)
	local service = services[msg.service]

	if service then
		return fedx.rewrite{ name = "old-service", subject = service .. "/" .. (msg.method or "") }
	end
	if msg:under("to", "*@old-site") then
		-- reading `to` costs an entry for each address, but only of the old site
		return fedx.rewrite{ name = "old-site", to = msg.to:gsub("@old%-site$", "@site-a") }
	end
end
