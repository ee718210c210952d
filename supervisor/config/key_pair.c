/* Does a client certificate go with its key? Files that are replaced one after the other do not, for a moment. */
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "supervisor/config/kubeconfig.h"

/* Nobody is there to be asked for a passphrase. */
static int no_passphrase(char *buffer, int size, int writing, void *arg)
{
	(void)buffer;
	(void)size;
	(void)writing;
	(void)arg;
	return 0;
}

const char *sy_key_pair_check(const char *cert_pem, const char *key_pem)
{
	BIO *cert_text = BIO_new_mem_buf(cert_pem, (int)strlen(cert_pem)), *key_text = BIO_new_mem_buf(key_pem, (int)strlen(key_pem));
	X509 *cert = cert_text ? PEM_read_bio_X509(cert_text, NULL, no_passphrase, NULL) : NULL;
	EVP_PKEY *key = key_text ? PEM_read_bio_PrivateKey(key_text, NULL, no_passphrase, NULL) : NULL;
	const char *reason = NULL;

	if (!cert)
		reason = "client-certificate holds no certificate that can be read";
	else if (!key)
		reason = "client-key holds no private key that can be read (a passphrase is not supported)";
	else if (X509_check_private_key(cert, key) != 1)
		reason = "client-certificate and client-key do not belong together";
	EVP_PKEY_free(key);
	X509_free(cert);
	BIO_free(key_text);
	BIO_free(cert_text);
	ERR_clear_error(); /* the queue is the thread's: nobody else shall find this there */
	return reason;
}
