/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The report as one HTML page that needs nothing but itself. */
#include "report_parts.h"
#include "report_style.h"
#include "trapkit/text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Rows of the table of packages: the newest. */
#define MOST_PACKAGES 200

static const char *plural(uint64_t count)
{
	return count == 1 ? "" : "s";
}

static void put_utc(FILE *out, int64_t utc)
{
	report_time(out, utc);
	fputs(" UTC", out);
}

static void put_size(FILE *out, uint64_t bytes)
{
	char *text = text_size(bytes);

	fputs(text, out);
	free(text);
}

static void put_head(FILE *out, const char *title)
{
	fputs(REPORT_BEGINNING
		"<html lang=\"en\"><head><meta charset=\"utf-8\">"
		"<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">"
		"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"
		"img-src data:;style-src 'unsafe-inline'\"><title>",
		out);
	report_text(out, title);
	fprintf(out, " \u2013 camera-trap report</title><style>%s%s</style></head><body>\n",
		report_style, report_style_narrow);
}

/* ---- the head of the page ---- */

static void put_period(FILE *out, const struct report *report)
{
	int64_t first = 0, last = 0;
	bool dated = false;

	for (size_t i = 0; i < report->deployments.count; i++) {
		const struct report_deployment *deployment = &report->deployments.items[i];

		if (!deployment->dated)
			continue;
		first = !dated || deployment->first < first ? deployment->first : first;
		last = !dated || deployment->last > last ? deployment->last : last;
		dated = true;
	}
	fputs("<p class=\"quiet\">", out);
	if (dated) {
		report_day(out, first);
		fputs(" to ", out);
		report_day(out, last);
		fputs(", by the cameras\u2019 clocks", out);
	} else {
		fputs("No file has a date", out);
	}
	fputs("</p>\n", out);
}

static void put_number(FILE *out, const char *name, uint64_t number, const char *more)
{
	fprintf(out, "<div><dt>%s</dt><dd>%" PRIu64 "<small>%s</small></dd></div>", name, number,
		more);
}

static void put_numbers(FILE *out, const struct report *report)
{
	char of[64];

	fputs("<dl class=\"numbers\">", out);
	put_number(out, "Deployments", report->deployments.count, "");
	put_number(out, "Pictures", report->files - report->videos, "");
	put_number(out, "Videos", report->videos, "");
	fputs("<div><dt>Size</dt><dd>", out);
	put_size(out, report->bytes);
	fputs("</dd></div>", out);
	snprintf(of, sizeof of, " of %" PRIu64, report->files);
	put_number(out, "Delivered", report->delivered, of);
	fputs("</dl>\n", out);
}

static void put_warnings(FILE *out, const struct report *report)
{
	const struct template_result *checks = &report->checks;
	bool begun = false;

	for (size_t i = 0; i < checks->deployments.count; i++) {
		const struct template_deployment *deployment = &checks->deployments.items[i];

		if (deployment->warnings.count == 0)
			continue;
		if (!begun)
			fputs("<section><h2>To look at</h2><ul class=\"warnings\">", out);
		begun = true;
		fprintf(out, "<li><a href=\"#d%zu\">", i + 1);
		report_text(out, deployment->folder);
		fputs("</a>: ", out);
		report_text(out, deployment->warnings.items[0]);
		if (deployment->warnings.count > 1)
			fprintf(out, "; and %zu more", deployment->warnings.count - 1);
		fputs("</li>", out);
	}
	if (begun)
		fputs("</ul></section>\n", out);
}

/* ---- deliveries ---- */

static void put_state(FILE *out, const struct ledger_package *package)
{
	static const char *const requests[] = {
		[TRIGGER_NONE] = "",
		[TRIGGER_POSTING] = ", the answer to the processing request is awaited",
		[TRIGGER_UNKNOWN] = ", whether processing was started is not known",
		[TRIGGER_DONE] = ", processing was started",
	};

	if (package->delivery == DELIVERY_DONE) {
		fputs("delivered <span class=\"date\">", out);
		put_utc(out, package->delivered);
		fputs("</span>", out);
		fputs(requests[package->trigger], out);
	} else if (package->delivery == DELIVERY_STARTED) {
		fputs("<strong>on its way: run trapkit upload again</strong>", out);
	} else if (package->state == PACKAGE_WRITTEN) {
		fputs("<strong>not sent</strong>", out);
	} else {
		fputs("<strong>not finished: run trapkit package again</strong>", out);
	}
}

