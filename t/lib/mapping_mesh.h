/* mapping_mesh.h - mesh.md, message by message. */
#ifndef FEDX_MAPPING_MESH_H
#define FEDX_MAPPING_MESH_H

#include "mapping.h"

static const char *const mesh_types[] = {
	"chat", "command", "response", "ping", "pong", "enroll_request", "enroll_response",
	"state_report", "ota_offer", "ota_accept", "ota_reject", "ota_chunk", "ota_chunk_ack",
	"ota_verify", "ota_complete", "ota_abort", "federation_hello", "federation_sync",
	"federation_command", "federation_response", "federation_state", "federation_ping",
	"federation_pong", "beacon", NULL
};
static const char *const mesh_keys[] = { "type", NULL };
static const char *const mesh_other[] = { "federation_bogus", NULL };

static const struct row mesh_rows[] = {
	/* hubs */
	SESSION("federation_hello", "hub", IN, "the link's own greeting; its target is our name there"),
	SESSION("federation_hello", "hub", OUT, "the link's own greeting"),
	SESSION("federation_ping", "hub", IN, "answered at once"),
	SESSION("federation_ping", "hub", OUT, "the session's timer"),
	SESSION("federation_pong", "hub", IN, "a sign of life"),
	SESSION("federation_pong", "hub", OUT, "the answer"),
	{ ROW("federation_sync", "hub: its set begins", IN, NEAR, DIGEST, 0),
	  .f = { PAYLOAD("(count, digest)") } },
	{ ROW("federation_sync", "hub: each device", IN, NEAR, ATTACH, 0), .family = FAMILY_ENDPOINT,
	  .over = E_too_large,
	  .f = { { "node_id, hub_id", AT_NAME, 0, 257, "lamp-1@hub-factory-2" },
	    METHODS("capabilities[].name") } },
	{ ROW("federation_sync", "hub: what a device says of itself", IN, TELL, PRESENCE, 0),
	  .f = { FROM("node_id, hub_id"), ITEM("online"), ITEM("device_type"), ITEM("name"),
	    ITEM("capabilities") } },
	{ ROW("federation_sync", "hub: each entry of a state", IN, TELL, SET, 0),
	  .f = { SUBJECT("hub_id, node_id, capability"), PAYLOAD("state.{capability}") } },
	{ ROW("federation_sync", "hub: what it no longer lists goes", IN, NEAR, END, 0),
	  .f = { MADE("-") } },
	{ ROW("federation_sync", "hub: each local device", OUT, NEAR, ANNOUNCE, 0),
	  .family = FAMILY_ENDPOINT, .f = { NAME("node_id, hub_id", "lamp-1@hub-factory-2"),
	    METHODS("capabilities[].name") } },
	{ ROW("federation_sync", "hub: what a local device says of itself", OUT, TELL, PRESENCE, 0),
	  .f = { FROM("node_id, hub_id"), ITEM("online"), ITEM("device_type"), ITEM("name"),
	    ITEM("capabilities") } },
	{ ROW("federation_state", "hub: each capability", IN, TELL, SET, 0),
	  .f = { SUBJECT("hub_id, node_id, capability"), PAYLOAD("state.{capability}"),
	    META64("ts", stamp) } },
	{ ROW("federation_state", "hub", OUT, TELL, PUBLISH, FLAG_RETAIN),
	  .f = { SUBJECT("hub_id, node_id, capability"), PAYLOAD("state.{capability}"),
	    META64("ts", stamp) } },
	{ ROW("federation_command", "hub", IN, ASK, REQUEST, 0), .answer = KIND_REPLY, .big = true,
	  .f = { FROM("source"), TO("target_node"), SERVICE("capability"), METHOD("(set)"),
	    PAYLOAD("value"), META64("ts", stamp), DEADLINE("(8 s)") } },
	{ ROW("federation_command", "hub", OUT, ASK, REQUEST, 0), .answer = KIND_REPLY, .big = true,
	  .f = { FROM("source"), TO("target_node"), SERVICE("capability"), METHOD("(set)"),
	    PAYLOAD("value"), DEADLINE("(10 s)") } },
	{ ROW("federation_response", "success", IN, BACK, REPLY, FLAG_LAST), .big = true,
	  .f = { KEPT("target_node"), KEPT("capability"), PAYLOAD("value") } },
	{ ROW("federation_response", "failure", IN, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("target_node"), KEPT("capability"), PAYLOAD("error"),
	    ERRORS_AT("(its class)") } },
	{ ROW("federation_response", "success", OUT, BACK, REPLY, FLAG_LAST), .big = true,
	  .f = { KEPT("target_node"), KEPT("capability"), PAYLOAD("value") } },
	{ ROW("federation_response", "failure", OUT, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("target_node"), KEPT("capability"), PAYLOAD("error"),
	    ERRORS_AT("(its class)") } },

	/* devices; a beacon is a datagram */
	{ ROW("beacon", "device", IN, NEAR, ATTACH, 0), .family = FAMILY_ENDPOINT,
	  .f = { NAME("node_id", "lamp-1@hub-factory-2"), METHODS("capabilities[].name"),
	    OWN("tcp_port"), TAGS("roles") } },
	{ ROW("beacon", "device: what it says of itself", IN, TELL, PRESENCE, 0),
	  .f = { FROM("node_id"), ITEM("device_type"), ITEM("capabilities"), ITEM("metadata") } },
	SESSION("beacon", "our hub", OUT, "to configured addresses"),
	SESSION("ping", "device", IN, "answered at once"),
	SESSION("pong", "device", OUT, "the answer"),
	{ ROW("state_report", "device: each capability", IN, TELL, SET, 0),
	  .f = { SUBJECT("source, capability"), PAYLOAD("state.{capability}"), FROM("source"),
	    META64("ts", stamp) } },
	{ ROW("state_report", "a hub, for a device of ours", OUT, TELL, PUBLISH, FLAG_RETAIN),
	  .f = { SUBJECT("source, capability"), PAYLOAD("state.{capability}"),
	    META64("ts", stamp) } },
	{ ROW("command", "device", OUT, ASK, REQUEST, 0), .answer = KIND_REPLY, .big = true,
	  .f = { TO("device"), SERVICE("capability"), METHOD("action"), PAYLOAD("params.value"),
	    FROM("source") } },
	{ ROW("command", "a hub, for a device of ours", IN, ASK, REQUEST, 0), .answer = KIND_REPLY,
	  .big = true, .f = { TO("device"), SERVICE("capability"), METHOD("action"),
	    PAYLOAD("params.value"), FROM("source") } },
	{ ROW("response", "device: ok", IN, BACK, REPLY, FLAG_LAST), .big = true,
	  .f = { KEPT("device"), KEPT("capability"), PAYLOAD("value") } },
	{ ROW("response", "device: error", IN, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { KEPT("device"), KEPT("capability"), PAYLOAD("error"), ERRORS_AT("status") } },
	{ ROW("response", "a hub, for a device of ours", OUT, BACK, REPLY, FLAG_LAST), .big = true,
	  .f = { KEPT("device"), KEPT("capability"), PAYLOAD("value") } },
	{ ROW("chat", "device", IN, TELL, PUBLISH, 0),
	  .f = { FROM("source"), TO("target"), PAYLOAD("text") } },
	{ ROW("chat", "device", OUT, TELL, PUBLISH, 0),
	  .f = { FROM("source"), TO("target"), PAYLOAD("text") } },

	/* pairing: the node keeps keys and PIN, so it is asked */
	{ ROW("enroll_request", "device", IN, ASK, REQUEST, 0), .answer = KIND_REPLY,
	  .f = { FROM("source"), TO("(this node)"), SERVICE("(fedx)"), METHOD("(enroll)"),
	    ITEM("name"), ITEM("pin_proof"), OWN("_reply_ip"), OWN("_reply_port") } },
	{ ROW("enroll_response", "ok", OUT, BACK, REPLY, FLAG_LAST),
	  .f = { ITEM("encrypted_psk"), ITEM("salt"), ITEM("cert_pem"), ITEM("key_pem"),
	    ITEM("ca_cert_pem") } },
	{ ROW("enroll_response", "error", OUT, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { PAYLOAD("reason"), ERRORS_AT("status") } },

	/* firmware: one request with a long body; the page names the types only */
	{ ROW("ota_offer", "device", OUT, ASK, REQUEST, FLAG_MORE), .answer = KIND_CREDIT, .big = true,
	  .f = { TO("target"), SERVICE("(ota)"), METHOD("(write)"), PAYLOAD("payload") } },
	{ ROW("ota_accept", "device", IN, BACK, CREDIT, 0), .f = { PAYLOAD("(bytes)") } },
	{ ROW("ota_reject", "device", IN, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { PAYLOAD("payload"), ERRORS_AT("(denied)") } },
	{ ROW("ota_chunk", "device", OUT, ON, PART, FLAG_ONWARD | FLAG_MORE), .f = { PAYLOAD("payload") } },
	{ ROW("ota_chunk_ack", "device", IN, BACK, CREDIT, 0), .f = { PAYLOAD("(bytes)") } },
	{ ROW("ota_verify", "device", OUT, ON, PART, FLAG_ONWARD), .f = { PAYLOAD("payload") } },
	{ ROW("ota_complete", "device", IN, BACK, REPLY, FLAG_LAST), .f = { PAYLOAD("payload") } },
	{ ROW("ota_abort", "device", OUT, ON, CANCEL, FLAG_ONWARD | FLAG_LAST),
	  .f = { PAYLOAD("payload") } },
	{ ROW("ota_abort", "device", IN, BACK, REPLY, FLAG_ERROR | FLAG_LAST),
	  .f = { PAYLOAD("payload"), ERRORS_AT("(cancelled)") } },
};

static const struct protocol mesh = {
	"mesh", "mesh.md", "mesh-vectors.json",
	mesh_keys, mesh_types, mesh_other, ROWS(mesh_rows)
};

#endif
