/* probe-words.c - what a node says of its policy becomes sentences, cells and exit statuses. */
#include "probe/probe.h"
#include "probe/words.h"
#include "wire/json.h"
#include "tap.h"

static struct buf b;

static struct str
shown(int (*how)(struct str, struct buf *), const char *json)
{
	struct json_fault fault;

	buf_free(&b);
	if (json_check(str(json), 64, &fault) == -1)
		printf("# %s: %s\n", json, fault.why);
	how(str(json), &b);
	return buf_view(&b);
}

static struct outcome
outcome(const char *const steps[], size_t n)
{
	struct outcome o = { .end = OUTCOME_NONE };

	for (size_t i = 0; i < n; i++)
		words_outcome(&o, str(steps[i]));
	return o;
}
#define OUTCOME(...) outcome((const char *const[]){ __VA_ARGS__ }, \
    sizeof (const char *const[]){ __VA_ARGS__ } / sizeof (char *))

static struct refusal
refusal(const char *const lines[], size_t n)
{
	struct refusal r = { .over = false };

	for (size_t i = 0; i < n; i++)
		words_refusal(&r, str(lines[i]));
	return r;
}
#define REFUSAL(...) refusal((const char *const[]){ __VA_ARGS__ }, \
    sizeof (const char *const[]){ __VA_ARGS__ } / sizeof (char *))

static const char denied[] = "{\"node\":\"h\",\"step\":\"policy\",\"hook\":\"route\",\"verdict\":\"deny\","
    "\"rule\":\"closed\",\"file\":\"policy.lua\",\"line\":12,\"error\":\"denied\",\"reason\":\"no mail\","
    "\"read\":[\"service\",\"origin\"],\"tests\":[{\"field\":\"to\",\"op\":\"under\",\"what\":\"*@x\",\"holds\":true}]}";

static void
flows(void)
{
	is_str(shown(words_flow, "{\"v\":1,\"when\":{\"service\":\"mail\",\"from\":\"\"},\"tests\":[{\"field\":\"to\","
	    "\"op\":\"is\",\"what\":\"a@b\",\"holds\":false}],\"verdict\":\"deny\",\"rule\":\"\",\"file\":\"p.lua\","
	    "\"line\":3,\"hits\":7,\"age_ms\":61999,\"left_ms\":500}"),
	    "{\"when\":\"service=mail, from=, to is a@b: no\",\"verdict\":\"deny\",\"rule\":\"\",\"hits\":7,"
	    "\"place\":\"p.lua:3\",\"age_s\":61,\"left_s\":0}\n", "a flow: what was read, its place, seconds");
	is_str(shown(words_flow, "{\"when\":{},\"verdict\":\"default\",\"rule\":\"default\",\"hits\":0}"),
	    "{\"when\":\"always\",\"verdict\":\"default\",\"rule\":\"default\",\"hits\":0,\"place\":\"\"}\n",
	    "a hook that reads nothing");
	is_str(shown(words_policy, "{\"v\":1,\"state\":\"up\",\"hooks\":[\"route\"],\"asks\":3}"),
	    "{\"name\":\"state\",\"value\":\"up\"}\n{\"name\":\"hooks\",\"value\":[\"route\"]}\n"
	    "{\"name\":\"asks\",\"value\":3}\n", "the state: a line each");
}

static void
steps(void)
{
	is_str(shown(words_step, denied), "h: policy: deny, by rule closed, policy.lua:12: no mail; "
	    "it read service origin, to under *@x: yes\n", "a denial as a sentence");
	is_str(shown(words_cells, denied), "{\"v\":1,\"node\":\"h\",\"step\":\"policy\",\"verdict\":\"deny\","
	    "\"name\":\"\",\"rule\":\"closed\",\"place\":\"policy.lua:12\",\"why\":\"no mail\","
	    "\"read\":\"service origin, to under *@x: yes\"}\n", "... as cells");
	is_str(shown(words_step, "{\"node\":\"h\",\"step\":\"policy\",\"verdict\":\"deny\",\"rule\":\"\","
	    "\"file\":\"policy.lua\",\"line\":2,\"error\":\"policy_error\",\"reason\":\"raised\"}"),
	    "h: policy: deny, by policy.lua:2, as policy_error: raised\n", "a hook that failed");
	is_str(shown(words_step, "{\"node\":\"h\",\"step\":\"policy\",\"verdict\":\"allow\",\"rule\":\"go\","
	    "\"file\":\"policy.lua\",\"line\":2,\"via\":\"m\",\"to\":\"a@b\"}"),
	    "h: policy: allow, by rule go, policy.lua:2, via m, to a@b\n", "what it makes of the message");
	is_str(shown(words_step, "{\"node\":\"h\",\"step\":\"instance\",\"link\":\"m\",\"chosen\":false,\"why\":\"full\"}"),
	    "h: instance at m: not chosen: full\n", "an instance that lost, and why");
	is_str(shown(words_step, "{\"node\":\"h\",\"step\":\"route\",\"goes\":\"uplink\",\"next\":\"top\"}"),
	    "h: route: to top, by the uplink\n", "the way");
	is_str(shown(words_step, "{\"node\":\"h\\u001b[2J\\n\",\"step\":\"end\",\"result\":\"delivered\"}"),
	    "h?[2J?: end: delivered\n", "nothing of it drives a terminal");
	is_str(shown(words_step, "{\"node\":\"h\",\"step\":\"later\",\"why\":\"x\"}"), "h: later: x\n",
	    "a step of a newer node");
	is_str(shown(words_decision, "{\"time\":\"T\",\"decision\":\"4f-1\",\"hook\":\"route\",\"error\":\"denied\","
	    "\"reason\":\"no\",\"rule\":\"r\",\"file\":\"p.lua\",\"line\":9,\"peer\":\"l\",\"from\":\"a@x\",\"to\":\"b@y\","
	    "\"subject\":\"s/m\"}"),
	    "T 4f-1: denied, by rule r, p.lua:9 (route): no; b@y, s/m, from a@x, handed in by l\n", "a decision");
}

