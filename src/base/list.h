/*
 * list.h - an intrusive circular list: a member of your struct is its place.
 *
 * A node that is in no list points to itself; taking it out twice is safe.
 */
#ifndef FEDX_LIST_H
#define FEDX_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list { struct list *prev, *next; };

#define list_of(node, type, member) \
	((type *)(void *)((char *)(node) - offsetof(type, member)))
#define list_each(node, head) \
	for (struct list *node = (head)->next; node != (head); node = node->next)
#define list_each_safe(node, head)	/* the body may take node out */	\
	for (struct list *node = (head)->next, *node##_next = node->next;	\
	    node != (head); node = node##_next, node##_next = node->next)

static inline void
list_init(struct list *l)
{
	l->prev = l->next = l;
}

static inline bool
list_empty(const struct list *l)
{
	return l->next == l;
}

static inline void
list_add(struct list *head, struct list *n)	/* at the end */
{
	n->prev = head->prev;
	n->next = head;
	head->prev->next = n;
	head->prev = n;
}

static inline void
list_del(struct list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	list_init(n);
}

#endif
