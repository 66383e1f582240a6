-- Guests: who has no credential may call one service and do nothing else.
--
-- Guests are programs that are not of the node's own user, and whoever is let in
-- without a credential.  They may ask the front desk, and that is all: no other
-- service, no endpoint, no node, and nothing of their own to offer.
local desk = "frontdesk"

function route(msg)
	-- two tests on the peer, and not its fields: one answer for all guests
	if not msg:is("peer", "client") or msg:is("peer_admin", "yes") then
		return nil
	end
	if msg:is("service", desk) then
		return fedx.limit{ name = "guest-calls", rate = "5/s", per = "peer_address" }
	end
	return fedx.deny{ name = "guests-stay-out", reason = "guests may call " .. desk .. " only" }
end

function scope(peer)
	if peer.role == "client" then
		return fedx.deny{ name = "guests-offer-nothing", reason = "guests may not offer services or claim endpoints" }
	end
end
