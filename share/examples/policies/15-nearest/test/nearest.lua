local t = require "fedx.test"

local near = { node = "site-a", latency_us = 300, in_flight = 4 }
local far = { node = "site-b", latency_us = 90000, in_flight = 0 }
local unknown = { node = "site-c", latency_us = 0, in_flight = 0 }
local busy = { node = "site-a", latency_us = 300, in_flight = 50 }

t.is(t.picks("cache", { near, far }), "latency", "the nearest")
t.is(t.picks("dns", { near, far }), "latency", "for both services")
t.is(t.picks("cache", { near, far, unknown }), "least_inflight", "one was not measured yet")
t.is(t.picks("cache", { far, busy }), "least_inflight", "the nearest drowns")
t.is(t.picks("archive", { near, far }), nil, "others as always")
