local t = require "fedx.test"

local v = t.verdict{ service = "print", method = "page" }
t.is(v.subject, "printer/page", "an old service has its new name")
t.is(v.to, nil, "and goes to whoever offers it")
t.is(t.verdict{ service = "print-color", method = "page" }.subject, "printer/page", "another one, too")
t.is(t.verdict{ service = "print", method = "" }.subject, "printer/", "asking whether it is there as well")

v = t.verdict{ to = "lamp@old-site", method = "set" }
t.is(v.to, "lamp@site-a", "an address of the old site")
t.is(v.subject, nil, "keeps its method")
t.is(t.verdict{ to = "print@site-b", method = "print" }.subject, nil, "a method is no service")
t.is(t.verdict{ to = "lamp@old-site.org", method = "set" }.to, nil, "not what sounds alike")
t.is(t.verdict{ service = "printer", method = "page" }.subject, nil, "the new name stays")
