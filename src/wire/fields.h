/*
 * fields.h - one field of a TLV body, for the files that expand a list of
 * fields (announce.c, hello.c, ask.c).  A field with no value is left out.
 */
#ifndef FEDX_FIELDS_H
#define FEDX_FIELDS_H

#include "wire/meta.h"

static inline int
field_put_u8(struct buf *b, uint16_t type, uint8_t v)
{
	char byte = (char)v;

	return tlv_put(b, type, (struct str){ &byte, 1 });
}

static inline int
field_put_bit(struct buf *b, uint16_t type, uint8_t v)	/* 0 is left out */
{
	return v ? field_put_u8(b, type, v) : 0;
}

static inline int
field_put_u32(struct buf *b, uint16_t type, uint32_t v)
{
	return v ? tlv_put_u32(b, type, v) : 0;
}

static inline int
field_put_u64(struct buf *b, uint16_t type, uint64_t v)
{
	uint8_t be[8];

	be_put_u64(be, v);
	return v ? tlv_put(b, type, (struct str){ (const char *)be, sizeof be }) : 0;
}

static inline int
field_put_text(struct buf *b, uint16_t type, struct str v)
{
	return v.n ? tlv_put(b, type, v) : 0;
}

static inline int
field_get_u8(struct str value, uint8_t *v)
{
	if (value.n != 1)
		return -1;
	*v = (uint8_t)value.p[0];
	return 0;
}

static inline int
field_get_bit(struct str value, uint8_t *v)
{
	return field_get_u8(value, v) == -1 || *v > 1 ? -1 : 0;
}

static inline int
field_get_u32(struct str value, uint32_t *v)
{
	return tlv_u32(value, v);
}

static inline int
field_get_u64(struct str value, uint64_t *v)
{
	if (value.n != 8)
		return -1;
	*v = be_u64((const uint8_t *)value.p);
	return 0;
}

static inline int
field_get_text(struct str value, struct str *v)
{
	*v = value;
	return 0;
}

/* What was put since the buffer held n bytes did not fit: take it back. */
static inline int
fields_undo(struct buf *b, size_t n)
{
	buf_cut(b, n);
	return -1;
}

/* Words of printable ASCII with single spaces between, at most max bytes? */
static inline bool
words_valid(struct str s, size_t max)
{
	bool in_word = false;

	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] < ' ' || s.p[i] > '~' || (s.p[i] == ' ' && !in_word))
			return false;
		in_word = s.p[i] != ' ';
	}
	return s.n <= max && (s.n == 0 || in_word);
}

static inline bool
words_have(struct str words, struct str word)
{
	struct str one;

	for (bool more = words.n > 0; more; ) {
		more = str_split(words, ' ', &one, &words);
		if (str_eq(one, word))
			return true;
	}
	return false;
}

/* The start of a value, for a message about it. */
static inline struct str
excerpt(struct str s)
{
	return str_head(s, s.n < 64 ? s.n : 64);
}

#endif
