/* mapping_systemx.h - systemx.md, message by message. */
#ifndef FEDX_MAPPING_SYSTEMX_H
#define FEDX_MAPPING_SYSTEMX_H

#include "mapping.h"

static const char *const systemx_types[] = {
	"REGISTER", "REGISTERED", "REGISTER_FAILED", "UNREGISTER", "STATUS", "HEARTBEAT",
	"HEARTBEAT_ACK", "DIAL", "RING", "ANSWER", "CONNECTED", "BUSY", "MSG", "HANGUP",
	"PRESENCE", "PRESENCE_RESULT", "SLEEP_PENDING", "SLEEP_ACK", "REGISTER_PBX",
	"REGISTERED_PBX", "REGISTER_PBX_FAILED", "DIAL_FORWARD", "PRESENCE_QUERY", "JOIN",
	"JOINED", "LEAVE", "LEFT", "PARTY_MSG", "JOIN_FORWARD", "ERROR", NULL
};
static const char *const systemx_keys[] = { "type", NULL };
static const char *const systemx_other[] = {	/* wake handlers; bad input */
	"webhook", "spawn", "FOO", "register", "pigeon", NULL
};

static const struct row systemx_rows[] = {
	/* who is here */
	{ ROW("REGISTER", "client: address", IN, NEAR, ATTACH, 0), .over = E_too_large,
	  .family = FAMILY_ENDPOINT,
	  .f = { { "address", AT_NAME, 0, 255 * 3, "alice@home.example.net" },
	    ROOM("max_sessions"), OWN("concurrency"), OWN("max_listeners"), OWN("pool_size"),
	    OWN("auth") } },
	{ ROW("REGISTER", "client: what it says of itself", IN, TELL, PRESENCE, 0), .big = true,
	  .over = E_too_large, .f = { FROM("address"), ITEM("metadata"), ITEM("mode"),
	    ITEM("wake_handler") } },
	{ ROW("REGISTERED", "client", OUT, NEAR, DONE, FLAG_LAST),
	  .f = { KEPT("address"), MADE("session_id") } },
	{ ROW("REGISTER_FAILED", "client", OUT, NEAR, ERROR, FLAG_ERROR | FLAG_LAST),
	  .f = { ERRORS_AT("reason") } },
	{ ROW("UNREGISTER", "client", IN, NEAR, DETACH, 0), .family = FAMILY_ENDPOINT,
	  .f = { NAME("(its address)", "alice@home.example.net") } },
	{ ROW("STATUS", "client", IN, TELL, PRESENCE, 0),
	  .f = { FROM("(its address)"), ITEM("status"), OWN("auto_sleep") } },
	SESSION("HEARTBEAT", "both", IN, "answered at once; any byte is a sign of life"),
	SESSION("HEARTBEAT", "to a parent", OUT, "the session's timer"),
	SESSION("HEARTBEAT_ACK", "both", OUT, "needs the wall clock"),
	SESSION("HEARTBEAT_ACK", "from a parent", IN, "a sign of life"),
	SESSION("SLEEP_PENDING", "client", OUT, "the session's timer"),
	{ ROW("SLEEP_ACK", "client: asleep", IN, TELL, PRESENCE, 0),
	  .f = { FROM("(its address)"), ITEM("(status asleep)") } },
	{ ROW("SLEEP_ACK", "client: gone", IN, NEAR, DETACH, 0), .family = FAMILY_ENDPOINT,
	  .f = { NAME("(its address)", "alice@home.example.net") } },
	{ ROW("REGISTER_PBX", "child: each route", IN, NEAR, ATTACH, 0), .family = FAMILY_ENDPOINT,
	  .f = { NAME("routes[]", "*.home.example.net"), TAGS("domain"), OWN("endpoint"),
	    OWN("auth") } },
	{ ROW("REGISTERED_PBX", "child", OUT, NEAR, DONE, FLAG_LAST),
	  .f = { KEPT("domain"), MADE("status") } },
	{ ROW("REGISTER_PBX_FAILED", "child", OUT, NEAR, ERROR, FLAG_ERROR | FLAG_LAST),
	  .f = { ERRORS_AT("reason"), KEPT("conflicting_route"), FROM("claimed_by") } },
	{ ROW("REGISTER_PBX", "parent: each name that we hold", OUT, NEAR, ANNOUNCE, 0),
	  .family = FAMILY_ENDPOINT, .f = { NAME("routes[]", "*.home.example.net"), OWN("domain"),
	    MADE("endpoint"), OWN("auth") } },
	SESSION("REGISTERED_PBX", "parent", IN, "the uplink is up"),
	SESSION("REGISTER_PBX_FAILED", "parent", IN, "the uplink is refused, with the reason"),

	/* calls; RING to a callee is our DIAL, RING on a link is swallowed (7.4) */
	{ ROW("DIAL", "caller", IN, ASK, DIAL, 0), .answer = KIND_CONNECTED, .big = true,
	  .over = E_no_route,
	  .f = { FROM("(its address)"), { "to", AT_TO, 0, 16777216, NULL }, PAYLOAD("metadata"),
	    META("(new call_id)", call), DEADLINE("(ring timeout)") } },
	{ ROW("RING", "callee", OUT, ASK, DIAL, 0), .answer = KIND_ANSWER, .big = true,
	  .f = { FROM("from"), META("call_id", call), PAYLOAD("metadata"),
	    META("metadata.authenticated_by ...", auth) } },
	SESSION("RING", "from a link", IN, "swallowed: a stock client takes it for a call"),
	{ ROW("DIAL_FORWARD", "from a link", IN, ASK, DIAL, 0), .answer = KIND_ANSWER, .big = true,
	  .f = { META("call_id", call), FROM("from"), TO("to"), PAYLOAD("metadata"), HOPS("hops"),
	    META("metadata.authenticated_by ...", auth) } },
	{ ROW("DIAL_FORWARD", "to a link", OUT, ASK, DIAL, 0), .answer = KIND_ANSWER, .big = true,
	  .f = { META("call_id", call), FROM("from"), TO("to"), PAYLOAD("metadata"), HOPS("hops"),
	    META("metadata.authenticated_by ...", auth) } },
	{ ROW("ANSWER", "callee, link", IN, BACK, ANSWER, 0), .f = { KEPT("call_id"), FROM("from") } },
	{ ROW("ANSWER", "to a link", OUT, BACK, ANSWER, 0), .f = { KEPT("call_id"), FROM("from") } },
	{ ROW("CONNECTED", "caller, link", OUT, BACK, CONNECTED, 0),
	  .f = { KEPT("call_id"), FROM("to") } },
	{ ROW("CONNECTED", "from a parent", IN, BACK, CONNECTED, 0),
	  .f = { KEPT("call_id"), FROM("to") } },
	{ ROW("BUSY", "caller, link", OUT, BACK, BUSY, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("to"), KEPT("call_id"), PAYLOAD("reason"), ERRORS_AT("(its class)") } },
	{ ROW("BUSY", "from a link", IN, BACK, BUSY, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("to"), KEPT("call_id"), PAYLOAD("reason"), ERRORS_AT("(its class)") } },
	{ ROW("MSG", "from the caller's side", IN, ON, MSG, FLAG_ONWARD), .big = true,
	  .f = { KEPT("call_id"), FROM("from"), PAYLOAD("data"), META("content_type", content) } },
	{ ROW("MSG", "from the callee's side", IN, BACK, MSG, 0), .big = true,
	  .f = { KEPT("call_id"), FROM("from"), PAYLOAD("data"), META("content_type", content) } },
	{ ROW("MSG", "to the callee's side", OUT, ON, MSG, FLAG_ONWARD), .big = true,
	  .f = { KEPT("call_id"), FROM("from"), PAYLOAD("data"), META("content_type", content) } },
	{ ROW("MSG", "to the caller's side", OUT, BACK, MSG, 0), .big = true,
	  .f = { KEPT("call_id"), FROM("from"), PAYLOAD("data"), META("content_type", content) } },
	{ ROW("HANGUP", "from the caller's side", IN, ON, HANGUP, FLAG_ONWARD | FLAG_LAST),
	  .f = { KEPT("call_id"), FROM("from"), PAYLOAD("reason") } },
	{ ROW("HANGUP", "from the callee's side", IN, BACK, HANGUP, FLAG_LAST),
	  .f = { KEPT("call_id"), FROM("from"), PAYLOAD("reason") } },
	{ ROW("HANGUP", "to the callee's side", OUT, ON, HANGUP, FLAG_ONWARD | FLAG_LAST),
	  .f = { KEPT("call_id"), FROM("from"), PAYLOAD("reason") } },
	{ ROW("HANGUP", "to the caller's side", OUT, BACK, HANGUP, FLAG_LAST),
	  .f = { KEPT("call_id"), FROM("from"), PAYLOAD("reason") } },

	/* presence */
	{ ROW("PRESENCE", "client", IN, ASK, PRESENCE_QUERY, 0), .answer = KIND_PRESENCE_RESULT,
	  .f = { FROM("(its address)"), TO("query.domain"), PAYLOAD("query"),
	    DEADLINE("(2 s)") } },
	{ ROW("PRESENCE_RESULT", "client, link", OUT, BACK, PRESENCE_RESULT, FLAG_LAST),
	  .big = true, .f = { PAYLOAD("addresses"), KEPT("query_id") } },
	{ ROW("PRESENCE_RESULT", "from a link", IN, BACK, PRESENCE_RESULT, FLAG_LAST),
	  .big = true, .f = { PAYLOAD("addresses"), KEPT("query_id") } },
	{ ROW("PRESENCE_QUERY", "from a link", IN, ASK, PRESENCE_QUERY, 0),
	  .answer = KIND_PRESENCE_RESULT,
	  .f = { FROM("reply_to"), TO("query.domain"), PAYLOAD("query"), KEPT("query_id") } },
	{ ROW("PRESENCE_QUERY", "to a link", OUT, ASK, PRESENCE_QUERY, 0),
	  .answer = KIND_PRESENCE_RESULT,
	  .f = { FROM("reply_to"), TO("query.domain"), PAYLOAD("query"), KEPT("query_id") } },

	/* party lines: `to` goes up to the host, `subject` comes down to the members */
	{ ROW("JOIN", "client", IN, ASK, JOIN, 0), .answer = KIND_JOINED,
	  .f = { FROM("(its address)"), TO("party"), ITEM("create_if_missing") } },
	{ ROW("JOIN_FORWARD", "from a link", IN, ASK, JOIN, 0), .answer = KIND_JOINED,
	  .f = { FROM("from"), TO("party") } },
	{ ROW("JOIN_FORWARD", "to a link", OUT, ASK, JOIN, 0), .answer = KIND_JOINED,
	  .f = { FROM("from"), TO("party") } },
	{ ROW("JOINED", "client, link", OUT, BACK, JOINED, 0), .big = true,
	  .f = { KEPT("party"), KEPT("for"), PAYLOAD("participants") } },
	{ ROW("JOINED", "from a link", IN, BACK, JOINED, 0), .big = true,
	  .f = { KEPT("party"), KEPT("for"), PAYLOAD("participants") } },
	{ ROW("LEAVE", "client, link", IN, ON, LEAVE, FLAG_ONWARD | FLAG_LAST),
	  .f = { KEPT("party"), FROM("from") } },
	{ ROW("LEAVE", "to a link", OUT, ON, LEAVE, FLAG_ONWARD | FLAG_LAST),
	  .f = { KEPT("party"), FROM("from") } },
	{ ROW("LEFT", "client", OUT, BACK, LEAVE, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("party"), ERRORS_AT("reason") } },
	{ ROW("PARTY_MSG", "member, or a link with members", IN, TELL, PARTY_MSG, 0), .over = E_too_large,
	  .big = true, .f = { TO("party"), FROM("from"), PAYLOAD("data"),
	    META("content_type", content) } },
	{ ROW("PARTY_MSG", "to a link with the host", OUT, TELL, PARTY_MSG, 0), .over = E_too_large,
	  .big = true, .f = { TO("party"), FROM("from"), PAYLOAD("data"),
	    META("content_type", content) } },
	{ ROW("PARTY_MSG", "from a link with the host", IN, TELL, PARTY_MSG, 0), .over = E_too_large,
	  .big = true, .f = { SUBJECT("party"), FROM("from"), PAYLOAD("data"),
	    META("content_type", content) } },
	{ ROW("PARTY_MSG", "to a member, or a link with members", OUT, TELL, PARTY_MSG, 0),
	  .over = E_too_large, .big = true, .f = { SUBJECT("party"), FROM("from"),
	    PAYLOAD("data"), META("content_type", content) } },

	/* errors */
	{ ROW("ERROR", "to what asked", OUT, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { ERRORS_AT("reason"), KEPT("context"), PAYLOAD("detail") } },
	SESSION("ERROR", "to a bad message", OUT, "never reaches the fabric"),
	SESSION("ERROR", "from a link", IN, "logged, never answered"),
};

static const struct protocol systemx = {
	"systemx", "systemx.md", "systemx-transcripts.json",
	systemx_keys, systemx_types, systemx_other, ROWS(systemx_rows)
};

#endif
