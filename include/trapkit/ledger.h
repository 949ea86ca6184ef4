/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The memory of a data path: every file seen, every package made, delivered and triggered. */
#ifndef TRAPKIT_LEDGER_H
#define TRAPKIT_LEDGER_H

#include "trapkit/model.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct error;

/*
 * An SQLite database `ledger.sqlite3` and a lock file `lock` in the work folder. Deleting it loses
 * no data, only the memory of what was done. Write-ahead log with synchronous FULL; on network and
 * FUSE file systems, where the log's shared memory cannot be relied on, a rollback journal. One
 * writer at a time, held by flock: it ends with the process, however that ends. One connection;
 * calls from several threads wait for each other, and for the end of another thread's transaction.
 * Not across fork().
 */
struct ledger;

enum ledger_mode {
	LEDGER_WRITE,  /* takes the lock, makes the folder and the database when missing */
	LEDGER_READ,   /* no lock; changes nothing; a missing database reads as empty */
	LEDGER_SCRATCH /* a private temporary copy of what the ledger on disk knows, dropped at
			  close: for dry runs; the work folder is neither made nor changed */
};

/*
 * ERROR_BUSY names host, pid and start of whoever holds the lock, after waiting `wait_lock`
 * seconds; a signal that arrives during the wait makes it ERROR_CANCELLED. A database that is not
 * one, or cut short by a crash, is set aside as `ledger.sqlite3.damaged-N` and begun anew, with a
 * warning through `warning` (may be NULL); without LEDGER_WRITE it stays and reads as empty. One
 * made by a newer trapkit is ERROR_INPUT.
 */
struct ledger *ledger_open(const char *work_folder, enum ledger_mode mode, double wait_lock,
	void (*warning)(void *context, const char *message), void *context, struct error *err);
void ledger_close(struct ledger *ledger);

/*
 * Many changes in one commit. Changes outside begin/commit are committed one by one. Nesting is not
 * allowed. A commit is on the disk when the call returns; closing without one rolls back.
 */
int ledger_begin(struct ledger *ledger, struct error *err);
int ledger_commit(struct ledger *ledger, struct error *err);
void ledger_rollback(struct ledger *ledger);

/* ---- files ---- */

/*
 * What survey found: the media files that are there and could be read. Paths are bytes, whatever
 * their encoding. Of a resource, `path` must be "collection/deployment/rest" and `name` the rest
 * with `_` for `/` (ERROR_INPUT else); a deployment holds each name once.
 */

/*
 * Adds the file or replaces the one of that name. Without a SHA-256 in `resource` the stored one is
 * kept when path, size and mtime are equal and the stored file was not racy; else it is dropped.
 */
int ledger_put_file(struct ledger *ledger, const struct resource *resource, struct error *err);
/* ERROR_INPUT when the file is not in the ledger. */
int ledger_put_sha256(struct ledger *ledger, const char *path, const uint8_t sha256[SHA256_SIZE],
	struct error *err);
/* Removing what is not there is no error. */
int ledger_remove_file(struct ledger *ledger, const char *path, struct error *err);
/* Forgets all files of the deployment. */
int ledger_remove_deployment(
	struct ledger *ledger, const char *collection, const char *deployment, struct error *err);
/* 1 = `resource` filled, release it with resource_release(); 0 = not there. */
int ledger_get_file(
	struct ledger *ledger, const char *path, struct resource *resource, struct error *err);

/* Walks files in bytewise order of (collection, deployment, name). */
struct ledger_files;
/*
 * NULL for all collections; NULL for all deployments. Any change of the ledger is allowed between
 * calls, also of the file just returned.
 */
struct ledger_files *ledger_files_open(
	struct ledger *ledger, const char *collection, const char *deployment, struct error *err);
/*
 * The same in half the time, of each file only what shows whether it is another now and what is
 * counted: texts, size, mtime_ns, racy, type, trouble, taken. The rest is as when not told.
 */
struct ledger_files *ledger_files_open_brief(
	struct ledger *ledger, const char *collection, const char *deployment, struct error *err);
/* 1 = `resource` filled (its texts stay valid until the next call; do not release), 0 = end. */
int ledger_files_next(struct ledger_files *files, struct resource *resource, struct error *err);
void ledger_files_close(struct ledger_files *files);

struct ledger_deployment_list {
	struct ledger_deployment {
		char *collection, *deployment; /* owned */
		uint64_t files, bytes;
	} * items;
	size_t count, capacity;
};
/* Deployments that have files, in bytewise order of (collection, deployment); NULL for all. */
int ledger_deployments(struct ledger *ledger, const char *collection,
	struct ledger_deployment_list *list, struct error *err);
/* The same without counting (both 0), and also those that lost their last file: cheap. */
int ledger_folders(struct ledger *ledger, const char *collection,
	struct ledger_deployment_list *list, struct error *err);
