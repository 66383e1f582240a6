/* proxy.c - a URL of a proxy never lets a control byte through, a message never shows a login. */
#include <stdlib.h>

#include "net/proxy.h"

#define MUST(holds) do { if (!(holds)) abort(); } while (0)

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

/* "URL LF exceptions LF host": what each of them is made of. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct str in = { (const char *)data, n }, url, except, host;
	struct proxy p = { .port = 0 };
	struct url u = { .scheme = SCHEME_FEDXS };
	struct err e;

	str_split(in, '\n', &url, &in);
	str_split(in, '\n', &except, &host);
	u.host = host;
	if (str_c(except, p.except, sizeof p.except) == 0) {
		strcpy(p.host, "gate");
		MUST(!proxy_serves(&p, &u) || (!host_is_loopback(host) && strcmp(p.except, "*") != 0));
	}
	if (proxy_parse(&p, url, &e) == -1)
		return 0;
	MUST(p.host[0] && p.port && (p.login[0] != '\0') == proxy_url_has_login(url));
	for (const char *c = p.login; *c; c++)
		MUST((unsigned char)*c >= ' ' && *c != 127);
	for (const char *c = p.host; *c; c++)
		MUST(*c > ' ' && *c < 127);
	return 0;
}
