/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Packages that were delivered and that their destination has lost: to be sent once more. */
#include "delivery.h"

#include "trapkit/text.h"
#include "trapkit/transfer.h"

#include <stdlib.h>
#include <string.h>

/* 1 = it is not there. A ZIP may be gone because the server took it in. */
static int is_lost(struct remote *remote, const char *yaml, const char *zip, struct error *err)
{
	int64_t yaml_size = -1, zip_size = -1;

	if (remote_size(remote, text_base_name(yaml), &yaml_size, err) != 0 ||
		remote_size(remote, text_base_name(zip), &zip_size, err) != 0)
		return -1;
	return yaml_size < 0 && zip_size < 0;
}

static int forget_sent(struct ledger *ledger, struct ledger_package *package, const char *yaml,
	const char *zip, const char *destination, struct error *err)
{
	if (ledger_remove_upload(ledger, destination, text_base_name(zip), err) != 0 ||
		ledger_remove_upload(ledger, destination, text_base_name(yaml), err) != 0)
		return -1;
	free(package->destination);
	free(package->task);
	package->destination = package->task = NULL;
	package->delivery = DELIVERY_NONE;
	package->trigger = TRIGGER_NONE;
	package->delivered = package->triggered = 0;
	return ledger_put_package(ledger, package, err);
}

int deliver_forget_lost(struct ledger *ledger, struct ledger_package *package,
	struct remote *remote, const char *destination, struct error *err)
{
	char *yaml, *zip;
	int lost;

	if (package->delivery != DELIVERY_DONE || package->destination == NULL ||
		strcmp(package->destination, destination) != 0)
		return 0;
	deliver_paths(package, &yaml, &zip);
	lost = is_lost(remote, yaml, zip, err);
	if (lost == 1 && forget_sent(ledger, package, yaml, zip, destination, err) != 0)
		lost = -1;
	free(yaml);
	free(zip);
	return lost;
}