void ledger_deployment_list_release(struct ledger_deployment_list *list);

/* ---- renditions ---- */

/* A web-friendly copy of a file. Texts are owned. */
struct ledger_rendition {
	/* The original's, relative to the data path; of a mirror tree (convert --output-path) the
	   mirror's absolute path before it, so that package does not take it. */
	char *path;
	uint64_t size;    /* the original's, when the rendition was made */
	int64_t mtime_ns; /* likewise */
	char *settings;   /* what it was made with: other settings = out of date */
	char *rendition;  /* path of the rendition, relative to the work folder or absolute */
	uint64_t rendition_size; /* bytes */
	bool has_sha256;
	uint8_t sha256[SHA256_SIZE]; /* the original's */
};
void ledger_rendition_release(struct ledger_rendition *rendition);
/* One per original: replaces. */
int ledger_put_rendition(
	struct ledger *ledger, const struct ledger_rendition *rendition, struct error *err);
/* 1 found, 0 not. */
int ledger_get_rendition(struct ledger *ledger, const char *path,
	struct ledger_rendition *rendition, struct error *err);
/*
 * The first behind `after` ("" = of all), in bytewise order of paths, whose settings hold the text
 * `part` or, without `with`, do not: 1 found, 0 not.
 */
int ledger_next_rendition(struct ledger *ledger, const char *after, const char *part, bool with,
	struct ledger_rendition *rendition, struct error *err);
int ledger_remove_rendition(struct ledger *ledger, const char *path, struct error *err);

/* ---- what holds for the whole data path ---- */

/* Whose pictures may leave only blurred: "human", "vehicle" or "human,vehicle"; not there = none.
 */
#define LEDGER_BLUR "blur"
/* Why the ledger before this one was set aside: what was delivered is not known. */
#define LEDGER_LOST "lost"

/* *value is owned, NULL when there is no such note. */
int ledger_get_note(struct ledger *ledger, const char *key, char **value, struct error *err);
/* NULL takes it away. */
int ledger_put_note(struct ledger *ledger, const char *key, const char *value, struct error *err);

/* ---- packages, deliveries, triggers ---- */

enum package_state { PACKAGE_PLANNED, PACKAGE_WRITTEN };
enum delivery_state { DELIVERY_NONE, DELIVERY_STARTED, DELIVERY_DONE };
enum trigger_state {
	TRIGGER_NONE,
	TRIGGER_POSTING, /* set and committed before the request leaves */
	TRIGGER_UNKNOWN, /* the reply was lost */
	TRIGGER_DONE
};

/* One YAML and one ZIP. Texts are owned; NULL when not known. */
struct ledger_package {
	int64_t id;           /* 0 = not stored yet */
	char *name;           /* "winter_part001": the file names without suffix */
	char *set;            /* "winter": what the parts of one package call share */
	unsigned part, parts; /* 1-based; 1 of 1 when not split */
	/* Where yaml and zip lie, absolute. Below the data path it is kept relative to it: a disk
	   that comes back under another name takes its packages along. */
	char *folder;
	char *fingerprint; /* hex SHA-256 of the set's inputs and settings: same = up to date */
	char *collections; /* names of the collections in it, one a line */
	enum package_state state;
	uint64_t files, media_bytes;
	uint64_t yaml_size, zip_size;
	char *yaml_sha256, *zip_sha256; /* hex, once written */
	/* When the newer of its files changed last (inode), nanoseconds since 1970; 0 = not known.
	   A file that changed later is read again before it is taken for the one with this digest.
	 */
	int64_t changed_ns;
	char *destination; /* URL without password of the delivery below */
	enum delivery_state delivery;
	int64_t delivered; /* seconds since 1970, 0 = not */
	enum trigger_state trigger;
	int64_t triggered;
	/*
	 * What the server said to the trigger. While the trigger is POSTING or UNKNOWN: what the
	 * server showed before it, one "COUNT COLLECTION" a line (-1 = not there, -2 = not told).
	 */
	char *task;
	bool recorded; /* which files it holds is known: ledger_packaged() */
	char *blur;    /* the ledger's LEDGER_BLUR when it was packaged; NULL = there was none */
};

void ledger_package_release(struct ledger_package *package);
/* Inserts (id 0: sets id) or updates by id (ERROR_INPUT when there is none). */
int ledger_put_package(struct ledger *ledger, struct ledger_package *package, struct error *err);
int ledger_remove_package(struct ledger *ledger, int64_t id, struct error *err);

struct ledger_package_list {
	struct ledger_package *items;
	size_t count, capacity;
};
/* True when a collection is in both; each as `collections` above. */
bool ledger_shares_collection(const char *left, const char *right);
/* 1 = `package` filled, release it with ledger_package_release(); 0 = not there. */
int ledger_get_package(
	struct ledger *ledger, int64_t id, struct ledger_package *package, struct error *err);
