local t = require "fedx.test"

local order = { service = "orders", method = "place", from = "alice@site-a" }

-- 2026-11-20 is a Friday; 07:00 UTC is 8 h there
t.at("2026-11-20T06:59:59Z", function() t.denies(order, "workdays") end)
t.at("2026-11-20T07:00:00Z", function() t.allows(order) end)
t.at("2026-11-20T16:59:59Z", function() t.allows(order) end)
t.at("2026-11-20T17:00:00Z", function() t.denies(order) end)
t.at("2026-11-21T10:00:00Z", function() t.denies(order) end)		-- Saturday
t.at("2026-11-22T23:30:00Z", function() t.denies(order) end)		-- Monday there, too early
t.at("2026-11-21T10:00:00Z", function() t.allows{ service = "alarm", method = "ring" } end)
