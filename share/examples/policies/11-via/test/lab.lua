local t = require "fedx.test"

local function way(question)
	return t.verdict(question).via
end

t.is(way{ to = "scope-3@lab", method = "read" }, "hub-lab", "the laboratory itself")
t.is(way{ to = "scope-3@north.lab", method = "read" }, "hub-lab", "and all below it")
t.is(way{ service = "archive", method = "put" }, "hub-lab", "its archive")
t.is(way{ service = "measurements", method = "list" }, "hub-lab", "its measurements")
t.is(way{ to = "scope-3@collab", method = "read" }, nil, "not what sounds alike")
t.is(way{ service = "wc", method = "w" }, nil, "all else as always")
