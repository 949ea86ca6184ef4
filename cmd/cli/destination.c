/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where packages go: the settings of the destination, and what `--to` makes of them. */
#include "destination.h"

#include "general.h"
#include "options.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct destination destination;

static const char group[] = "Destination";

const struct option destination_options[] = {
	{.name = "to",
		.section = "UPLOAD",
		.value = "URL",
		.text = &destination.to,
		.group = group,
		.help = "Send to ftps://USER@HOST/FOLDER or into file:///FOLDER instead."},
	{.name = "insecure-ftp",
		.flag = &destination.insecure_ftp,
		.fallback = "false",
		.group = group,
		.help = "Consent to plain FTP: password and pictures go unencrypted."},
	{.name = "ftp-tls",
		.section = "UPLOAD",
		.flag = &destination.ftp_tls,
		.fallback = "true",
		.marks = OPTION_SETTING_ONLY,
		.help = "Encrypt the upload; false needs allow_plain_ftp or --insecure-ftp as "
			"well."},
	{.name = "ftp-host",
		.section = "UPLOAD",
		.value = "HOST",
		.text = &destination.ftp_host,
		.marks = OPTION_SETTING_ONLY,
		.help = "Upload to this host instead of the one in GENERAL.host."},
	{.name = "ftp-port",
		.section = "UPLOAD",
		.value = "N",
		.number = &destination.ftp_port,
		.minimum = 1,
		.maximum = 65535,
		.fallback = "21",
		.marks = OPTION_SETTING_ONLY,
		.help = "Upload to this port."},
	{.name = "ftp-user",
		.section = "UPLOAD",
		.value = "NAME",
		.text = &destination.ftp_user,
		.marks = OPTION_SETTING_ONLY,
		.help = "Upload as this user instead of the part of GENERAL.login before the @."},
	{.name = "ftp-password",
		.section = "UPLOAD",
		.value = "PASSWORD",
		.text = &destination.ftp_password,
		.marks = OPTION_SETTING_ONLY | OPTION_SECRET,
		.help = "Upload with this password instead of GENERAL.password."},
	{.name = "ftp-dir",
		.section = "UPLOAD",
		.value = "DIR",
		.text = &destination.ftp_dir,
		.fallback = "/collections",
		.marks = OPTION_SETTING_ONLY,
		.help = "Upload into this folder of the server."},
	{.name = "ftp-passive",
		.section = "UPLOAD",
		.flag = &destination.ftp_passive,
		.fallback = "true",
		.marks = OPTION_SETTING_ONLY,
		.help = "Open data connections from here; false lets the server open them."},
	{.name = "verify-ssl",
		.section = "UPLOAD",
		.flag = &destination.verify_ssl,
		.marks = OPTION_SETTING_ONLY,
		.help = "Verify the upload server's certificate, whatever GENERAL.verify_ssl "
			"says."},
	{.name = "ca-file",
		.section = "UPLOAD",
		.value = "FILE",
		.file = &destination.ca_file,
		.marks = OPTION_SETTING_ONLY,
		.help = "Trust these authorities for uploads instead of GENERAL.ca_file."},
	{.name = "pin-sha256",
		.section = "UPLOAD",
		.value = "HEX",
		.text = &destination.pin_sha256,
		.marks = OPTION_SETTING_ONLY,
		.help = "Trust exactly the one certificate that has this SHA-256."},
	{.name = "allow-plain-ftp",
		.section = "UPLOAD",
		.flag = &destination.allow_plain_ftp,
		.fallback = "false",
		.marks = OPTION_SETTING_ONLY,
		.help = "Consent to plain FTP: password and pictures go unencrypted."},
	{0},
};

/* What a remote_settings borrows from. */
static struct remote_address address;
static char *host, *user;
static bool is_trapper; /* the destination is the host of GENERAL.host */

static void forget(void)
{
	remote_address_release(&address);
	free(host);
	free(user);
	host = user = NULL;
	is_trapper = false;
}

/* "host", "host:21", "[::1]:21", also after "https://" and before a path. *port stays without one.
 */
static char *host_of(const char *text, unsigned *port)
{
	const char *start = strstr(text, "://") == NULL ? text : strstr(text, "://") + 3;
	size_t length = strcspn(start, "/?#");
	const char *end = start + length;
	const char *stop = memchr(start, *start == '[' ? ']' : ':', length);
	const char *colon = *start == '[' && stop != NULL ? stop + 1 : stop;
	unsigned value = 0;

	if (stop == NULL)
		return xstrndup(start, length);
	if (*start == '[')
		start++;
	/* Two colons without brackets: an IPv6 address. */
	if (*stop == ':' && memchr(stop + 1, ':', (size_t)(end - stop - 1)) != NULL)
		return xstrndup(start, length);
	for (colon++; colon < end && isdigit((unsigned char)*colon) && value < 65536; colon++)
		value = value * 10 + (unsigned)(*colon - '0');
	if (value > 0 && value < 65536 && colon == end)
		*port = value;
	return xstrndup(start, (size_t)(stop - start));
}

static bool set_row(const char *section, const char *key, enum origin_level level)
{
	const struct option *row = option_find_setting(section, key, 0);

	return row != NULL && option_level(row) >= level;
}

/* The certificate settings of UPLOAD, else of GENERAL; the command line names GENERAL's. */
static void fill_trust(struct remote_settings *out)
{
	bool own_verify = set_row("UPLOAD", "verify_ssl", ORIGIN_FILE) &&
		!set_row("GENERAL", "verify_ssl", ORIGIN_COMMAND_LINE);
	bool own_ca =
		destination.ca_file != NULL && !set_row("GENERAL", "ca_file", ORIGIN_COMMAND_LINE);

	out->verify = own_verify ? destination.verify_ssl : general.verify_ssl;
	out->ca_file = own_ca ? destination.ca_file : general.ca_file;
	out->pin_sha256 = destination.pin_sha256;
}