static void put_deliveries(FILE *out, const struct report *report)
{
	size_t count = report->packages.count;

	fputs("<section><h2>Deliveries</h2>", out);
	if (report->files > report->delivered)
		fprintf(out, "<p>%" PRIu64 " file%s %s not delivered.</p>",
			report->files - report->delivered,
			plural(report->files - report->delivered),
			report->files - report->delivered == 1 ? "was" : "were");
	if (count > 0)
		fputs("<div class=\"table\"><table><thead><tr><th>Package<th class=\"count\">Files"
		      "<th class=\"count\">Size<th>State<th>Destination</thead><tbody>",
			out);
	for (size_t i = count > MOST_PACKAGES ? count - MOST_PACKAGES : 0; i < count; i++) {
		const struct ledger_package *package = &report->packages.items[i];

		fputs("<tr><td>", out);
		report_text(out, package->name);
		fprintf(out, "<td class=\"count\">%" PRIu64 "<td class=\"count\">", package->files);
		put_size(out, package->zip_size > 0 ? package->zip_size : package->media_bytes);
		fputs("<td>", out);
		put_state(out, package);
		fputs("<td>", out);
		report_text(out, package->destination == NULL ? "" : package->destination);
	}
	fputs(count > 0 ? "</tbody></table></div></section>\n" : "</section>\n", out);
}

/* ---- overview ---- */

static void put_overview(FILE *out, const struct report *report)
{
	fputs("<section><h2>Deployments</h2><div class=\"table\"><table><thead><tr><th>Deployment"
	      "<th>First<th>Last<th class=\"count\">Pictures<th class=\"count\">Videos"
	      "<th class=\"count\">Delivered</thead><tbody>",
		out);
	for (size_t i = 0; i < report->deployments.count; i++) {
		const struct report_deployment *deployment = &report->deployments.items[i];

		fprintf(out, "<tr><td>%zu&ensp;<a href=\"#d%zu\">", i + 1, i + 1);
		report_text(out, deployment->name);
		fputs("</a><td class=\"date\">", out);
		if (deployment->dated)
			report_time(out, deployment->first);
		fputs("<td class=\"date\">", out);
		if (deployment->dated)
			report_time(out, deployment->last);
		fprintf(out,
			"<td class=\"count\">%" PRIu64 "<td class=\"count\">%" PRIu64
			"<td class=\"count\">%" PRIu64 " of %" PRIu64,
			deployment->files - deployment->videos, deployment->videos,
			deployment->delivered, deployment->files);
	}
	fputs("</tbody></table></div></section>\n", out);
}

/* ---- one deployment ---- */

static void put_facts(FILE *out, const struct report_deployment *deployment,
	const struct template_deployment *check)
{
	fputs("<p class=\"quiet\">", out);
	if (deployment->dated) {
		report_time(out, deployment->first);
		fputs(" to ", out);
		report_time(out, deployment->last);
		fputs(" \u00b7 ", out);
	}
	fprintf(out, "%" PRIu64 " picture%s", deployment->files - deployment->videos,
		plural(deployment->files - deployment->videos));
	if (deployment->videos > 0)
		fprintf(out, ", %" PRIu64 " video%s", deployment->videos,
			plural(deployment->videos));
	fputs(", ", out);
	put_size(out, deployment->bytes);
	if (deployment->damaged > 0)
		fprintf(out, ", %" PRIu64 " damaged", deployment->damaged);
	fprintf(out, " \u00b7 %" PRIu64 " delivered", deployment->delivered);
	for (size_t i = 0; i < check->cameras.count; i++) {
		fputs(i == 0 ? " \u00b7 " : ", ", out);
		report_text(out, check->cameras.items[i]);
	}
	fputs("</p>", out);
}

static void put_own_warnings(FILE *out, const struct template_deployment *check)
{
	if (check->warnings.count == 0)
		return;
	fputs("<ul class=\"warnings\">", out);
	for (size_t i = 0; i < check->warnings.count; i++) {
		fputs("<li>", out);
		report_text(out, check->warnings.items[i]);
		fputs("</li>", out);
	}
	fputs("</ul>", out);
}

static void put_found(
	FILE *out, const struct report *report, const struct report_deployment *deployment)
{
	if (deployment->looked_at == 0)
		return;
	fprintf(out, "<p>A detector looked at %" PRIu64 " file%s: ", deployment->looked_at,
		plural(deployment->looked_at));
	for (size_t i = 0; i < report->detections.category_count && i < REPORT_CATEGORIES; i++) {
		if (deployment->categories[i] == 0)
			continue;
		report_text(out, report->detections.categories[i]);
		fprintf(out, " in %" PRIu64 ", ", deployment->categories[i]);
	}
	fprintf(out, "nothing in %" PRIu64 ".</p>", deployment->blank);
}

