-- Block list: what is in a file does not get in, and nothing from there passes.
--
-- blocked.txt is read together with this file: edit it, then reload.
local blocked = fedx.list("blocked.txt")

function admit(peer)
	if blocked:has(peer.node) or blocked:has(peer.address) then
		return fedx.deny{ name = "blocked-peer", reason = "this node or network is blocked" }
	end
end

-- A node that is welcome may have a guest who is not.  Two fields are read, so
-- there is one question for each caller and node, and none for their next message.
function route(msg)
	if blocked:has(msg.from) or blocked:has(msg.origin) then
		return fedx.deny{ name = "blocked-caller", reason = "this caller is blocked" }
	end
end
