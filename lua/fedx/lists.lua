-- lists.lua - hooks that ask a list.
--
--	local lists = require "fedx.lists"
--	route = lists.guard { field = "from", block = fedx.list("blocked.txt") }
--	admit = lists.guard { field = "address", allow = fedx.cidr { "10.0.0.0/8" } }
--
-- What is on the block list is denied, and so is what is not on the allow list,
-- if there is one.  For the rest the guard has no opinion: chain() asks the next.

local fedx = require "fedx"
local lists = {}

local known = { field = true, allow = true, block = true, reason = true }

function lists.guard(options)
	for key in pairs(options) do
		if not known[key] then fedx.fail(("lists.guard: unknown key '%s'"):format(tostring(key))) end
	end
	local field, allow, block = options.field, options.allow, options.block
	local blocked = fedx.named(fedx.deny(options.reason or "this is on a block list"), "block-list")
	local unlisted = fedx.named(fedx.deny(options.reason or "this is on no allow list"), "allow-list")

	if type(field) ~= "string" then fedx.fail("lists.guard: want field = the name of a field") end
	if not allow and not block then fedx.fail("lists.guard: want allow = or block = a list") end
	return function(subject)
		local value = subject[field]

		if block and block:has(value) then return blocked end
		if allow and not allow:has(value) then return unlisted end
		return nil
	end
end

-- The hooks one after another, until one has an opinion.
function lists.chain(...)
	local hooks = { ... }

	for i = 1, #hooks do
		if type(hooks[i]) ~= "function" then fedx.fail("lists.chain: want functions") end
	end
	return function(...)
		for i = 1, #hooks do
			local verdict = hooks[i](...)

			if verdict ~= nil then return verdict end
		end
		return nil
	end
end

return lists