/* The boxes over the picture, which keeps its shape. */
static void put_boxes(FILE *out, const struct report *report, const struct report_picture *picture)
{
	const struct indexed_image *found = picture->found;
	bool video = media_type_is_video(picture->facts.type);

	fputs("<svg viewBox=\"0 0 100 100\" preserveAspectRatio=\"none\">", out);
	for (size_t i = 0; i < found->count; i++) {
		const struct indexed_box *box = &found->boxes[i];

		if (video && box->frame != picture->frame)
			continue;
		fprintf(out, "<rect x=\"%.3g\" y=\"%.3g\" width=\"%.3g\" height=\"%.3g\"><title>",
			100 * box->x, 100 * box->y, 100 * box->width, 100 * box->height);
		report_text(out, report->detections.categories[box->category]);
		fprintf(out, " %.0f %%</title></rect>", 100 * box->confidence);
	}
	fputs("</svg>", out);
}

static void put_image(FILE *out, const struct report *report, const struct report_picture *picture)
{
	fprintf(out,
		"<span class=\"shot\"><img width=\"%" PRIu32 "\" height=\"%" PRIu32 "\" alt=\"",
		picture->width, picture->height);
	report_text(out, text_base_name(picture->path));
	fputs("\" src=\"data:image/jpeg;base64,", out);
	report_base64(out, picture->jpeg, picture->jpeg_size);
	fputs("\">", out);
	if (report_has_boxes(picture))
		put_boxes(out, report, picture);
	if (media_type_is_video(picture->facts.type)) {
		char *length = isnan(picture->facts.duration)
			? xstrdup("")
			: text_duration(picture->facts.duration);

		fprintf(out, "<span class=\"video\">%s</span>", length);
		free(length);
	}
	fputs("</span>", out);
}

static void put_missing(FILE *out, const struct report_picture *picture)
{
	fprintf(out, "<span class=\"missing\">%s<br>cannot be shown</span>",
		media_type_is_video(picture->facts.type) ? "Video" : "Picture");
}

static void put_picture(
	FILE *out, const struct report *report, const struct report_picture *picture)
{
	fputs("<figure>", out);
	if (picture->jpeg != NULL)
		put_image(out, report, picture);
	else
		put_missing(out, picture);
	fputs("<figcaption>", out);
	if (picture->dated)
		report_time(out, picture->local);
	/* What cannot be looked at here is looked for by its name. */
	if (picture->dated && picture->jpeg == NULL)
		fputs("<br>", out);
	if (!picture->dated || picture->jpeg == NULL)
		report_text(out, text_base_name(picture->path));
	if (report_has_boxes(picture)) {
		const struct indexed_box *best = &picture->found->boxes[0];

		fputs("<br>", out);
		report_text(out, report->detections.categories[best->category]);
		fprintf(out, " %.0f&nbsp;%%", 100 * best->confidence);
	}
	fputs("</figcaption></figure>", out);
}

static void put_strip(
	FILE *out, const struct report *report, const struct report_deployment *deployment)
{
	bool begun = false;

	for (size_t i = 0; i < deployment->pictures.count; i++) {
		const struct report_picture *picture = &deployment->pictures.items[i];

		if (picture->jpeg == NULL && !picture->failed)
			continue;
		if (!begun)
			fputs("<div class=\"strip\">", out);
		begun = true;
		put_picture(out, report, picture);
	}
	if (begun)
		fputs("</div>", out);
}

static void put_deployment(FILE *out, const struct report *report, size_t index)
{
	const struct report_deployment *deployment = &report->deployments.items[index];
	const struct template_deployment *check = &report->checks.deployments.items[index];

	fprintf(out, "<section id=\"d%zu\"><h2>%zu&ensp;", index + 1, index + 1);
	report_text(out, deployment->name);
	fputs(" <small>", out);
	report_text(out, deployment->collection);
	fputs("</small></h2>", out);
	put_facts(out, deployment, check);
	put_own_warnings(out, check);
	put_found(out, report, deployment);
	put_strip(out, report, deployment);
	if (deployment->dated) {
		fputs("<div class=\"charts\">", out);
		report_days(out, deployment);
		report_hours(out, deployment);
		report_curves(out, deployment);
		fputs("</div>", out);
	}
	fputs("</section>\n", out);
}

void report_page(FILE *out, const struct report *report)
{
	put_head(out, report->settings->title);
	fputs("<header><p class=\"kind quiet\">Camera-trap report</p><h1>", out);
	report_text(out, report->settings->title);
	fputs("</h1>", out);
	put_period(out, report);
	put_numbers(out, report);
	fputs("</header>\n", out);
	put_warnings(out, report);
	put_deliveries(out, report);
	report_map(out, report);
	put_overview(out, report);
	for (size_t i = 0; i < report->deployments.count; i++)
		put_deployment(out, report, i);
	fputs("<footer>Made by trapkit " TRAPKIT_VERSION ", ", out);
	put_utc(out, report->settings->now);
	fputs(". Times are those of the cameras\u2019 clocks where nothing else is said.</footer>"
	      "</body></html>\n",
		out);
}
