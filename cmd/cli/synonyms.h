/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Names that trapper-tools and its relatives used, and what they are called here. */
#ifndef TRAPKIT_CMD_SYNONYMS_H
#define TRAPKIT_CMD_SYNONYMS_H

enum synonym_kind {
	SYNONYM_RENAMED, /* the value means the same */
	SYNONYM_IGNORED, /* read without complaint, of no use here */
	SYNONYM_SWITCH,  /* true = `value`, false = nothing */
	SYNONYM_OFF      /* false = `value`, true = nothing */
};

struct synonym {
	const char *section, *key;
	enum synonym_kind kind;
	const char *new_section, *new_key, *value;
};

/* NULL when the setting has no other name. Case is ignored. */
const struct synonym *synonym_of_setting(const char *section, const char *key);

/* The present name of an option; `name` itself when it has no other. */
const char *synonym_of_option(const char *name);

#endif
