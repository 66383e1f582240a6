---@meta
-- fedx.lua - what a policy may use, for editors (LuaCATS annotations); it is never run.
-- fedx-policy(5) has the whole story.

---@alias fedx.Field
---| "kind" | "type" | "from" | "from_domain" | "to" | "to_domain" | "subject" | "service" | "method"
---| "path1" | "path2" | "path3" | "origin" | "version" | "idempotent" | "oneway" | "peer" | "peer_node"
---| "peer_cluster" | "peer_address" | "peer_from" | "peer_tags" | "peer_admin"
---@alias fedx.PeerField "node" | "cluster" | "role" | "address" | "from" | "tags" | "admin"
---@alias fedx.Role "client" | "guest" | "leaf" | "hub" | "uplink"
---@alias fedx.Strategy "round_robin" | "least_inflight" | "random" | "weighted" | "latency"
---@alias fedx.Family "node" | "endpoint" | "service" | "path"
---@alias fedx.Error
---| "no_route" | "not_found" | "denied" | "unauthenticated" | "scope" | "route_conflict" | "node_id_in_use"
---| "busy" | "timeout" | "link_down" | "overloaded" | "circuit_open" | "hop_limit" | "loop" | "too_large"
---| "malformed" | "unsupported" | "policy_error" | "policy_unavailable" | "cluster_isolated" | "signature"
---| "expired" | "slow_consumer" | "shutting_down" | "service_failed" | "cancelled" | "conflict" | "locked"

---A message that is asked about. Reading a field notes it: the verdict is kept for all
---messages that agree in what was read. Good for one call of the hook.
---@class fedx.Message
---@field kind string              # "request"
---@field type string              # of the payload: "text", "json", ...
---@field from? string             # "alice@home.net"
---@field from_domain? string      # "home.net"
---@field to? string
---@field to_domain? string
---@field subject? string          # "shop/list", "/site-a/lamp"
---@field service? string          # "shop"
---@field method? string           # "list"
---@field path1? string            # "site-a"
---@field path2? string
---@field path3? string
---@field origin? string           # the node where it entered the fabric
---@field version? string          # constraint on the service's instances
---@field idempotent? "yes"
---@field oneway? "yes"
---@field peer fedx.Peer           # who handed it to us
---@field peer_node? string
---@field peer_cluster? string
---@field peer_address? string
---@field peer_from? string
---@field peer_tags? string
---@field peer_admin? "yes"
local Message = {}

---Is the field this text? Notes the test and its result, not the field. "": is it absent?
---@param field fedx.Field
---@param value string
---@return boolean
function Message:is(field, value) end

---Does the pattern cover the field? An address, "*@D", "*.D", or a path with * and **.
---@param field fedx.Field
---@param pattern string
---@return boolean
function Message:under(field, pattern) end

---@param field fedx.Field
---@param prefix string
---@return boolean
function Message:starts(field, prefix) end

---Is this one of the words that `admit` gave the peer?
---@param tag string
---@return boolean
function Message:has_tag(tag) end

---A neighbour: a client, or the node at the other end of a link.
---@class fedx.Peer
---@field role fedx.Role
---@field node? string
---@field cluster? string
---@field address? string          # without the port
---@field from? string             # the first endpoint of a client
---@field tags? string             # words
---@field admin? "yes"
local Peer = {}

---@param field fedx.PeerField
---@param value string
---@return boolean
function Peer:is(field, value) end

---@param field fedx.PeerField
---@param pattern string
---@return boolean
function Peer:under(field, pattern) end

---@param field fedx.PeerField
---@param prefix string
---@return boolean
function Peer:starts(field, prefix) end

---@param tag string
---@return boolean
function Peer:has_tag(tag) end

---@class fedx.Clock
---@field year integer
---@field month integer            # 1 .. 12
---@field day integer
---@field wday integer             # 1 is monday
---@field hour integer
---@field min integer

---All that a hook may know besides its subject. Good for one call of the hook.
---@class fedx.Env
---@field family fedx.Family       # in the hook scope
---@field action "attach" | "subscribe" | "announce"	# in the hook scope
local Env = {}

---Whole seconds since 1970; the verdict is kept until this second ends.
---@return integer
function Env:now() end

---The clock in UTC, or at an offset like "+01:00"; the verdict is kept until this minute ends.
---@param offset? string
---@return fedx.Clock
function Env:clock(offset) end

---1 .. n; the verdict is for this message only.
---@param n integer
---@return integer
function Env:random(n) end

---Does anybody reach this name? The verdict is kept until that changes; over four look-ups it is not kept.
---@param family fedx.Family
---@param name string
---@return boolean
function Env:knows(family, name) end

---How many instances of a service are known?
---@param service string
---@return integer
function Env:count(service) end

---An instance of a service, for `balance`.
---@class fedx.Instance
---@field index integer
---@field node? string
---@field version? string
---@field tags? string             # words
---@field weight integer
---@field in_flight integer
---@field latency_us integer       # 0: not measured yet
---@field is_local boolean

---A list that is good for one call of the hook: #list, list[1], ipairs(list), tostring(list).
---@class fedx.Words: { [integer]: string }
local Words = {}

---@param word string
---@return boolean
function Words:has(word) end

---A way to a node, for `import` and `export`. Good for one call of the hook.
---@class fedx.Route
---@field node string              # where it leads
---@field cluster? string          # of that node
---@field path fedx.Words          # nodes, the next one first; of the own route none
---@field clusters fedx.Words      # that it passes, the next one first
---@field length integer           # nodes in the path
---@field tags? string             # words
---@field neighbour string         # who tells of it, or who would be told
local Route = {}

