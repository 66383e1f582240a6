local t = require "fedx.test"

t.refuses{ role = "leaf", node = "site-x.old-cluster", address = "192.0.2.1" }
t.refuses{ role = "leaf", node = "site-d", address = "203.0.113.77" }
t.refuses{ role = "leaf", node = "site-d", address = "2001:db8:bad:1::5" }
t.admits{ role = "leaf", node = "site-d", address = "203.0.114.77" }
t.admits{ role = "leaf", node = "site-d", address = "2001:db8:bee::5" }

t.denies({ from = "mallory@site-c", origin = "site-c", service = "wc", method = "w" }, "caller is blocked")
t.denies{ from = "eve@site-x.old-cluster", origin = "site-x.old-cluster", service = "wc", method = "w" }
t.denies{ origin = "old-cluster", service = "wc", method = "w" }
t.allows{ from = "alice@site-c", origin = "site-c", service = "wc", method = "w" }
t.allows{ service = "wc", method = "w" }	-- a caller without a name is not on the list
