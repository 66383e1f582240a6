local t = require "fedx.test"

local v = t.verdict{ hook = "admit", peer = { role = "leaf", node = "site-a" } }
t.is(table.concat(v.scopes, " "), "*.site-a /site-a/**", "a namespace for each node")
t.is(v.services, 100, "not too many services")
t.is(v.endpoints, 1000, "nor endpoints")

local mine = fedx.pattern(v.scopes[1])
t.ok(mine:covers("lamp@site-a"), "its endpoints")
t.ok(mine:covers("wc.site-a"), "its services")
t.ok(not mine:covers("lamp@site-b"), "not those of another")
t.ok(not mine:covers("wc.my-site-a"), "nor of one with a similar name")
t.ok(not mine:covers("wc"), "nor a service for all")

t.is(t.verdict{ hook = "admit", peer = { role = "client" } }.scopes, nil, "programs on this machine as always")
t.admits{ role = "client" }
t.admits{ role = "hub", node = "hub-2" }
