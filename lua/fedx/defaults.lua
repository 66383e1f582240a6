-- defaults.lua - the default hooks, as they would be written in policy.lua.
--
-- A hook that your policy.lua does not define is not asked: the node decides
-- as below, in C, without a question to fedx-route.  This file is read by
-- people, and by a test that shows that both decide alike.  Copy what you want
-- to change into your own policy.lua.

local fedx = require "fedx"

-- May this link or client join?  Before it is asked, the credential has proven
-- node and cluster, or the listener takes guests, or the peer is our own user on
-- the bus.  `admit` can only narrow that.
function admit(peer, env)
	return fedx.allow()
end

-- May this message go on?  It is asked for each message whose like has not been
-- seen: what it reads of msg decides what is alike.
function route(msg, env)
	return fedx.allow()
end

-- May this peer attach this name (a client), or announce it (a node)?  The scopes
-- of `admit` were looked at before; a conflict with another claim is found later.
function scope(peer, name, env)
	return fedx.allow()
end

-- Which instance serves a request?  Local ones come before those behind a link in
-- any strategy; this one takes the least busy of them.
function balance(service, instances, env)
	return "least_inflight"
end

-- Is this way to a node, which a neighbouring hub tells of, taken?  Before it is asked,
-- clusters that must stay apart are kept apart; its own path has not been here.
function import(route, peer, env)
	return fedx.allow()
end

-- Is this neighbouring hub told of the way to a node, and of all that the node offers?
-- It never hears what it said itself, nor services with the tag "private".
function export(route, peer, env)
	return fedx.allow()
end

-- What happens when a link, a service or anything else comes or goes?  Nothing.
on = {
	link = function(event, env) return nil end,
	service = function(event, env) return nil end,
	event = function(event, env) return nil end,
}
