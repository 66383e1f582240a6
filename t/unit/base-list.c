/* base-list.c - an intrusive list keeps order, and a node leaves it safely. */
#include "base/list.h"
#include "tap.h"

struct thing { int n; struct list place; };

static const char *
numbers(struct list *head)
{
	static char text[64];
	size_t n = 0;

	text[0] = '\0';
	list_each (at, head)
		n += (size_t)snprintf(text + n, sizeof text - n, "%d ",
		    list_of(at, struct thing, place)->n);
	return text;
}

int
main(void)
{
	struct thing t[4] = { { .n = 0 }, { .n = 1 }, { .n = 2 }, { .n = 3 } };
	struct list head, other;

	list_init(&head);
	list_init(&other);
	ok(list_empty(&head), "a new list is empty");
	is_str(str(numbers(&head)), "", "and is walked in no step");
	for (int i = 0; i < 4; i++)
		list_add(&head, &t[i].place);
	ok(!list_empty(&head), "then it is not");
	is_str(str(numbers(&head)), "0 1 2 3 ", "added at the end, in order");
	list_del(&t[1].place);
	is_str(str(numbers(&head)), "0 2 3 ", "taken from the middle");
	list_del(&t[1].place);
	is_str(str(numbers(&head)), "0 2 3 ", "taking it again is safe");
	list_add(&other, &t[1].place);
	is_str(str(numbers(&other)), "1 ", "it can go to another list");
	list_del(&t[0].place);
	list_del(&t[3].place);
	is_str(str(numbers(&head)), "2 ", "taken from both ends");
	list_each_safe (at, &head)
		list_del(at);
	ok(list_empty(&head), "the body of a safe walk may take nodes out");
	return done();
}
