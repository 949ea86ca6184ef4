/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Loads OpenSSL when first used. */
#include "openssl.h"

#include "trapkit/error.h"
#include "trapkit/lazy_library.h"

#include <pthread.h>

struct openssl openssl;
static struct error load_error;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static const struct lazy_symbol of_ssl[] = {
	{"SSL_CIPHER_get_name", &openssl.SSL_CIPHER_get_name_},
	{"SSL_CTX_ctrl", &openssl.SSL_CTX_ctrl_},
	{"SSL_CTX_free", &openssl.SSL_CTX_free_},
	{"SSL_CTX_load_verify_file", &openssl.SSL_CTX_load_verify_file_},
	{"SSL_CTX_new", &openssl.SSL_CTX_new_},
	{"SSL_CTX_sess_set_new_cb", &openssl.SSL_CTX_sess_set_new_cb_},
	{"SSL_CTX_set_default_verify_paths", &openssl.SSL_CTX_set_default_verify_paths_},
	{"SSL_CTX_set_verify", &openssl.SSL_CTX_set_verify_},
	{"SSL_SESSION_dup", &openssl.SSL_SESSION_dup_},
	{"SSL_SESSION_free", &openssl.SSL_SESSION_free_},
	{"SSL_SESSION_get_protocol_version", &openssl.SSL_SESSION_get_protocol_version_},
	{"SSL_SESSION_is_resumable", &openssl.SSL_SESSION_is_resumable_},
	{"SSL_ctrl", &openssl.SSL_ctrl_},
	{"SSL_do_handshake", &openssl.SSL_do_handshake_},
	{"SSL_free", &openssl.SSL_free_},
	{"SSL_get0_param", &openssl.SSL_get0_param_},
	{"SSL_get1_peer_certificate", &openssl.SSL_get1_peer_certificate_},
	{"SSL_get_current_cipher", &openssl.SSL_get_current_cipher_},
	{"SSL_get_error", &openssl.SSL_get_error_},
	{"SSL_get_ex_data", &openssl.SSL_get_ex_data_},
	{"SSL_get_verify_result", &openssl.SSL_get_verify_result_},
	{"SSL_get_version", &openssl.SSL_get_version_},
	{"SSL_new", &openssl.SSL_new_},
	{"SSL_read_ex", &openssl.SSL_read_ex_},
	{"SSL_session_reused", &openssl.SSL_session_reused_},
	{"SSL_set_bio", &openssl.SSL_set_bio_},
	{"SSL_set_connect_state", &openssl.SSL_set_connect_state_},
	{"SSL_set_ex_data", &openssl.SSL_set_ex_data_},
	{"SSL_set_session", &openssl.SSL_set_session_},
	{"SSL_set_shutdown", &openssl.SSL_set_shutdown_},
	{"SSL_shutdown", &openssl.SSL_shutdown_},
	{"SSL_write_ex", &openssl.SSL_write_ex_},
	{"TLS_client_method", &openssl.TLS_client_method_},
};
static const struct lazy_symbol of_crypto[] = {
	{"ASN1_TIME_to_tm", &openssl.ASN1_TIME_to_tm_},
	{"BIO_clear_flags", &openssl.BIO_clear_flags_},
	{"BIO_ctrl", &openssl.BIO_ctrl_},
	{"BIO_free", &openssl.BIO_free_},
	{"BIO_get_data", &openssl.BIO_get_data_},
	{"BIO_get_new_index", &openssl.BIO_get_new_index_},
	{"BIO_meth_new", &openssl.BIO_meth_new_},
	{"BIO_meth_set_ctrl", &openssl.BIO_meth_set_ctrl_},
	{"BIO_meth_set_read", &openssl.BIO_meth_set_read_},
	{"BIO_meth_set_write", &openssl.BIO_meth_set_write_},
	{"BIO_new", &openssl.BIO_new_},
	{"BIO_s_mem", &openssl.BIO_s_mem_},
	{"BIO_set_data", &openssl.BIO_set_data_},
	{"BIO_set_flags", &openssl.BIO_set_flags_},
	{"BIO_set_init", &openssl.BIO_set_init_},
	{"ERR_clear_error", &openssl.ERR_clear_error_},
	{"ERR_peek_last_error", &openssl.ERR_peek_last_error_},
	{"ERR_reason_error_string", &openssl.ERR_reason_error_string_},
	{"EVP_sha256", &openssl.EVP_sha256_},
	{"X509_NAME_print_ex", &openssl.X509_NAME_print_ex_},
	{"X509_VERIFY_PARAM_set1_host", &openssl.X509_VERIFY_PARAM_set1_host_},
	{"X509_VERIFY_PARAM_set1_ip_asc", &openssl.X509_VERIFY_PARAM_set1_ip_asc_},
	{"X509_VERIFY_PARAM_set_hostflags", &openssl.X509_VERIFY_PARAM_set_hostflags_},
	{"X509_digest", &openssl.X509_digest_},
	{"X509_free", &openssl.X509_free_},
	{"X509_get0_notAfter", &openssl.X509_get0_notAfter_},
	{"X509_get0_notBefore", &openssl.X509_get0_notBefore_},
	{"X509_get_subject_name", &openssl.X509_get_subject_name_},
	{"X509_verify_cert_error_string", &openssl.X509_verify_cert_error_string_},
};

static void load(void)
{
	if (lazy_library_load("libcrypto.so.3", "libssl3", of_crypto,
		    sizeof of_crypto / sizeof *of_crypto, &load_error) == 0)
		lazy_library_load("libssl.so.3", "libssl3", of_ssl, sizeof of_ssl / sizeof *of_ssl,
			&load_error);
}

int openssl_load(struct error *err)
{
	pthread_once(&once, load);
	if (load_error.kind == ERROR_NONE)
		return 0;
	*err = load_error;
	return -1;
}