static void fill_user(struct remote_settings *out, bool camera)
{
	const char *at = general.login == NULL ? NULL : strchr(general.login, '@');

	if (address.user != NULL) {
		out->user = address.user;
	} else if (destination.ftp_user != NULL) {
		out->user = destination.ftp_user;
	} else if (camera) {
		out->user = "camera";
	} else if (at != NULL) {
		user = xstrndup(general.login, (size_t)(at - general.login));
		out->user = user;
		out->user_alternative = general.login;
	} else {
		out->user = general.login;
	}
}

static void fill_host(struct remote_settings *out)
{
	unsigned ignored = 0;
	char *api = general.host == NULL ? NULL : host_of(general.host, &ignored);

	out->port = (unsigned)destination.ftp_port;
	if (address.host != NULL) {
		out->host = address.host;
		out->port = address.port == 0 ? 21 : address.port;
	} else if (destination.ftp_host != NULL) {
		host = host_of(destination.ftp_host, &out->port);
		out->host = host;
	} else if (api != NULL) {
		host = xstrdup(api);
		out->host = host;
	}
	/* An FTP host set beside GENERAL.host without a password of its own belongs to TRAPPER. */
	is_trapper = address.host == NULL || (api != NULL && strcasecmp(address.host, api) == 0);
	free(api);
}

static int check_consent(
	const struct remote_settings *out, bool from_url, bool insecure_ftp, struct error *err)
{
	if (out->scheme != REMOTE_FTP || insecure_ftp || destination.insecure_ftp ||
		destination.allow_plain_ftp)
		return 0;
	if (from_url)
		return error_set(err, ERROR_SETTINGS,
			"ftp:// sends the password and the pictures unencrypted: write ftps://; if "
			"that server really has no TLS, add --insecure-ftp or set "
			"UPLOAD.allow_plain_ftp = true");
	return error_set(err, ERROR_SETTINGS,
		"UPLOAD.ftp_tls = false sends the password and the pictures unencrypted: change it "
		"to ftp_tls = true below [UPLOAD] (TRAPPER's servers have TLS); if yours really "
		"has none, add --insecure-ftp or set UPLOAD.allow_plain_ftp = true");
}

/* Cameras write into the account's home, TRAPPER's packages into /collections. */
static const char *folder_of(bool camera)
{
	if (address.host != NULL && *address.folder != '\0')
		return camera && strcmp(address.folder, "/") == 0 ? "" : address.folder;
	return camera && !set_row("UPLOAD", "ftp_dir", ORIGIN_FILE) ? "" : destination.ftp_dir;
}

static int fill_network(
	struct remote_settings *out, bool camera, bool insecure_ftp, struct error *err)
{
	bool from_url = address.host != NULL;

	out->scheme = from_url ? address.scheme : destination.ftp_tls ? REMOTE_FTPS : REMOTE_FTP;
	fill_host(out);
	fill_user(out, camera);
	fill_trust(out);
	out->folder = folder_of(camera);
	out->passive = destination.ftp_passive;
	if (out->host == NULL || *out->host == '\0')
		return error_set(err, ERROR_SETTINGS,
			"no destination is set: set GENERAL.host (or UPLOAD.ftp_host), or give "
			"--to ftps://USER@HOST/FOLDER or --to file:///FOLDER");
	if (out->user == NULL || *out->user == '\0')
		return error_set(err, ERROR_SETTINGS,
			"no user for the upload to '%s' is set: set UPLOAD.ftp_user (or "
			"GENERAL.login)",
			out->host);
	return check_consent(out, from_url, insecure_ftp, err);
}

static int fill(struct remote_settings *out, const char *to_url, bool camera, bool insecure_ftp,
	struct error *err)
{
	const char *url = to_url != NULL ? to_url : destination.to;

	forget();
	*out = (struct remote_settings){
		.timeout = general.timeout, .max_runtime = general.max_runtime};
	if (url != NULL && remote_parse(url, &address, err) != 0) {
		/* A wrong --to is a wrong command line, a wrong setting a wrong setting. */
		if (to_url == NULL && !set_row("UPLOAD", "to", ORIGIN_COMMAND_LINE))
			err->kind = ERROR_SETTINGS;
		return error_context(err, "%s", to_url == NULL ? "UPLOAD.to" : "--to");
	}
	if (url == NULL || address.scheme != REMOTE_FILE)
		return fill_network(out, camera, insecure_ftp, err);
	out->scheme = REMOTE_FILE;
	out->folder = address.folder;
	return 0;
}

int destination_fill(
	struct remote_settings *out, const char *to_url, bool insecure_ftp, struct error *err)
{
	return fill(out, to_url, false, insecure_ftp, err);
}

int destination_fill_camera(struct remote_settings *out, struct error *err)
{
	return fill(out, NULL, true, false, err);
}

int destination_need_password(
	struct session *session, struct remote_settings *out, struct error *err)
{
	char *question;
	int result;

	out->password = NULL;
	if (out->scheme == REMOTE_FILE)
		return 0;
	if (secret_need(session, "UPLOAD.ftp_password", NULL, err) != 0)
		return -1;
	if (destination.ftp_password == NULL && is_trapper) {
		if (secret_need(session, "GENERAL.password", NULL, err) != 0)
			return -1;
		if (general.password != NULL) {
			out->password = general.password;
			return 0;
		}
	}
	question = xasprintf("FTP password of %s at %s", out->user, out->host);
	result = secret_need(session, "UPLOAD.ftp_password", question, err);
	free(question);
	out->password = destination.ftp_password;
	return result;
}
