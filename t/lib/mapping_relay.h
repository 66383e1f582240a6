/* mapping_relay.h - relay.md, message by message: D1 to D4, then HTTP. */
#ifndef FEDX_MAPPING_RELAY_H
#define FEDX_MAPPING_RELAY_H

#include "mapping.h"

static const char *const relay_types[] = {
	"ping", "pong", "server_call", "server_response", "registry_sync", "route_message",
	"error", "registration", "heartbeat", "request", "response", "service_discovery",
	"POST /rpc", "GET /health", "GET /info", "GET /registry", "GET /registry/servers",
	"GET /registry/peers", "POST /registry/peers/add", "DELETE /registry/peers/remove",
	"GET /registry/health", "GET /federation/health", "GET /federation/peers",
	"POST /federation/peers/add", "DELETE /federation/peers/remove",
	"GET /federation/registry", "GET /metrics", "GET /services", "GET /status", NULL
};
static const char *const relay_keys[] = { "type", NULL };
static const char *const relay_other[] = {	/* kinds of node; bad input */
	"home", "main", "cloud", "zzz", NULL
};

/* what the node knows is asked of the node: subject fedx/METHOD, records back */
#define NODE_LIST(t)							\
	{ ROW(t, "a question", IN, ASK, REQUEST, 0), .answer = KIND_RECORD,	\
	  .f = { TO("(this node)"), SERVICE("(fedx)"), METHOD("(which list)"), PAYLOAD("query") } }, \
	{ ROW(t, "each entry", OUT, BACK, RECORD, 0), .list = true,	\
	  .f = { SUBJECT("its key"), PAYLOAD("its value"), FROM("node_id") } }
#define NODE_DO(t)							\
	{ ROW(t, "an admin", IN, ASK, REQUEST, 0), .answer = KIND_REPLY,	\
	  .f = { TO("(this node)"), SERVICE("(fedx)"), METHOD("(what)"), PAYLOAD("body") } }, \
	{ ROW(t, "its answer", OUT, BACK, REPLY, FLAG_LAST), .f = { PAYLOAD("message") } }