static void
outcomes(void)
{
	struct outcome o = OUTCOME("{\"node\":\"h\",\"step\":\"end\",\"result\":\"delivered\"}");

	ok(o.end == OUTCOME_GOES && o.status == EXIT_YES, "delivered");
	o = OUTCOME(denied, "{\"node\":\"h\",\"step\":\"end\",\"result\":\"denied\",\"why\":\"\"}");
	is_int(o.status, EXIT_DENIED, "denied");
	is_str(str(o.text), "denied: rule closed, policy.lua:12 at h: no mail", "... by which line");
	o = OUTCOME("{\"node\":\"h\",\"step\":\"route\",\"error\":\"no_route\",\"why\":\"nobody\"}",
	    "{\"node\":\"h\",\"step\":\"end\",\"result\":\"no_route\",\"why\":\"nobody\"}");
	is_int(o.status, EXIT_NO, "no route");
	is_str(str(o.text), "no_route at h: nobody", "... and why");
	o = OUTCOME("{\"node\":\"h\",\"step\":\"route\",\"error\":\"overloaded\",\"why\":\"full\"}",
	    "{\"node\":\"h\",\"step\":\"end\",\"result\":\"no_route\",\"why\":\"full\"}");
	is_int(o.status, EXIT_LATER, "no room: later");
	o = OUTCOME("{\"node\":\"h\",\"step\":\"end\",\"result\":\"waits\"}");
	is_int(o.end, OUTCOME_GOES, "it would wait, and go");
	o = OUTCOME("{\"node\":\"h\",\"step\":\"end\",\"result\":\"unknown\",\"why\":\"another cluster\"}");
	is_int(o.status, EXIT_LATER, "not known");
	o = OUTCOME(denied);
	is_int(o.end, OUTCOME_NONE, "an explanation that breaks off");
}

static void
reports(void)
{
	struct refusal r;

	is_str(shown(words_report, "{\"event\":\"policy\",\"what\":\"apply\",\"changed\":true,\"generation\":2,"
	    "\"hooks\":[\"route\",\"admit\"],\"tests\":3}"),
	    "policy: in force, generation 2, hooks route admit, 3 tests passed\n", "what is in force");
	is_str(shown(words_report, "{\"event\":\"policy\",\"what\":\"check\",\"changed\":false,\"generation\":2,"
	    "\"digest\":\"a\",\"before\":\"b\",\"hooks\":[],\"tests\":0}"),
	    "policy: good, not taken, generation 2\n", "a check of another one");
	is_str(shown(words_report, "{\"event\":\"rule_removed\",\"hook\":\"route\",\"file\":\"policy.lua\",\"line\":4,"
	    "\"rule\":\"old\"}"), "- rule old policy.lua:4 (route)\n", "a rule that went");
	is_str(shown(words_report, "{\"event\":\"hook_added\",\"hook\":\"admit\"}"), "+ hook admit\n", "a hook that came");
	is_str(shown(words_report, "{\"event\":\"test_failed\",\"test\":\"denies a\",\"note\":\"failed at test/a.lua:2\"}"),
	    "test/a.lua:2: test failed: denies a\n", "a test that failed, with its place first");
	is_str(shown(words_report, "{\"event\":\"reload\",\"what\":\"apply\",\"done\":true,\"links_checked\":2,"
	    "\"links_closed\":1,\"cut\":3,\"settings\":[\"link.ping\"],\"restart\":[\"listen\"],\"confirm_s\":9}"),
	    "settings: link.ping\nafter a restart: listen\n"
	    "links: 2 checked, 1 closed, 3 conversations cut\n"
	    "in force for 9 s, then undone, unless you say: fedx-probe confirm\n", "its end");
	is_str(shown(words_report, "{\"event\":\"reload\",\"done\":false,\"why\":\"x\"}"), "", "a refusal is no report");

	r = REFUSAL("{\"event\":\"refused\",\"done\":false,\"why\":\"a word too many\",\"file\":\"policy.lua\",\"line\":7}",
	    "{\"event\":\"reload\",\"done\":false,\"why\":\"policy.lua:7: a word\"}");
	ok(r.over && !r.done && r.placed, "refused, at a place");
	is_str(str(r.why.text), "policy.lua:7: a word too many", "as a compiler says it");
	r = REFUSAL("{\"event\":\"reload\",\"done\":false,\"why\":\"/etc/fedx/fedx.lua:3: unknown setting\"}");
	ok(r.over && r.placed, "of the settings, too");
	r = REFUSAL("{\"event\":\"reload\",\"done\":false,\"why\":\"at 10: 20: no\"}");
	ok(r.over && !r.placed, "a sentence is no place");
	r = REFUSAL("{\"event\":\"policy\",\"done\":true}");
	ok(!r.over, "a report that breaks off");
	r = REFUSAL("{\"event\":\"policy\",\"done\":true}", "{\"event\":\"reload\",\"done\":true}");
	ok(r.over && r.done && !r.why.text[0], "done");
}

int
main(void)
{
	buf_init(&b, 65536);
	flows();
	steps();
	outcomes();
	reports();
	buf_free(&b);
	return done();
}
