/* tls_text.c - error numbers, BearSSL's and our own, as sentences and alerts: what is wrong, what to do. */
#include "net/tls_in.h"

#define NOT_TLS "the other side sent something that is not TLS; does it speak TLS at all?"
#define NO_CIPHER "there is no cipher that both sides speak; " \
	"we want ECDHE with AES-GCM or ChaCha20-Poly1305"

static const struct row { int number; const char *sentence; } sentences[] = {
	{ BR_ERR_UNSUPPORTED_VERSION,	NOT_TLS },
	{ BR_ERR_BAD_VERSION,		NOT_TLS },
	{ BR_ERR_BAD_LENGTH,		NOT_TLS },
	{ BR_ERR_UNKNOWN_TYPE,		NOT_TLS },
	{ BR_ERR_BAD_MAC,		"a record was changed on the way" },
	{ BR_ERR_TOO_LARGE,		"the other side sent a record over the size limit" },
	{ BR_ERR_NO_RANDOM,		"the system gave no random bytes" },
	{ BR_ERR_BAD_FINISHED,		"the handshake was changed on the way" },
	{ BR_ERR_BAD_CIPHER_SUITE,	NO_CIPHER },
	{ BR_ERR_BAD_SIGNATURE,		"the other side does not hold the key of its certificate" },
	{ BR_ERR_WRONG_KEY_USAGE,	"the certificate's key may not be used for signing; "
					"make another with fedx-probe keygen" },
	{ BR_ERR_NO_CLIENT_AUTH,	"the other side showed no certificate and one is needed" },
	{ BR_ERR_INVALID_ALGORITHM,	"the certificate's kind of key is not supported; "
					"want EC P-256 or P-384, or RSA" },
	{ BR_ERR_X509_EMPTY_CHAIN,	"the other side showed no certificate" },
	{ BR_ERR_X509_UNSUPPORTED,	"the certificate uses something that is not supported; "
					"want EC P-256 or P-384, or RSA, with SHA-256 or better" },
	{ BR_ERR_X509_BAD_SIGNATURE,	"the certificate's signature is false; "
					"is there another CA of the same name?" },
	{ BR_ERR_X509_TIME_UNKNOWN,	"the time is not known, so no certificate can be checked" },
	{ BR_ERR_X509_EXPIRED,		"the certificate, or one that signed it, has expired; "
					"make a new one, or check the clocks of both sides" },
	{ WHY_NOT_YET,			"the certificate is not yet valid; "
					"check its dates and the clocks of both sides" },
	{ BR_ERR_X509_DN_MISMATCH,	"the certificates do not form a chain; send each with "
					"the one that signed it after it" },
	{ BR_ERR_X509_CRITICAL_EXTENSION, "the certificate has a critical extension "
					"that is not supported" },
	{ BR_ERR_X509_NOT_CA,		"a certificate in the chain was signed by one that is no CA" },
	{ BR_ERR_X509_FORBIDDEN_KEY_USAGE, "a certificate in the chain may not sign others" },
	{ BR_ERR_X509_WEAK_PUBLIC_KEY,	"the certificate's key is too short; "
					"want RSA of 2048 bits or EC P-256" },
	{ BR_ERR_X509_NOT_TRUSTED,	"the certificate is not signed by the given CA; "
					"give --tls-ca the CA of the hub" },
	{ WHY_NO_CLIENT_CA,		"the hub takes certificates by their hash alone: "
					"it has no tls.client_ca" },
	{ WHY_UNKNOWN_CLIENT_CA,	"the certificate is not signed by a CA of the hub's "
					"tls.client_ca" },
	{ WHY_NOT_FOR_SERVERS,		"the certificate is not for servers: its extendedKeyUsage "
					"lacks serverAuth" },
	{ WHY_NOT_FOR_CLIENTS,		"the certificate is not for clients: its extendedKeyUsage "
					"lacks clientAuth" },
	{ WHY_UNREADABLE,		"the certificate cannot be read; make another with "
					"fedx-probe keygen" },
	{ WHY_LONG_CHAIN,		"the chain is over 8 certificates or 16 KiB; send only those "
					"between the CA and the certificate" },
	{ WHY_NOT_PINNED,		"the certificate is not the pinned one" },
	{ WHY_NO_MEMORY,		"there is no memory to check the certificate" },
};

/* Fatal alerts that came, and those that BearSSL sends on our behalf. */
static const struct row alerts[] = {
	{ 10,  "unexpected message" },
	{ 20,  "a record was changed on the way" },
	{ 40,  "no common ground in the handshake" },
	{ 42,  "it cannot read our certificate" },
	{ 43,  "our certificate is of a kind it does not support" },
	{ 44,  "our certificate is revoked" },
	{ 45,  "our certificate is expired, or not yet valid" },
	{ 46,  "it does not accept our certificate: it is for another name or use, or is not the pinned one" },
	{ 48,  "it does not know the CA of our certificate" },
	{ 49,  "access denied" },
	{ 70,  "it does not speak TLS 1.2" },
	{ 71,  "our ciphers are not secure enough for it" },
	{ 100, "it wants no renegotiation" },
	{ 112, "it does not know the name that we asked for" },
	{ 116, "it wants a certificate from us; give --tls-cert and --tls-key" },
	{ 120, "it does not speak fedx/1" },
};

/* What we tell of a certificate that we refuse; of all others alert 42. */
static const struct { int why, alert; } refusals[] = {
	{ BR_ERR_X509_EXPIRED,		45 },
	{ WHY_NOT_YET,			45 },
	{ BR_ERR_X509_NOT_TRUSTED,	48 },
	{ BR_ERR_X509_UNSUPPORTED,	43 },
	{ WHY_OTHER_NAME,		46 },
	{ WHY_NOT_FOR_SERVERS,		46 },
	{ WHY_NOT_PINNED,		46 },
};

static const struct row sent[] = {
	{ 40, NO_CIPHER },
	{ 70, "the other side offers no TLS 1.2, the version that we speak" },
};

static const char *
find(const struct row *rows, size_t n, int number, const char *otherwise)
{
	for (size_t i = 0; i < n; i++)
		if (rows[i].number == number)
			return rows[i].sentence;
	return otherwise;
}

const char *
tls_sentence(int number)
{
	return find(sentences, sizeof sentences / sizeof *sentences, number,
	    number >= BR_ERR_X509_OK && number < BR_ERR_X509_NOT_TRUSTED
	    ? "it is no well-formed X.509 certificate"
	    : "the other side broke the rules of TLS");
}

const char *
tls_alert_sentence(int alert)
{
	return find(alerts, sizeof alerts / sizeof *alerts, alert, "it gave no reason that we know");
}

const char *
tls_sent_sentence(int alert)
{
	return find(sent, sizeof sent / sizeof *sent, alert,
	    "the other side broke the rules of TLS");
}

int
tls_alert_for(int why)
{
	for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
		if (refusals[i].why == why)
			return refusals[i].alert;
	return 42;
}