static const struct row relay_rows[] = {
	/* old links, D1 to D3 */
	SESSION("ping", "either", IN, "answered at once"),
	SESSION("ping", "either, every 30 s", OUT, "the session's timer"),
	SESSION("pong", "either", IN, "a sign of life"),
	SESSION("pong", "either", OUT, "needs the wall clock"),
	{ ROW("server_call", "D1, D2, D3", IN, ASK, REQUEST, 0), .answer = KIND_REPLY, .big = true,
	  .f = { KEPT("id"), KEPT("data.response_id"), KEPT("reply_to"), FROM("from"), TO("to"),
	    SERVICE("call.server_name"), METHOD("call.method"), PAYLOAD("call.args"),
	    DEADLINE("call.timeout"), META64("timestamp", stamp), OWN("route"), HOPS("ttl") } },
	{ ROW("server_call", "D1, or D2", OUT, ASK, REQUEST, 0), .answer = KIND_REPLY, .big = true,
	  .f = { KEPT("id, reply_to, response_id"), FROM("from"), TO("to"),
	    SERVICE("call.server_name"), METHOD("call.method"), PAYLOAD("call.args"),
	    DEADLINE("call.timeout"), META64("timestamp", stamp), PATH("route"), HOPS("ttl") } },
	{ ROW("server_response", "success", IN, BACK, REPLY, FLAG_LAST), .big = true,
	  .f = { KEPT("data.response_id"), FROM("data.node_id"), PAYLOAD("data.result") } },
	{ ROW("server_response", "failure", IN, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("data.response_id"), FROM("data.node_id"), PAYLOAD("data.error"),
	    ERRORS_AT("(service_failed)") } },
	{ ROW("server_response", "success", OUT, BACK, REPLY, FLAG_LAST), .big = true,
	  .f = { KEPT("id"), KEPT("data.response_id"), KEPT("reply_to"), FROM("data.node_id"),
	    PAYLOAD("data.result") } },
	{ ROW("server_response", "failure", OUT, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("id"), KEPT("data.response_id"), KEPT("reply_to"), PAYLOAD("data.error"),
	    ERRORS_AT("(its code)") } },
	SESSION("registry_sync", "either", IN, "accepted, not believed"),
	SESSION("route_message", "either", IN, "unwrapped; the inner message goes its own way"),

	/* federation links, D4 */
	{ ROW("registration", "home: its address", IN, NEAR, ATTACH, 0), .family = FAMILY_ENDPOINT,
	  .over = E_too_large,
	  .f = { { "source_node", AT_NAME, 0, 511, "bob.home@relay-a.example.com" },
	    KEPT("message_id") } },
	{ ROW("registration", "home: its set begins", IN, NEAR, DIGEST, 0),
	  .f = { PAYLOAD("(count, digest)") } },
	{ ROW("registration", "home: each service", IN, NEAR, ATTACH, 0), .family = FAMILY_SERVICE,
	  .f = { NAME("service_name", "shop_service"), METHODS("methods"), ROOM("max_concurrency"),
	    WEIGHT("weight") } },
	{ ROW("registration", "home: what it no longer lists goes", IN, NEAR, END, 0), .f = { MADE("-") } },
	{ ROW("registration", "a main, for us as home", OUT, NEAR, ANNOUNCE, 0),
	  .family = FAMILY_SERVICE, .f = { NAME("service_name", "shop_service"), METHODS("methods"),
	    ROOM("max_concurrency"), WEIGHT("weight") } },
	{ ROW("heartbeat", "home: a sick service", IN, NEAR, DETACH, 0), .family = FAMILY_SERVICE,
	  .f = { NAME("services.{name}", "shop_service"), OWN("active_calls"), MADE("timestamp") } },
	{ ROW("heartbeat", "home: a healthy service", IN, NEAR, ATTACH, 0), .family = FAMILY_SERVICE,
	  .f = { NAME("services.{name}", "shop_service"), OWN("active_calls"), MADE("timestamp") } },
	SESSION("heartbeat", "either", OUT, "answer and timer"),
	{ ROW("request", "home, main", IN, ASK, REQUEST, 0), .answer = KIND_REPLY, .big = true,
	  .f = { META("message_id", call), META64("timestamp", stamp), FROM("source_node"),
	    TO("destination_node"), OWN("routing_path"), HOPS("ttl"), SERVICE("server_name"),
	    METHOD("method"), PAYLOAD("data.args"), META8("priority", priority),
	    DEADLINE("timeout_seconds"), META("trace_id", traceparent), FLAG("trace", TRACE),
	    FLAG("idempotent", IDEMPOTENT), OWN("jsonrpc_request") } },
	{ ROW("request", "home, main", OUT, ASK, REQUEST, 0), .answer = KIND_REPLY, .big = true,
	  .f = { META("message_id", call), META64("timestamp", stamp), FROM("source_node"),
	    TO("destination_node"), PATH("routing_path"), HOPS("ttl"), SERVICE("server_name"),
	    METHOD("method"), PAYLOAD("data.args"), META8("priority", priority),
	    DEADLINE("timeout_seconds"), META("trace_id", traceparent), FLAG("trace", TRACE) } },
	{ ROW("response", "success", IN, BACK, REPLY, FLAG_LAST), .big = true,
	  .f = { KEPT("correlation_id"), FROM("source_node"), PAYLOAD("data.result"),
	    META("data.trace", hop) } },
	{ ROW("response", "failure", IN, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("correlation_id"), FROM("source_node"), ERRORS_AT("data.error.code"),
	    PAYLOAD("data.error"), META("data.trace", hop) } },
	{ ROW("response", "success", OUT, BACK, REPLY, FLAG_LAST), .big = true,
	  .f = { KEPT("correlation_id"), FROM("source_node"), PAYLOAD("data.result"),
	    META("data.trace", hop) } },
	{ ROW("response", "failure", OUT, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("correlation_id"), FROM("source_node"), ERRORS_AT("data.error.code"),
	    PAYLOAD("data.error"), META("data.trace", hop) } },
	{ ROW("response", "registered", OUT, NEAR, DONE, FLAG_LAST),
	  .f = { KEPT("correlation_id"), MADE("data") } },
	{ ROW("service_discovery", "main: its set begins", IN, NEAR, DIGEST, 0),
	  .f = { PAYLOAD("(count, digest)") } },
	{ ROW("service_discovery", "main: snapshot, add", IN, NEAR, ATTACH, 0),
	  .family = FAMILY_SERVICE,
	  .f = { NAME("service_name", "shop_service"), METHODS("methods"), FROM("node_address"),
	    DEADLINE("ttl_seconds"), META("load_metrics", metric), MADE("last_seen") } },
	{ ROW("service_discovery", "main: remove", IN, NEAR, DETACH, 0), .family = FAMILY_SERVICE,
	  .f = { NAME("service_name", "shop_service"), FROM("node_address") } },
	{ ROW("service_discovery", "main: the snapshot ends", IN, NEAR, END, 0), .f = { MADE("-") } },
	{ ROW("service_discovery", "main: query", IN, ASK, REQUEST, 0), .answer = KIND_RECORD,
	  .f = { TO("(this node)"), SERVICE("(fedx)"), METHOD("(services)"),
	    PAYLOAD("service_name") } },
	{ ROW("service_discovery", "main: what a query found", OUT, BACK, RECORD, 0), .list = true,
	  .f = { SUBJECT("service_name"), FROM("node_address"), PAYLOAD("services[]") } },
	{ ROW("service_discovery", "main: add", OUT, NEAR, ANNOUNCE, 0), .family = FAMILY_SERVICE,
	  .f = { NAME("service_name", "shop_service"), METHODS("methods"), FROM("node_address"),
	    DEADLINE("ttl_seconds"), META("load_metrics", metric) } },
	{ ROW("service_discovery", "main: remove", OUT, NEAR, WITHDRAW, 0), .family = FAMILY_SERVICE,
	  .f = { NAME("service_name", "shop_service"), FROM("node_address") } },
	{ ROW("error", "to what asked", OUT, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("correlation_id"), ERRORS_AT("data.code"), PAYLOAD("data") } },
	{ ROW("error", "for what we asked", IN, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("correlation_id"), ERRORS_AT("data.code"), PAYLOAD("data") } },
	SESSION("error", "to a bad message", OUT, "never reaches the fabric"),

	/* HTTP */
	{ ROW("POST /rpc", "a call", IN, ASK, REQUEST, 0), .answer = KIND_REPLY, .big = true,
	  .f = { KEPT("id"), FROM("(http_client)"), TO("node_id"), SERVICE("server_name"),
	    METHOD("method"), PAYLOAD("args"), DEADLINE("timeout"), FLAG("trace", TRACE),
	    META("strategy", balance), META8("priority", priority),
	    FLAG("idempotent", IDEMPOTENT) } },
	{ ROW("POST /rpc", "result", OUT, BACK, REPLY, FLAG_LAST), .big = true,
	  .f = { KEPT("id"), PAYLOAD("result"), META("trace", hop) } },
	{ ROW("POST /rpc", "error", OUT, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("id"), ERRORS_AT("error.code"), PAYLOAD("error.data"), META("trace", hop) } },
	SESSION("GET /health", "anyone", IN, "the listener knows"),
	SESSION("GET /info", "anyone", IN, "constants"),
	SESSION("GET /metrics", "anyone", IN, "the data plane's counters"),
	NODE_LIST("GET /registry"),
	NODE_LIST("GET /registry/servers"),
	NODE_LIST("GET /registry/peers"),
	NODE_LIST("GET /federation/peers"),
	NODE_LIST("GET /federation/registry"),
	NODE_LIST("GET /services"),
	NODE_DO("POST /registry/peers/add"),
	NODE_DO("DELETE /registry/peers/remove"),
	NODE_DO("POST /federation/peers/add"),
	NODE_DO("DELETE /federation/peers/remove"),
	NODE_DO("GET /registry/health"),
	NODE_DO("GET /federation/health"),
	NODE_DO("GET /status"),
};

static const struct protocol relay = {
	"relay", "relay.md", "relay-vectors.json",
	relay_keys, relay_types, relay_other, ROWS(relay_rows)
};

#endif
