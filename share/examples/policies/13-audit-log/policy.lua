-- Audit: a line in the log for who came, who went, and who offers what.
--
-- The node logs these at level info as well, and much else; these lines say only
-- this, in words that can be searched for.
--
-- Denials are not here: they would fill a disk for whoever knocks often enough.
-- `fedx-probe watch` and `fedx-probe explain --decision` have them.
local function line(...)
	return { fedx.log("audit: " .. table.concat({ ... }, " ")) }
end

on = {
	link = function(event)
		if event.event == "link_up" then
			return line(event.role, event.node, "of", event.cluster, "came from", event.address)
		elseif event.event == "link_down" then
			return line(event.role, event.node, "went:", event.why or "no reason given")
		end
	end,
	service = function(event)
		local place = event["local"] and "a program here" or event.node

		return line(place, event.event == "attached" and "offers" or "withdraws", event.subject)
	end,
}
