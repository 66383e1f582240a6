/* renewal_read.c - the settings file of a reload: a child reads it, and the loop goes on. */
#include "config.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "node/node.h"
#include "node/route_child.h"

static void
child_over(struct renewal *r)
{
	struct err e = { .status = 0 };

	if (!r->eof || !r->ended)
		return;
	if (route_settings_over(r->status, buf_view(&r->text), &e) == -1)
		renewal_finish(r, false, e.text);
	else
		renewal_text(r, buf_view(&r->text));
}

static void
on_child(struct ev_loop *loop, ev_child *w, int revents)
{
	struct renewal *r = w->data;

	(void)revents;
	r->node->fabric.now = net_time(r->node->net);
	ev_child_stop(loop, w);
	r->pid = 0;
	r->ended = true;
	r->status = w->rstatus;
	child_over(r);
}

static void
on_text(struct ev_loop *loop, ev_io *w, int revents)
{
	struct renewal *r = w->data;
	uint8_t room[4096];
	ssize_t n;

	(void)loop, (void)revents;
	r->node->fabric.now = net_time(r->node->net);
	while ((n = read(w->fd, room, sizeof room)) > 0)
		if (buf_put(&r->text, room, (size_t)n) == -1) {
			renewal_finish(r, false, buf_len(&r->text) + (size_t)n <= SETTINGS_TEXT_MAX ?
			    "no memory for the settings" : "the settings are too long");
			return;
		}
	if (n == -1 && (errno == EAGAIN || errno == EINTR))
		return;
	ev_io_stop(loop, w);
	close(r->out);
	r->out = -1;
	r->eof = true;
	child_over(r);
}

void
renewal_stop(struct renewal *r)
{
	struct ev_loop *loop = r->node->loop;

	if (r->out != -1) {
		ev_io_stop(loop, &r->io);
		close(r->out);
		r->out = -1;
	}
	if (r->pid) {
		kill(r->pid, SIGKILL);
		ev_child_stop(loop, &r->child);
		r->pid = 0;
	}
}

void
renewal_read(struct renewal *r)
{
	struct node *n = r->node;
	struct err e = { .status = 0 };
	char path[512];
	int there = settings_file(n->set, path, &e);

	if (there == 0) {
		renewal_text(r, STR(""));
		return;
	}
	if (there == -1 || (r->pid = route_settings(n->set->program, path, &r->out, &e)) == -1) {
		r->pid = 0;
		renewal_finish(r, false, e.text);
		return;
	}
	r->eof = r->ended = false;
	ev_io_init(&r->io, on_text, r->out, EV_READ);
	ev_child_init(&r->child, on_child, r->pid, 0);
	r->io.data = r->child.data = r;
	ev_io_start(n->loop, &r->io);
	ev_child_start(n->loop, &r->child);
	renewal_wait(r, RENEWAL_READING, SETTINGS_MS);
}
