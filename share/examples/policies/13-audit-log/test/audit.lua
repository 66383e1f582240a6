local t = require "fedx.test"

local function log_of(hook, event)
	local actions = t.reacts(hook, event)
	return actions[1] and actions[1].log, #actions
end

local up = { event = "link_up", node = "site-a", cluster = "home", role = "leaf", address = "192.0.2.7:4711" }
local text, count = log_of("link", up)
t.is(text, "audit: leaf site-a of home came from 192.0.2.7:4711", "who came")
t.is(count, 1, "one line")
t.is(log_of("link", { event = "link_down", node = "site-a", role = "leaf", why = "silent for 30 s" }),
	"audit: leaf site-a went: silent for 30 s", "who went, and why")
t.is(log_of("link", { event = "link_down", node = "site-a", role = "leaf" }),
	"audit: leaf site-a went: no reason given", "also when nobody knows why")
t.is(log_of("service", { event = "attached", subject = "wc", node = "site-a", ["local"] = false }),
	"audit: site-a offers wc", "who offers what")
t.is(log_of("service", { event = "withdrawn", subject = "wc", node = "", ["local"] = true }),
	"audit: a program here withdraws wc", "and does not any more")
t.is(log_of("link", { event = "link_refused", node = "site-a" }), nil, "nothing else")
