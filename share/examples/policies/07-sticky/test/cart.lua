local t = require "fedx.test"

local two = { { node = "site-a" }, { node = "site-b" } }

t.is(t.picks("cart", two), "sticky from", "a cart stays with its caller")
t.is(t.picks("cart-web", two), "sticky origin", "callers without a name stay with their node")
t.is(t.picks("catalogue", two), nil, "what has no cart is balanced as always")
