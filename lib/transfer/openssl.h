/* SPDX-License-Identifier: GPL-3.0-or-later */
/* OpenSSL's functions under their own names, found when first needed (see lazy_library.h). */
#ifndef TRANSFER_OPENSSL_H
#define TRANSFER_OPENSSL_H

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

struct error;

/* Each member has the type that OpenSSL declares for the function of that name. */
struct openssl {
	__typeof__(SSL_CIPHER_get_name) *SSL_CIPHER_get_name_;
	__typeof__(SSL_CTX_ctrl) *SSL_CTX_ctrl_;
	__typeof__(SSL_CTX_free) *SSL_CTX_free_;
	__typeof__(SSL_CTX_load_verify_file) *SSL_CTX_load_verify_file_;
	__typeof__(SSL_CTX_new) *SSL_CTX_new_;
	__typeof__(SSL_CTX_sess_set_new_cb) *SSL_CTX_sess_set_new_cb_;
	__typeof__(SSL_CTX_set_default_verify_paths) *SSL_CTX_set_default_verify_paths_;
	__typeof__(SSL_CTX_set_verify) *SSL_CTX_set_verify_;
	__typeof__(SSL_SESSION_dup) *SSL_SESSION_dup_;
	__typeof__(SSL_SESSION_free) *SSL_SESSION_free_;
	__typeof__(SSL_SESSION_get_protocol_version) *SSL_SESSION_get_protocol_version_;
	__typeof__(SSL_SESSION_is_resumable) *SSL_SESSION_is_resumable_;
	__typeof__(SSL_ctrl) *SSL_ctrl_;
	__typeof__(SSL_do_handshake) *SSL_do_handshake_;
	__typeof__(SSL_free) *SSL_free_;
	__typeof__(SSL_get0_param) *SSL_get0_param_;
	__typeof__(SSL_get1_peer_certificate) *SSL_get1_peer_certificate_;
	__typeof__(SSL_get_current_cipher) *SSL_get_current_cipher_;
	__typeof__(SSL_get_error) *SSL_get_error_;
	__typeof__(SSL_get_ex_data) *SSL_get_ex_data_;
	__typeof__(SSL_get_verify_result) *SSL_get_verify_result_;
	__typeof__(SSL_get_version) *SSL_get_version_;
	__typeof__(SSL_new) *SSL_new_;
	__typeof__(SSL_read_ex) *SSL_read_ex_;
	__typeof__(SSL_session_reused) *SSL_session_reused_;
	__typeof__(SSL_set_bio) *SSL_set_bio_;
	__typeof__(SSL_set_connect_state) *SSL_set_connect_state_;
	__typeof__(SSL_set_ex_data) *SSL_set_ex_data_;
	__typeof__(SSL_set_session) *SSL_set_session_;
	__typeof__(SSL_set_shutdown) *SSL_set_shutdown_;
	__typeof__(SSL_shutdown) *SSL_shutdown_;
	__typeof__(SSL_write_ex) *SSL_write_ex_;
	__typeof__(TLS_client_method) *TLS_client_method_;
	__typeof__(ASN1_TIME_to_tm) *ASN1_TIME_to_tm_;
	__typeof__(BIO_clear_flags) *BIO_clear_flags_;
	__typeof__(BIO_ctrl) *BIO_ctrl_;
	__typeof__(BIO_free) *BIO_free_;
	__typeof__(BIO_get_data) *BIO_get_data_;
	__typeof__(BIO_get_new_index) *BIO_get_new_index_;
	__typeof__(BIO_meth_new) *BIO_meth_new_;
	__typeof__(BIO_meth_set_ctrl) *BIO_meth_set_ctrl_;
	__typeof__(BIO_meth_set_read) *BIO_meth_set_read_;
	__typeof__(BIO_meth_set_write) *BIO_meth_set_write_;
	__typeof__(BIO_new) *BIO_new_;
	__typeof__(BIO_s_mem) *BIO_s_mem_;
	__typeof__(BIO_set_data) *BIO_set_data_;
	__typeof__(BIO_set_flags) *BIO_set_flags_;
	__typeof__(BIO_set_init) *BIO_set_init_;
	__typeof__(ERR_clear_error) *ERR_clear_error_;
	__typeof__(ERR_peek_last_error) *ERR_peek_last_error_;
	__typeof__(ERR_reason_error_string) *ERR_reason_error_string_;
	__typeof__(EVP_sha256) *EVP_sha256_;
	__typeof__(X509_NAME_print_ex) *X509_NAME_print_ex_;
	__typeof__(X509_VERIFY_PARAM_set1_host) *X509_VERIFY_PARAM_set1_host_;
	__typeof__(X509_VERIFY_PARAM_set1_ip_asc) *X509_VERIFY_PARAM_set1_ip_asc_;
	__typeof__(X509_VERIFY_PARAM_set_hostflags) *X509_VERIFY_PARAM_set_hostflags_;
	__typeof__(X509_digest) *X509_digest_;
	__typeof__(X509_free) *X509_free_;
	__typeof__(X509_get0_notAfter) *X509_get0_notAfter_;
	__typeof__(X509_get0_notBefore) *X509_get0_notBefore_;
	__typeof__(X509_get_subject_name) *X509_get_subject_name_;
	__typeof__(X509_verify_cert_error_string) *X509_verify_cert_error_string_;
};
extern struct openssl openssl;

