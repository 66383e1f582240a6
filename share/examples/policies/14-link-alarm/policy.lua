-- Alarm: the loss of an important site calls a service.
--
-- The service `pager` has to stand on this side of the link that was lost.
--
-- Others come and go as they like, so there is a list.  What a rule asks for is
-- tried once, and nobody looks at the answer: a pager that must not fail has
-- more than one instance.
local important = fedx.list("important.txt")

local function page(method, text)
	return { fedx.request{ name = "link-alarm", service = "pager", method = method, payload = text } }
end

on = {
	link = function(event)
		if not important:has(event.node) then
			return nil
		elseif event.event == "link_down" then
			return page("page", event.node .. " is gone: " .. (event.why or "no reason given"))
		elseif event.event == "link_up" then
			return page("clear", event.node .. " is back")
		end
	end,
}
