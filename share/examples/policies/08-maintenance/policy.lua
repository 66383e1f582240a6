-- Maintenance: services are closed for a while; callers hear why, and try again.
--
-- The services are in maintenance.txt.  The error `busy` tells callers to try
-- again, which `denied` would not, and the requests have not run: a pipeline that
-- retries just takes longer.  Admins may still call, to see whether the work is
-- done.
local closed = fedx.list("maintenance.txt")

function route(msg)
	if closed:has(msg.service) and not msg.peer.admin then
		return fedx.deny{
			name = "maintenance",
			error = "busy",
			reason = msg.service .. " is under maintenance, try again later",
		}
	end
end
