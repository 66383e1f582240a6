local t = require "fedx.test"

local guest = { role = "client", address = "192.0.2.7" }
local owner = { role = "client", admin = "yes" }
local site = { role = "leaf", node = "site-a" }

t.allows{ service = "frontdesk", method = "ask", peer = guest }
t.is(t.verdict{ service = "frontdesk", method = "ask", peer = guest }.limit, "guest-calls", "with a limit")
t.denies({ service = "payroll", method = "pay", peer = guest }, "frontdesk only")
t.denies{ to = "lamp@site-a", method = "set", peer = guest }
t.denies{ to = "site-a", service = "fedx", method = "ping", peer = guest }
t.denies{ to = "safe@site-a", service = "frontdesk", method = "open", peer = guest }
t.allows{ service = "payroll", method = "pay", peer = owner }
t.allows{ service = "payroll", method = "pay", peer = site }

t.withholds({ family = "service", name = "frontdesk", peer = guest }, "may not offer")
t.withholds{ family = "endpoint", name = "boss@site-a", peer = guest }
t.grants{ family = "service", name = "frontdesk", peer = site }
