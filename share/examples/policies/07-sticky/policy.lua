-- Sticky sessions: a caller stays with the instance that knows it.
--
-- A shopping cart lives in the memory of one instance of `cart`: the requests
-- of one caller go there for as long as that instance is there.
--
-- The caller is the endpoint that its program claimed; for programs that claim
-- none, stick to the node where they are.
local sticky = { cart = "from", ["cart-web"] = "origin" }

function balance(service)
	local field = sticky[service]

	return field and fedx.sticky(field)
end
