/*
 * mapping_mpreg.h - mpreg.md, message by message.  We speak the client frames;
 * the frames between its nodes are here because our routing does their work.
 */
#ifndef FEDX_MAPPING_MPREG_H
#define FEDX_MAPPING_MPREG_H

#include "mapping.h"

static const char *const mpreg_types[] = {
	"rpc", "rpc-response", "error-response", "STATUS", "GOODBYE",
	"pubsub-subscribe", "pubsub-unsubscribe", "pubsub-publish", "pubsub-notification",
	"pubsub-ack",
	"rpc-request", "queue_request", "queue_ack", "queue_subscribe",
	"queue_unsubscribe", "cache",
	"catalog_update", "route_advertisement", "route_withdrawal", "route_key_announcement",
	"link_state_update", "state_update", "membership_update", "config_update", "heartbeat",
	"anti_entropy", "rumor", "consensus_proposal", "consensus_vote", "membership_probe",
	"membership_ack", "membership_indirect_probe",
	"hello", "verdict", "announcement", "withdrawal", NULL
};
static const char *const mpreg_keys[] = { "role", "what", "kind", "message_type", NULL };
static const char *const mpreg_other[] = {	/* outer frames; bad input */
	"server", "fabric-message", "fabric-gossip", "zork", NULL
};

#define UNSPOKEN(t, what)	SESSION(t, "node", IN, what)

