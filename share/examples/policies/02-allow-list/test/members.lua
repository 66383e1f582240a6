local t = require "fedx.test"

t.admits{ role = "leaf", node = "site-a", cluster = "home" }
t.admits{ role = "leaf", node = "press-7.factory", cluster = "factory" }
t.admits{ role = "client" }
t.admits{ role = "uplink", node = "parent" }
t.refuses({ role = "leaf", node = "site-c", cluster = "home" }, "members.txt")
t.refuses{ role = "hub", node = "site-a.elsewhere" }
t.refuses{ role = "leaf", node = "press-7-factory" }
