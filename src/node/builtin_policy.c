/* builtin_policy.c - what policy has decided so far: flows, rules, denials, totals. */
#include "config.h"

#include <inttypes.h>
#include <stdlib.h>

#include "fabric/flow_mask.h"
#include "node/builtin.h"
#include "node/members.h"
#include "wire/json.h"

void
put_rule(struct node *n, uint32_t rule, struct buf *o)
{
	const struct rule_place *p = rulebook_place(&n->control.rules, rule);

	if (!p) {
		put_member(o, "rule", STR("default"));
		return;
	}
	put_member(o, "rule", str(p->name));
	put_member(o, "file", str(p->file));
	put_number(o, "line", p->line);
}

/* --- flows --- */

/* What the hook had read, as an object: the fields with what they were, the tests. */
static void
put_values(const struct flows *fs, const struct flow *fl, struct buf *o)
{
	const struct mask *m = fl->mask;
	struct str v = fl->values;
	uint64_t held = 0;
	uint16_t n;
	bool first = true;

	buf_str(o, STR(",\"when\":{"));
	for (unsigned i = 0; i < m->count && v.n >= sizeof n; i++, first = false) {
		memcpy(&n, v.p, sizeof n);
		buf_fmt(o, "%s\"%s\":", first ? "" : ",", field_name(m->fields[i]));
		json_quote(o, str_head(str_skip(v, sizeof n), n));
		v = str_skip(v, sizeof n + n);
	}
	buf_str(o, STR("}"));
	if (!m->tests || v.n < sizeof held)
		return;
	memcpy(&held, v.p, sizeof held);
	buf_str(o, STR(",\"tests\":["));
	first = true;
	for (unsigned i = 0; i < TEST_POOL; i++) {
		const struct flow_test *t = fs->tests[i];

		if (!(m->tests >> i & 1) || !t)
			continue;
		buf_fmt(o, "%s{\"field\":\"%s\",\"op\":\"%s\",\"what\":", first ? "" : ",",
		    field_name(t->test.field), op_name(t->test.op));
		json_quote(o, t->test.what);
		buf_fmt(o, ",\"holds\":%s}", held >> i & 1 ? "true" : "false");
		first = false;
	}
	buf_str(o, STR("]"));
}

static void
put_flow(struct node *n, const struct flow *fl, struct buf *o)
{
	const struct gate *g = &n->fabric.gate;

	buf_fmt(o, "{\"v\":1");
	put_values(&g->flows, fl, o);
	put_member(o, "verdict", str(answer_name(fl->answer)));
	if (fl->answer == ANSWER_DENY) {
		put_member(o, "error", str(error_row(fl->error ? fl->error : E_denied)->name));
		put_member(o, "reason", fl->reason);
	}
	if (fl->via.n)
		put_member(o, "via", fl->via);
	if (fl->to.n)
		put_member(o, "to", fl->to);
	if (fl->subject.n)
		put_member(o, "subject", fl->subject);
	put_rule(n, fl->rule, o);
	put_number(o, "hits", fl->hits);
	put_number(o, "age_ms", mono_us_since(fl->born, n->fabric.now) / 1000);
	if (!fl->forever)
		put_number(o, "left_ms", mono_ms_until(n->fabric.now, fl->until));
	if (fl->generation != g->flows.generation)
		buf_str(o, STR(",\"old\":true"));
	if (fl->limiter)
		buf_str(o, STR(",\"limited\":true"));
	buf_str(o, STR("}\n"));
}

void
put_flows(struct node *n, struct buf *o)
{
	list_each(at, &n->fabric.gate.flows.all)
		put_flow(n, list_of(at, struct flow, all), o);
}

/* --- rules --- */