/* Loads it once, from any thread; to be called before any of the functions. */
int openssl_load(struct error *err);

#undef X509_free
#define SSL_CIPHER_get_name openssl.SSL_CIPHER_get_name_
#define SSL_CTX_ctrl openssl.SSL_CTX_ctrl_
#define SSL_CTX_free openssl.SSL_CTX_free_
#define SSL_CTX_load_verify_file openssl.SSL_CTX_load_verify_file_
#define SSL_CTX_new openssl.SSL_CTX_new_
#define SSL_CTX_sess_set_new_cb openssl.SSL_CTX_sess_set_new_cb_
#define SSL_CTX_set_default_verify_paths openssl.SSL_CTX_set_default_verify_paths_
#define SSL_CTX_set_verify openssl.SSL_CTX_set_verify_
#define SSL_SESSION_dup openssl.SSL_SESSION_dup_
#define SSL_SESSION_free openssl.SSL_SESSION_free_
#define SSL_SESSION_get_protocol_version openssl.SSL_SESSION_get_protocol_version_
#define SSL_SESSION_is_resumable openssl.SSL_SESSION_is_resumable_
#define SSL_ctrl openssl.SSL_ctrl_
#define SSL_do_handshake openssl.SSL_do_handshake_
#define SSL_free openssl.SSL_free_
#define SSL_get0_param openssl.SSL_get0_param_
#define SSL_get1_peer_certificate openssl.SSL_get1_peer_certificate_
#define SSL_get_current_cipher openssl.SSL_get_current_cipher_
#define SSL_get_error openssl.SSL_get_error_
#define SSL_get_ex_data openssl.SSL_get_ex_data_
#define SSL_get_verify_result openssl.SSL_get_verify_result_
#define SSL_get_version openssl.SSL_get_version_
#define SSL_new openssl.SSL_new_
#define SSL_read_ex openssl.SSL_read_ex_
#define SSL_session_reused openssl.SSL_session_reused_
#define SSL_set_bio openssl.SSL_set_bio_
#define SSL_set_connect_state openssl.SSL_set_connect_state_
#define SSL_set_ex_data openssl.SSL_set_ex_data_
#define SSL_set_session openssl.SSL_set_session_
#define SSL_set_shutdown openssl.SSL_set_shutdown_
#define SSL_shutdown openssl.SSL_shutdown_
#define SSL_write_ex openssl.SSL_write_ex_
#define TLS_client_method openssl.TLS_client_method_
#define ASN1_TIME_to_tm openssl.ASN1_TIME_to_tm_
#define BIO_clear_flags openssl.BIO_clear_flags_
#define BIO_ctrl openssl.BIO_ctrl_
#define BIO_free openssl.BIO_free_
#define BIO_get_data openssl.BIO_get_data_
#define BIO_get_new_index openssl.BIO_get_new_index_
#define BIO_meth_new openssl.BIO_meth_new_
#define BIO_meth_set_ctrl openssl.BIO_meth_set_ctrl_
#define BIO_meth_set_read openssl.BIO_meth_set_read_
#define BIO_meth_set_write openssl.BIO_meth_set_write_
#define BIO_new openssl.BIO_new_
#define BIO_s_mem openssl.BIO_s_mem_
#define BIO_set_data openssl.BIO_set_data_
#define BIO_set_flags openssl.BIO_set_flags_
#define BIO_set_init openssl.BIO_set_init_
#define ERR_clear_error openssl.ERR_clear_error_
#define ERR_peek_last_error openssl.ERR_peek_last_error_
#define ERR_reason_error_string openssl.ERR_reason_error_string_
#define EVP_sha256 openssl.EVP_sha256_
#define X509_NAME_print_ex openssl.X509_NAME_print_ex_
#define X509_VERIFY_PARAM_set1_host openssl.X509_VERIFY_PARAM_set1_host_
#define X509_VERIFY_PARAM_set1_ip_asc openssl.X509_VERIFY_PARAM_set1_ip_asc_
#define X509_VERIFY_PARAM_set_hostflags openssl.X509_VERIFY_PARAM_set_hostflags_
#define X509_digest openssl.X509_digest_
#define X509_free openssl.X509_free_
#define X509_get0_notAfter openssl.X509_get0_notAfter_
#define X509_get0_notBefore openssl.X509_get0_notBefore_
#define X509_get_subject_name openssl.X509_get_subject_name_
#define X509_verify_cert_error_string openssl.X509_verify_cert_error_string_

#endif