/* 1 = a part of its set (name, folder, fingerprint) is on its way or delivered; 0 = none is. */
int ledger_is_set_begun(
	struct ledger *ledger, const struct ledger_package *package, struct error *err);
/* All packages, oldest first, parts in order: not for every one of many. */
int ledger_packages(struct ledger *ledger, struct ledger_package_list *list, struct error *err);
void ledger_package_list_release(struct ledger_package_list *list);

/*
 * Which files a package holds: what they were when it was written. Kept when the files are gone.
 */
struct ledger_packaged {
	const char *collection, *deployment; /* when put; NULL when listed */
	char *name;                          /* as in struct resource; owned when listed */
	int64_t package;                     /* id, when listed */
	uint64_t size;                       /* bytes, the original's */
	int64_t mtime_ns;                    /* likewise */
	bool has_sha256;
	uint8_t sha256[SHA256_SIZE]; /* likewise */
};
int ledger_put_packaged(struct ledger *ledger, int64_t package, const struct ledger_packaged *file,
	struct error *err);
/* All files of the package; 0 = those of all packages that are no longer there. */
int ledger_forget_packaged(struct ledger *ledger, int64_t package, struct error *err);

struct ledger_packaged_list {
	struct ledger_packaged *items;
	size_t count, capacity;
};
/* Adds the packaged files of one deployment in bytewise order of names; a name may come twice. */
int ledger_packaged(struct ledger *ledger, const char *collection, const char *deployment,
	struct ledger_packaged_list *list, struct error *err);
void ledger_packaged_list_release(struct ledger_packaged_list *list);
/* In which other packages files of one are looked for. */
enum ledger_others {
	LEDGER_BEGUN, /* those whose delivery was begun */
	LEDGER_LATER  /* those that were planned after it and are written */
};
/*
 * 1 = files of this package are, the same, in others: *set (owned) names the set that holds most of
 * them, *files counts them over all sets. 0 = none.
 */
int ledger_packaged_twice(struct ledger *ledger, int64_t package, enum ledger_others others,
	char **set, uint64_t *files, struct error *err);

/*
 * Uploads under way, by destination and remote name: what is needed to resume after a crash, and
 * never to resume onto other bytes. Names with a leading slash are no files: "/" marks a
 * destination that refuses to rename, "/collection/NAME" holds in `size` how many resources the
 * collection had before the first trigger.
 */
struct ledger_upload {
	char *destination; /* URL of the folder, without password */
	char *remote_name; /* final name */
	char *temporary;   /* name it is sent under */
	char *sha256;      /* hex, of the local file that is being sent */
	uint64_t size;
	bool renaming; /* the temporary name was verified and the rename asked for */
	bool done;
};
void ledger_upload_release(struct ledger_upload *upload);
int ledger_put_upload(struct ledger *ledger, const struct ledger_upload *upload, struct error *err);
/* 1 found, 0 not. */
int ledger_get_upload(struct ledger *ledger, const char *destination, const char *remote_name,
	struct ledger_upload *upload, struct error *err);
/* Removing what is not there is no error. */
int ledger_remove_upload(
	struct ledger *ledger, const char *destination, const char *remote_name, struct error *err);

/* ---- single files sent as a camera sends them ---- */

enum camera_file_state {
	CAMERA_FILE_SENDING,  /* under a hidden name */
	CAMERA_FILE_RENAMING, /* whole under the hidden name; the rename was asked for */
	CAMERA_FILE_STORING,  /* under its own name, which a service may take at any moment */
	CAMERA_FILE_SENT
};

/*
 * Known by its contents, so that a renamed file is not sent again. Committed before the bytes
 * leave. Texts are owned.
 */
struct ledger_camera_file {
	char *destination; /* URL of the folder, without password */
	char sha256[SHA256_HEX_SIZE];
	char *place;  /* path on the server where it belongs to the contents, else "" */
	char *remote; /* path on the server that it was sent to */
	uint64_t size;
	enum camera_file_state state;
	int64_t changed; /* when it got there, seconds since 1970 */
};
void ledger_camera_file_release(struct ledger_camera_file *file);
int ledger_put_camera_file(
	struct ledger *ledger, const struct ledger_camera_file *file, struct error *err);
/* 1 found, 0 not. */
int ledger_get_camera_file(struct ledger *ledger, const char *destination, const char *sha256,
	const char *place, struct ledger_camera_file *file, struct error *err);
/* Removing what is not there is no error. */
int ledger_remove_camera_file(struct ledger *ledger, const char *destination, const char *sha256,
	const char *place, struct error *err);

#ifdef __cplusplus
}
#endif

#endif