void
put_rules(struct node *n, struct buf *o)
{
	const struct rulebook *book = &n->control.rules;
	uint64_t *hits = calloc(book->count + 1, sizeof *hits);

	list_each(at, &n->fabric.gate.flows.all) {
		const struct flow *fl = list_of(at, struct flow, all);

		if (hits && fl->rule <= book->count)
			hits[fl->rule] += fl->hits;
	}
	for (uint32_t i = 0; i < book->now.count; i++) {
		const struct rule_place *p = rulebook_place(book, book->now.ours[i]);

		if (!p)
			continue;
		buf_fmt(o, "{\"v\":1");
		put_number(o, "number", i + 1);
		put_member(o, "hook", str(hook_name(p->hook)));
		put_member(o, "rule", str(p->name));
		put_member(o, "file", str(p->file));
		put_number(o, "line", p->line);
		put_number(o, "verdicts", p->verdicts);
		put_number(o, "hits", hits ? hits[p->number] : 0);
		buf_str(o, STR("}\n"));
	}
	free(hits);
}

/* --- policy --- */

static void
put_hooks(uint32_t hooks, struct buf *o)
{
	bool first = true;

	buf_str(o, STR(",\"hooks\":["));
	for (unsigned h = 0; h < HOOK_COUNT; h++)
		if (hooks >> h & 1) {
			buf_fmt(o, "%s\"%s\"", first ? "" : ",", hook_name(h));
			first = false;
		}
	buf_str(o, STR("]"));
}

void
put_policy(struct node *n, struct buf *o)
{
	const struct control *c = &n->control;
	const struct gate *g = &n->fabric.gate;

	buf_fmt(o, "{\"v\":1");
	put_member(o, "state", str(control_state_name(c)));
	buf_fmt(o, ",\"expected\":%s,\"reachable\":%s", g->expected ? "true" : "false",
	    g->reachable ? "true" : "false");
	if (c->state != CONTROL_UP && c->why[0])
		put_member(o, "why", str(c->why));
	if (c->pid)
		put_number(o, "pid", (uint64_t)c->pid);
	put_member(o, "confdir", str(settings_confdir(n->set)));
	if (c->marked) {
		put_number(o, "generation", c->mark.generation);
		buf_fmt(o, ",\"instance\":\"%016" PRIx64 "\",\"digest\":\"", c->mark.instance);
		for (size_t i = 0; i < sizeof c->digest; i++)
			buf_fmt(o, "%02x", (unsigned char)c->digest[i]);
		buf_str(o, STR("\""));
		put_hooks(c->mark.hooks, o);
		put_number(o, "rules", c->rules.now.count);
		buf_fmt(o, ",\"failed\":%s", c->mark.failed ? "true" : "false");
		if (c->mark.failed)
			put_member(o, "failure", c->mark.why);
		if (n->renewal.pending)
			put_number(o, "confirm_ms", n->renewal.confirm_ms);
	}
	put_number(o, "flows", g->flows.count);
	put_number(o, "masks", g->flows.mask_count);
	put_number(o, "hits", g->flows.hits);
	put_number(o, "misses", g->flows.misses);
	put_number(o, "evicted", g->flows.evicted);
	put_number(o, "unkept", g->flows.unkept);
#define X(name, help) put_number(o, #name, g->count.name);
	GATE_COUNTERS(X)
#undef X
	buf_str(o, STR("}\n"));
}

/* --- denials --- */

void
put_denied(struct node *n, const struct decision *d, struct buf *o)
{
	char id[32];

	gate_decision_text(d->number, id);
	put_member(o, "decision", str(id));
	put_member(o, "hook", str(hook_name(d->hook)));
	put_member(o, "error", str(error_row(d->error)->name));
	put_member(o, "reason", str(d->reason));
	put_rule(n, d->rule, o);
	put_member(o, "peer", str(d->peer));
	put_member(o, "from", str(d->from));
	put_member(o, "to", str(d->to));
	put_member(o, "subject", str(d->subject));
}

int
put_decision(struct node *n, struct str id, struct buf *o)
{
	const struct decision *d = NULL;
	char text[32];

	for (size_t i = 0; n->control.decisions.ring && i < DECISIONS_MAX && !d; i++) {
		gate_decision_text(n->control.decisions.ring[i].number, text);
		if (n->control.decisions.ring[i].number && str_is(id, text))
			d = &n->control.decisions.ring[i];
	}
	if (!d)
		return -1;
	wall_text(d->when, text);
	buf_fmt(o, "{\"v\":1,\"time\":\"%s\"", text);
	put_denied(n, d, o);
	buf_str(o, STR("}\n"));
	return 0;
}
