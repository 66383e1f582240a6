local t = require "fedx.test"

local function told(neighbour, node, path)
	return { hook = "export", node = node, path = path or "hub-2 " .. node, peer = { role = "hub", node = neighbour } }
end

t.tells(told("hub-partner", "till.shop.example"))
t.is(t.verdict(told("hub-partner", "till.shop.example")).rule, "directory", "by the directory")
t.tells(told("hub-partner", "shop.example"))
t.hides(told("hub-partner", "robot.lab.example"))
t.tells(told("hub-lab", "robot.lab.example"))
t.hides(told("hub-lab", "shop.example"))
t.tells(told("hub-main", "shop.example"))
t.tells(told("hub-main", "shop.example", "hub-private shop.example"))
t.hides(told("hub-partner", "shop.example", "hub-private shop.example"))
t.hides(told("hub-new", "shop.example"))
t.tells{ hook = "export", node = "hub-here", peer = { role = "hub", node = "hub-new" } }
