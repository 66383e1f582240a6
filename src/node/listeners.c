/* listeners.c - where a node listens, bound by itself or by who started it, and who comes in there. */
#include "config.h"

#include <stdio.h>

#include "base/log.h"
#include "net/inherit.h"
#include "node/node.h"
#include "node/supervisor.h"

enum { EXIT_CANTCREAT = 73, EXIT_CONFIG = 78 };

static void
on_accept(void *owner, int fd, const char *peer)
{
	struct entry *entry = owner;

	door_open(&entry->node->doors, fd, peer, &entry->entrance);
}

static void
on_bus_accept(void *owner, int fd, const char *peer)
{
	struct node *n = owner;

	door_open(&n->doors, fd, peer, NULL);
}

int
listeners_open(struct node *n, struct err *e)
{
	struct settings *s = n->set;

	n->bus = listen_unix(n->net, n->run.socket, n->run.mode, on_bus_accept, n, e);
	if (!n->bus)
		return err_exit(e, e->status ? e->status : EXIT_CANTCREAT);
	for (size_t i = 0; i < s->listen_count; i++) {
		struct entry *entry = &n->entries[i];
		struct str hostport;

		entry->node = n;
		if (entrance_parse(str(s->listen[i]), &entry->entrance, &hostport, e) == -1)
			return err_exit(e, EXIT_CONFIG);
		entry->at = listen_tcp(n->net, hostport, on_accept, entry, e);
		if (!entry->at)
			return err_exit(e, e->status ? e->status : EXIT_CANTCREAT);
	}
	/* who goes may have listened elsewhere too */
	return inherit_close(e) == -1 && !succeed_waits() ? -1 : 0;
}

void
listeners_close(struct node *n)
{
	for (size_t i = 0; i < LISTEN_MAX; i++) {
		listener_close(n->entries[i].at);
		n->entries[i].at = NULL;
	}
}

void
listeners_say(const struct node *n)
{
	char first[64] = "", others[512] = "";

	for (size_t i = 0; i < n->set->listen_count; i++) {
		const char *at = listener_name(n->entries[i].at);
		size_t used = strlen(others);

		if (i == 0)
			snprintf(first, sizeof first, "%s", at);
		else
			snprintf(others + used, sizeof others - used, "%s%s", used ? "," : "", at);
	}
	if (n->set->insecure)
		log_event(LOG_LEVEL_WARNING, "insecure", "open", first[0] ? first : "uplink",
		    "why", "--insecure: anyone who reaches this may join", NULL);
	if (n->set->role == ROLE_HUB && n->set->federation.mode != STRICT_ISOLATION &&
	    !n->set->federation.mutual)
		log_event(LOG_LEVEL_WARNING, "clusters_unproven", "why", "federation.mode lets other "
		    "clusters in, and federation.require_mutual_authentication is off: their ids are only "
		    "claims", NULL);
	log_event(LOG_LEVEL_INFO, "ready", "listen", first[0] ? first : NULL,
	    "also", others[0] ? others : NULL, "node", n->fabric.node,
	    "cluster", n->fabric.cluster[0] ? n->fabric.cluster : NULL,
	    "bus", n->run.socket, NULL);
	supervisor_say("READY=1\nSTATUS=ready%s%s", first[0] ? ", listening on " : "", first);
}
