local t = require "fedx.test"

local function way(tags, cluster, path)
	return { hook = "import", node = "site-c", path = path or "hub-2 site-c", cluster = cluster or "home", tags = tags,
		peer = { role = "hub", node = "hub-2", cluster = "home" } }
end

t.takes(way("gold", "away"))
t.is(t.verdict(way("gold", "away")).preference, 100, "gold is the best")
t.is(t.verdict(way("eu silver", "away")).preference, 50, "then silver, among others")
t.is(t.verdict(way(nil)).preference, -10, "then what has no tag")
t.drops(way("gold blocked"), "blocked")
t.drops(way("test"), "test")
t.drops(way("golden", "away"), "without a good tag")
t.drops(way(nil, "away"), "without a good tag")
t.takes(way("gold", "home", "a b c d e site-c"))
t.drops(way("gold", "home", "a b c d e f site-c"), "more than 6")