static const struct row mpreg_rows[] = {
	/* clients */
	{ ROW("rpc", "client: each command", IN, ASK, REQUEST, 0), .answer = KIND_REPLY, .big = true,
	  .f = { KEPT("u"), KEPT("name"), SERVICE("fun"), METHOD("(call)"), PAYLOAD("args, kwargs"),
	    META("locs, function_id", needs), META("version_constraint", version),
	    TO("target_cluster"), META("routing_topic", hint), OWN("return_intermediate_results"),
	    OWN("include_execution_summary"), OWN("debug_mode"), DEADLINE("(30 s)") } },
	{ ROW("rpc", "a function that a client serves", OUT, ASK, REQUEST, 0), .answer = KIND_REPLY,
	  .big = true, .f = { KEPT("u"), SERVICE("fun"), METHOD("(call)"), PAYLOAD("args, kwargs"),
	    META("version_constraint", version), DEADLINE("(30 s)") } },
	{ ROW("rpc", "client: a level's results", IN, TELL, PUBLISH, 0),
	  .f = { SUBJECT("intermediate_result_callback_topic"), PAYLOAD("intermediate_results[]"),
	    META("(event)", headers) } },
	{ ROW("rpc-response", "client: a command's value", OUT, BACK, REPLY, FLAG_LAST), .big = true,
	  .f = { KEPT("u"), KEPT("r.{name}"), PAYLOAD("r") } },
	{ ROW("rpc-response", "client: error", OUT, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("u"), ERRORS_AT("error.code"), PAYLOAD("error") } },
	{ ROW("rpc-response", "a node that we call as a client", IN, BACK, REPLY, FLAG_LAST),
	  .big = true, .f = { KEPT("u"), PAYLOAD("r") } },
	{ ROW("rpc-response", "that node: error", IN, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("u"), ERRORS_AT("error.code"), PAYLOAD("error") } },
	SESSION("error-response", "nobody", IN, "paper only"),
	{ ROW("pubsub-subscribe", "client: each pattern", IN, ASK, SUBSCRIBE, FLAG_RETAIN),
	  .answer = KIND_ACK,
	  .f = { SUBJECT("patterns[].pattern"), KEPT_BY("subscription_id"), FROM("subscriber"),
	    META("get_backlog, backlog_seconds", select), KEPT("u"), MADE("created_at") } },
	{ ROW("pubsub-unsubscribe", "client", IN, TELL, UNSUBSCRIBE, 0),
	  .f = { SUBJECT("(pattern)"), KEPT_BY("subscription_id") } },
	{ ROW("pubsub-publish", "client", IN, TELL, PUBLISH, FLAG_ACK), .big = true, .over = E_too_large,
	  .f = { SUBJECT("topic"), PAYLOAD("payload"), META64("timestamp", stamp),
	    META("message_id", call), FROM("publisher"), META("headers", headers),
	    { "u", AT_ID, 0, 0, NULL }, OWN("routing_path") } },
	{ ROW("pubsub-notification", "client", OUT, TELL, PUBLISH, 0), .big = true, .over = E_too_large,
	  .f = { SUBJECT("topic"), PAYLOAD("payload"), META64("timestamp", stamp),
	    META("message_id", call), FROM("publisher"), META("headers", headers),
	    KEPT_BY("subscription_id"), PATH("routing_path") } },
	{ ROW("pubsub-ack", "client: published", OUT, NEAR, DONE, FLAG_LAST), .f = { KEPT("operation_id") } },
	{ ROW("pubsub-ack", "client: subscribed", OUT, BACK, ACK, FLAG_LAST), .f = { KEPT("operation_id") } },
	{ ROW("pubsub-ack", "client: subscription refused", OUT, BACK, ACK, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("operation_id"), PAYLOAD("error"), ERRORS_AT("success") } },
	{ ROW("pubsub-ack", "client: publication refused", OUT, NEAR, ERROR, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("operation_id"), PAYLOAD("error"), ERRORS_AT("success") } },

	/* between nodes: messages */
	{ ROW("rpc-request", "node", IN, ASK, REQUEST, 0), .answer = KIND_REPLY, .big = true,
	  .f = { META("request_id", call), SERVICE("command"), METHOD("(call)"),
	    PAYLOAD("args, kwargs"), META("resources, function_id", needs),
	    META("version_constraint", version), TO("target_node, target_cluster"),
	    FROM("reply_to"), PATH("routing_path"), CLUSTERS("source_cluster, federation_path"),
	    HOPS("federation_remaining_hops"), META8("priority", priority),
	    META("metadata", headers), FLAG("delivery", IDEMPOTENT), DEADLINE("(30 s)") } },
	{ ROW("rpc-response", "node", IN, BACK, REPLY, FLAG_LAST), .big = true,
	  .f = { KEPT("request_id"), PAYLOAD("result"), FROM("responder"), KEPT("reply_to"),
	    KEPT("reply_cluster"), META("routing_path", hop) } },
	{ ROW("rpc-response", "node: error", IN, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("request_id"), PAYLOAD("error"), FROM("responder"), ERRORS_AT("success") } },
	{ ROW("queue_request", "node: into a queue", IN, ASK, REQUEST, 0), .answer = KIND_REPLY,
	  .big = true, .f = { SERVICE("queue"), METHOD("(put)"), PAYLOAD("payload"),
	    META8("priority", priority), META("options", headers), META("message_id", call) } },
	{ ROW("queue_request", "node: to a consumer, who answers with queue_ack", OUT, ASK, REQUEST, 0),
	  .answer = KIND_REPLY, .big = true, .f = { TO("subscriber"), SERVICE("queue"),
	    METHOD("(take)"), PAYLOAD("payload"), META("message_id", call),
	    DEADLINE("(ack timeout)") } },
	{ ROW("queue_ack", "consumer", IN, BACK, REPLY, FLAG_LAST), .f = { KEPT("message_id"),
	    PAYLOAD("status") } },
	{ ROW("queue_ack", "node: it is in the queue", OUT, BACK, REPLY, FLAG_LAST),
	  .f = { KEPT("message_id"), PAYLOAD("status") } },
	{ ROW("queue_subscribe", "node: a consumer serves", IN, NEAR, ATTACH, 0),
	  .family = FAMILY_SERVICE, .f = { NAME("queue", "orders"), METHODS("(take)") } },
	{ ROW("queue_unsubscribe", "node", IN, NEAR, DETACH, 0), .family = FAMILY_SERVICE,
	  .f = { NAME("queue", "orders") } },
	UNSPOKEN("cache", "unsupported: fedx is an exchange, not a store"),

	/* between nodes: what exists and how to get there */
	{ ROW("STATUS", "dialler", IN, NEAR, HELLO, 0), .by = BY_NEW, .f = { PAYLOAD("server") } },
	{ ROW("STATUS", "acceptor", OUT, NEAR, WELCOME, 0), .f = { PAYLOAD("server") } },
	{ ROW("GOODBYE", "node", IN, NEAR, GOODBYE, 0), .by = BY_LINK,
	  .f = { FROM("departing_node_url"), PAYLOAD("reason"), OWN("instance_id") } },
	{ ROW("catalog_update", "node: each entry", IN, NEAR, ANNOUNCE, 0), .by = BY_LINK, .family = FAMILY_SERVICE,
	  .f = { NAME("identity.name", "shop"), VERSION("identity.version"),
	    TAGS("function_id, resources, scope, tags"), ORIGIN("node_id"), CLUSTERS("cluster_id"),
	    META64("advertised_at", stamp), DEADLINE("ttl_seconds"), OWN("update_id") } },
	{ ROW("catalog_update", "node: each removal", IN, NEAR, WITHDRAW, 0), .by = BY_LINK, .family = FAMILY_SERVICE,
	  .f = { NAME("identity.name", "shop"), VERSION("identity.version"), ORIGIN("node_id"),
	    CLUSTERS("cluster_id") } },
	{ ROW("catalog_update", "node: the snapshot ends", IN, NEAR, END, 0), .by = BY_LINK, .f = { MADE("-") } },
	{ ROW("catalog_update", "node: what a node says of itself", IN, TELL, PRESENCE, 0),
	  .f = { FROM("node_id"), ITEM("region"), ITEM("capabilities"),
	    ITEM("transport_endpoints") } },
	{ ROW("catalog_update", "node: each topic", IN, ASK, SUBSCRIBE, 0), .answer = KIND_ACK,
	  .f = { SUBJECT("patterns[]"), KEPT_BY("subscription_id") } },
	{ ROW("route_advertisement", "node", IN, NEAR, ANNOUNCE, 0), .by = BY_LINK, .family = FAMILY_NODE,
	  .f = { NAME("destination.cluster_id", "beta.example.net"), ROUTE("path.hops"),
	    META("metrics", metric), FROM("advertiser"), META64("advertised_at", stamp),
	    DEADLINE("ttl_seconds"), REVISION("epoch"), TAGS("route_tags"),
	    META("signature, public_key, signature_algorithm", signature) } },
	{ ROW("route_withdrawal", "node", IN, NEAR, WITHDRAW, 0), .by = BY_LINK, .family = FAMILY_NODE,
	  .f = { NAME("destination.cluster_id", "beta.example.net"), ROUTE("path.hops"),
	    FROM("advertiser"), META64("withdrawn_at", stamp), REVISION("epoch"),
	    TAGS("route_tags"), META("signature, public_key, signature_algorithm", signature) } },
	{ ROW("route_key_announcement", "node", IN, TELL, PUBLISH, FLAG_RETAIN),
	  .f = { SUBJECT("cluster_id"), PAYLOAD("keys"), REVISION("added_at"),
	    META("(by a key already trusted)", signature) } },
	UNSPOKEN("link_state_update", "unsupported: path vectors only"),
	UNSPOKEN("state_update", "unsupported: upstream's own replication"),
	UNSPOKEN("membership_update", "unsupported: membership is what is announced"),
	UNSPOKEN("config_update", "unsupported: settings are files"),
	UNSPOKEN("heartbeat", "the link's own PING"),
	UNSPOKEN("anti_entropy", "the link's own DIGEST"),
	UNSPOKEN("rumor", "unsupported: no gossip"),
	UNSPOKEN("consensus_proposal", "unsupported: no consensus"),
	UNSPOKEN("consensus_vote", "unsupported: no consensus"),
	UNSPOKEN("membership_probe", "unsupported: each link has its PING"),
	UNSPOKEN("membership_ack", "unsupported: each link has its PING"),
	UNSPOKEN("membership_indirect_probe", "unsupported: each link has its PING"),

	/* ours, of sections 7.2 and 13 */
	{ ROW("hello", "either node", IN, NEAR, HELLO, 0), .by = BY_NEW,
	  .f = { PAYLOAD("cluster, node, instance, proto, families, key_id, nonce") } },
	{ ROW("verdict", "either node: accept", IN, NEAR, WELCOME, 0), .by = BY_NEW, .f = { PAYLOAD("accept") } },
	{ ROW("verdict", "either node: refuse", IN, NEAR, ERROR, FLAG_ERROR | FLAG_LAST), .by = BY_NEW,
	  .f = { ERRORS_AT("code"), PAYLOAD("text") } },
	{ ROW("announcement", "node", IN, NEAR, ANNOUNCE, 0), .by = BY_LINK, .family = FAMILY_ENDPOINT,
	  .f = { NAME("prefix", "*.beta.example.net"), ORIGIN("origin"), ROUTE("path"),
	    FROM("advertiser"), TO("to"), REVISION("epoch"), META64("issued_ms", stamp),
	    DEADLINE("ttl_ms"), { "hops, max_hops", AT_HOPS, 0, 0, NULL },
	    META("metric", metric), TAGS("tags"), META("sig_hop, sig_origin", signature) } },
	{ ROW("withdrawal", "node", IN, NEAR, WITHDRAW, 0), .by = BY_LINK, .family = FAMILY_ENDPOINT,
	  .f = { NAME("prefix", "*.beta.example.net"), ORIGIN("origin"), ROUTE("path"),
	    FROM("advertiser"), TO("to"), REVISION("epoch"), META64("issued_ms", stamp),
	    META("sig_hop, sig_origin", signature) } },
	{ ROW("announcement", "node: one signature for its whole set", IN, NEAR, DIGEST, 0), .by = BY_LINK,
	  .f = { ORIGIN("origin"), REVISION("epoch"), PAYLOAD("item hashes"),
	    META("sig_origin", signature) } },
};

static const struct protocol mpreg = {
	"mpreg", "mpreg.md", "mpreg-vectors.json",
	mpreg_keys, mpreg_types, mpreg_other, ROWS(mpreg_rows)
};

#endif
