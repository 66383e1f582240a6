local t = require "fedx.test"

local shop = {
	{ node = "site-a", tags = "stable", in_flight = 3 },
	{ node = "site-b", tags = "beta canary", in_flight = 9 },
	{ node = "site-c", in_flight = 1 },
	{ node = "site-d", tags = "canary-2", in_flight = 2 },
}

local got = { 0, 0, 0, 0 }
for _ = 1, 2000 do
	local n = t.picks("shop", shop)
	got[n] = got[n] + 1
end
t.ok(got[2] > 40 and got[2] < 200, "about one in twenty goes to the canary: " .. got[2] .. " of 2000")
t.is(got[1] + got[4], 0, "the rest goes to the least busy of the others")
t.is(got[2] + got[3], 2000, "and to nobody else")

t.is(t.picks("shop", { shop[1], shop[3] }), "least_inflight", "no canary")
t.is(t.picks("shop", { shop[2] }), "least_inflight", "nothing but a canary")
t.is(t.picks("bank", shop), nil, "other services as always")
