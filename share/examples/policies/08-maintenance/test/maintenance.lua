local t = require "fedx.test"

local bill = { service = "billing", method = "print", peer = { role = "leaf", node = "site-a" } }

t.denies(bill, "billing is under maintenance")
t.is(t.verdict(bill).error, "busy", "try again")
t.allows{ service = "billing", method = "print", peer = { role = "client", admin = "yes" } }
t.allows{ service = "shop", method = "buy", peer = { role = "leaf", node = "site-a" } }
t.allows{ to = "lamp@site-b", method = "set", peer = { role = "leaf", node = "site-a" } }