---@param tag string
---@return boolean
function Route:has_tag(tag) end

---@class fedx.Verdict
---@class fedx.Limit: fedx.Verdict
---@class fedx.Balance
---@class fedx.Action

---@class fedx.Set
local Set = {}

---Is it in the set? nil is in none.
---@param value string?
---@return boolean
function Set:has(value) end

---@class fedx.Pattern
local Pattern = {}

---@param value string?
---@return boolean
function Pattern:covers(value) end

---@class fedx.Window
local Window = {}

---@param env fedx.Env
---@return boolean
function Window:open(env) end

---@class fedx.AllowOptions
---@field via? string              # route: the node to go by
---@field to? string               # route: put in
---@field subject? string          # route: put in
---@field limit? fedx.Limit        # route, admit
---@field scopes? string | string[]	# admit: patterns of names that it may claim
---@field tags? string | string[]  # admit: words of the peer; import: of the route, instead of those it has
---@field preference? integer      # import: -1000 .. 1000; the highest wins, before all metrics
---@field shared? boolean         # scope: of a path: others may hold it beside this one
---@field in_flight? integer       # admit: requests at once
---@field services? integer        # admit
---@field endpoints? integer       # admit
---@field name? string             # of the rule

---@class fedx.DenyOptions
---@field reason? string           # for a person
---@field error? fedx.Error        # "denied" if left out
---@field name? string

---@class fedx.RewriteOptions
---@field to? string
---@field subject? string
---@field name? string

---@class fedx.LimitOptions
---@field rate string | number     # "10/s", "600/m", "100/h", or a number a second
---@field burst? integer
---@field per? fedx.Field          # a bucket for each value; all together if left out
---@field name? string

---@class fedx.RequestOptions
---@field service? string
---@field method? string
---@field to? string
---@field payload? string
---@field type? "text" | "json"
---@field name? string

---@class fedx.Rule: { [integer]: fedx.Verdict, [string]: any }
---@field name? string
---@field when? fun(msg: fedx.Message, env: fedx.Env): boolean?

---@class fedx
fedx = {}

---@param options? fedx.AllowOptions
---@return fedx.Verdict
function fedx.allow(options) end

---@param reason? string | fedx.DenyOptions
---@return fedx.Verdict
function fedx.deny(reason) end

---Allow, by this node.
---@param node string
---@return fedx.Verdict
function fedx.via(node) end

---Allow, with another target.
---@param options fedx.RewriteOptions
---@return fedx.Verdict
function fedx.rewrite(options) end

---Allow within a rate; also a value for allow's limit.
---@param options fedx.LimitOptions
---@return fedx.Limit
function fedx.limit(options) end

---The same verdict, as a rule of this name.
---@param verdict fedx.Verdict
---@param name string
---@return fedx.Verdict
function fedx.named(verdict, name) end

---@param value any
---@return boolean
function fedx.is_verdict(value) end

---balance: the same instance for the same value of a field.
---@param field fedx.Field
---@return fedx.Balance
function fedx.sticky(field) end

---balance: this one; asked again for each request.
---@param instance fedx.Instance | integer
---@return fedx.Balance
function fedx.pick(instance) end

---on.*: send a request.
---@param options fedx.RequestOptions
---@return fedx.Action
function fedx.request(options) end

---on.*: a line in the log.
---@param text string
---@return fedx.Action
function fedx.log(text) end

---Reads a file beside the policy, an entry a line: a name, "*@D", "*.D", an address or a network.
---@param file string
---@return fedx.Set
function fedx.list(file) end

---@param networks string[]
---@return fedx.Set
function fedx.cidr(networks) end

---@param text string
---@return fedx.Pattern
function fedx.pattern(text) end

---Puts values in the place of %1 .. %9; a value with a slash, a star or an "@" is an error.
---@param text string
---@param ... string
---@return string
function fedx.template(text, ...) end

---Times of the week: "mon-fri 08:00-18:00"; the second argument is an offset from UTC.
---@param text string | string[]
---@param offset? string
---@return fedx.Window
function fedx.window(text, offset) end

---A hook of rules: the first that matches decides.
---@param rules fedx.Rule[]
---@return fun(msg: fedx.Message | fedx.Peer, env: fedx.Env): fedx.Verdict?
function fedx.rules(rules) end

---For modules: the name, if a message has such a field; else it raises.
---@param name string
---@return fedx.Field
function fedx.field(name) end

---For modules: raises an error at the line of the policy.
---@param text string
function fedx.fail(text) end

-- The hooks, all of them optional; nil means: the default.

---@type fun(peer: fedx.Peer, env: fedx.Env): fedx.Verdict?
admit = nil
---@type fun(msg: fedx.Message, env: fedx.Env): fedx.Verdict?
route = nil
---@type fun(peer: fedx.Peer, name: string, env: fedx.Env): fedx.Verdict?
scope = nil
---@type fun(route: fedx.Route, peer: fedx.Peer, env: fedx.Env): fedx.Verdict?
import = nil
---@type fun(route: fedx.Route, peer: fedx.Peer, env: fedx.Env): fedx.Verdict?
export = nil
---@type fun(service: string, instances: fedx.Instance[], env: fedx.Env): fedx.Strategy | fedx.Balance | nil
balance = nil

---@class fedx.On
---@field link? fun(event: table, env: fedx.Env): fedx.Action[]?
---@field service? fun(event: table, env: fedx.Env): fedx.Action[]?
---@field event? fun(event: table, env: fedx.Env): fedx.Action[]?
---@type fedx.On
on = {}
