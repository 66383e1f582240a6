-- Allow list: only nodes that are in a file may join.
--
-- Whatever token they show: this is for a hub whose tokens are made by somebody
-- else.
local members = fedx.list("members.txt")

function admit(peer)
	-- programs on this machine, and the hub that this node dials itself
	if peer.role == "client" or peer.role == "uplink" then
		return nil
	end
	if not members:has(peer.node) then
		return fedx.deny{ name = "members-only", reason = "this node is not in members.txt" }
	end
end
