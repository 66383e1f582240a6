-- Isolation: a service is for the nodes of one cluster alone.
--
-- On both sides: nobody else may call `payroll`, and nobody else may offer it.
local service, cluster = "payroll", "office"

-- peer_cluster is who handed the message to us, as its credential proves it.
-- from and to are words of the message: do not trust them with a salary.
route = fedx.rules{
	{ name = "payroll-inside", service = service, peer_cluster = cluster, fedx.allow() },
	{ name = "payroll-outside", service = service, fedx.deny("payroll is for the office only") },
}

-- Without this a node of another cluster could offer a payroll of its own, and
-- the office would send it what it sends to payroll.
function scope(peer, name, env)
	if env.family == "service" and name == service and peer.cluster ~= cluster then
		return fedx.deny{ name = "payroll-impostor", reason = "payroll is offered by the office only" }
	end
end
