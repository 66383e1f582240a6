local t = require "fedx.test"

local inside = { role = "leaf", node = "desk-1", cluster = "office" }
local outside = { role = "leaf", node = "desk-1", cluster = "works" }

t.allows{ service = "payroll", method = "pay", peer = inside }
t.denies({ service = "payroll", method = "pay", peer = outside }, "office only")
t.denies{ service = "payroll", method = "pay", peer = { role = "client" } }
t.allows{ service = "canteen", method = "menu", peer = outside }

-- a name is no proof
t.denies{ service = "payroll", method = "pay", from = "boss@office", origin = "office", peer = outside }

t.grants{ family = "service", name = "payroll", action = "announce", peer = inside }
t.withholds({ family = "service", name = "payroll", action = "announce", peer = outside }, "office only")
t.grants{ family = "service", name = "canteen", action = "announce", peer = outside }
t.grants{ family = "endpoint", name = "payroll", action = "announce", peer = outside }
