local t = require "fedx.test"

local function down(node, why)
	return t.reacts("link", { event = "link_down", node = node, why = why })
end

local page = down("site-a", "silent for 30 s")
t.is(#page, 1, "one call")
t.is(page[1].subject, "pager/page", "of the pager")
t.is(page[1].payload, "site-a is gone: silent for 30 s", "who, and why")
t.is(page[1].rule, "link-alarm", "the pager sees which rule called")
t.is(#down("press-7.factory"), 1, "a machine of the factory matters")
t.is(#down("site-z"), 0, "others do not")
t.is(#down(""), 0, "nor who has no name")

local clear = t.reacts("link", { event = "link_up", node = "site-a" })
t.is(clear[1].subject, "pager/clear", "the alarm ends")
t.is(clear[1].payload, "site-a is back", "in words")
