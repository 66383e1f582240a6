-- Business hours: a service is open on workdays only.
--
-- Offsets from UTC, not names of time zones: where clocks are changed twice a
-- year, this line is too, or the window is an hour wider on both sides.
local open = fedx.window("mon-fri 08:00-18:00", "+01:00")

function route(msg, env)
	-- the service first: only what depends on the clock is asked again each minute
	if msg:is("service", "orders") and not open:open(env) then
		return fedx.deny{ name = "closed", reason = "orders are taken on workdays from 8 to 18 h" }
	end
end
