/* roster_line.c - see roster_line.h. */
#include "wire/hello.h"
#include "wire/roster_line.h"

static const char *const names[] = {
#define X(name) #name,
	ROSTER_STATES(X)
#undef X
};

const char *
roster_state_name(uint8_t state)
{
	return state < ROSTER_STATE_COUNT ? names[state] : "unknown";
}

int
roster_line_put(struct buf *b, const struct roster_line *l)
{
	size_t was = buf_len(b);

	if (buf_fmt(b, "%s ", roster_state_name(l->state)) == 0 && auth_key_put(b, &l->who) == 0)
		return 0;
	buf_cut(b, was);
	return -1;
}

int
roster_line_parse(struct str text, struct roster_line *l, struct err *e)
{
	struct str comment, word;
	int r;

	str_split(text, '#', &text, &comment);
	text = str_trim(text);
	if (text.n == 0)
		return 1;
	word = str_word(&text);
	for (l->state = 0; l->state < ROSTER_STATE_COUNT && !str_is(word, names[l->state]); l->state++)
		;
	if (l->state == ROSTER_STATE_COUNT)
		return err_set(e, "'%.*s' is no state of who was invited", word.n > 40 ? 40 : (int)word.n, word.p);
	if ((r = auth_line_parse(text, true, &l->who, e)) != 0)
		return r == -1 ? -1 : err_set(e, "want role, node, cluster and key behind the state");
	if (!node_id_valid(l->who.node))
		return err_set(e, "who was invited is one node, and no pattern");
	if (l->who.expires < 0 || (!l->who.expires && (l->state <= ROSTER_spent || l->state == ROSTER_revoked)))
		return err_set(e, "want the time when it expires");
	return 0;
}
