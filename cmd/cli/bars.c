/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stages under way, drawn as bars or told in lines. */
#include "bars.h"

#include "console.h"
#include "trapkit/text.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define DRAW_EVERY (1.0 / 6)
#define FIRST_DRAW 0.5
#define BAR_CELLS 20
#define LINE_EVERY 30.0

static struct stage *find_stage(struct bars *bars, const char *name, bool make)
{
	struct stage *free_one = NULL;

	for (size_t i = 0; i < BARS_STAGES; i++) {
		struct stage *stage = &bars->stages[i];

		if (strncmp(stage->name, name, sizeof stage->name - 1) == 0 && *stage->name != '\0')
			return stage;
		if (*stage->name == '\0' && free_one == NULL)
			free_one = stage;
	}
	if (!make || free_one == NULL)
		return NULL;
	*free_one = (struct stage){0};
	snprintf(free_one->name, sizeof free_one->name, "%s", name);
	return free_one;
}

static void put_count(FILE *out, const struct stage *stage)
{
	if (stage->files_total > 0)
		fprintf(out, "%llu of %llu files", (unsigned long long)stage->files_done,
			(unsigned long long)stage->files_total);
	else if (stage->files_done > 0)
		fprintf(out, "%llu files", (unsigned long long)stage->files_done);
	if (stage->bytes_done > 0 || stage->bytes_total > 0) {
		char *done = text_size(stage->bytes_done);
		char *total = text_size(stage->bytes_total);

		fprintf(out, "%s%s%s%s", stage->files_done + stage->files_total > 0 ? ", " : "",
			done, stage->bytes_total > 0 ? " of " : "",
			stage->bytes_total > 0 ? total : "");
		free(done);
		free(total);
	}
}

static double fraction(const struct stage *stage)
{
	double part = -1;

	if (stage->bytes_total > 0)
		part = (double)stage->bytes_done / (double)stage->bytes_total;
	else if (stage->files_total > 0)
		part = (double)stage->files_done / (double)stage->files_total;
	return part > 1 ? 1 : part;
}

static void put_rate(FILE *out, const struct stage *stage, double now)
{
	double seconds = now - stage->began;
	uint64_t bytes = stage->bytes_done > stage->bytes_before
		? stage->bytes_done - stage->bytes_before
		: 0;
	double left = -1;

	if (seconds < 0.5)
		return;
	if (bytes > 0) {
		double rate = (double)bytes / seconds;
		char *text = text_size((uint64_t)rate);

		fprintf(out, ", %s/s", text);
		free(text);
		if (stage->bytes_total > stage->bytes_done)
			left = (double)(stage->bytes_total - stage->bytes_done) / rate;
	} else if (stage->files_done > 0) {
		double rate = (double)stage->files_done / seconds;

		fprintf(out, ", %.*f files/s", rate < 10 ? 1 : 0, rate);
		if (stage->files_total > stage->files_done)
			left = (double)(stage->files_total - stage->files_done) / rate;
	}
	if (left >= 0) {
		char *text = text_duration(left);

		fprintf(out, ", %s left", text);
		free(text);
	}
}

/*
 * "upload  [######    ]  60%  12 of 20 files, …" without a newline, cut to `width`: the figures
 * matter more than the length of the bar. All is ASCII.
 */
static void draw_stage(struct bars *bars, const struct stage *stage, size_t width, double now)
{
	char bar[BAR_CELLS + 1];
	double part = fraction(stage);
	char *figures = NULL, *line;
	size_t size, taken, cells;
	FILE *out = open_memstream(&figures, &size);

	if (out == NULL)
		return;
	put_count(out, stage);
	put_rate(out, stage, now);
	fclose(out);
	taken = strlen("upload    [] 100%  ") + size;
	cells = width > taken + BAR_CELLS ? BAR_CELLS : width > taken ? width - taken : 0;
	memset(bar, ' ', sizeof bar);
	bar[cells] = '\0';
	if (part >= 0)
		memset(bar, '#', (size_t)(part * (double)cells));
	line = part >= 0 && cells >= 4
		? xasprintf("%-9s [%s] %3d%%  %s", stage->name, bar, (int)(part * 100), figures)
		: xasprintf("%-9s  %s", stage->name, figures);
	fprintf(bars->out, "%.*s", (int)width, line);
	free(line);
	free(figures);
}

static size_t terminal_width(FILE *out)
{
	struct winsize size;

	if (ioctl(fileno(out), TIOCGWINSZ, &size) == 0 && size.ws_col > 10)
		return size.ws_col - 1u;
	return 79;
}

void bars_hide(struct bars *bars)
{
	if (bars->lines == 0)
		return;
	fputs("\r\033[K", bars->out);
	for (int i = 1; i < bars->lines; i++)
		fputs("\033[A\033[K", bars->out);
	bars->lines = 0;
	fflush(bars->out);
}

static void draw(struct bars *bars, double now)
{
	size_t width = terminal_width(bars->out);

	bars_hide(bars);
	for (size_t i = 0; i < BARS_STAGES; i++) {
		struct stage *stage = &bars->stages[i];

		if (*stage->name == '\0' || now - stage->began < FIRST_DRAW)
			continue;
		if (bars->lines++ > 0)
			fputc('\n', bars->out);
		draw_stage(bars, stage, width, now);
		stage->drawn = true;
	}
	fflush(bars->out);
	bars->drawn_at = now;
}

static void tell_line(struct bars *bars, const struct stage *stage, double now)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (out == NULL)
		return;
	fprintf(out, "%s: ", stage->name);
	put_count(out, stage);
	put_rate(out, stage, now);
	fputc('\n', out);
	fclose(out);
	fputs(text, bars->out);
	fflush(bars->out);
	free(text);
}

static void tell_json(struct bars *bars, const struct progress_event *event)
{
	static const char *const names[] = {"begin", "advance", "end"};
	cJSON *object = cJSON_CreateObject();
	char *text;

	cJSON_AddStringToObject(object, "event", names[event->kind]);
	cJSON_AddStringToObject(object, "stage", event->stage);
	cJSON_AddNumberToObject(object, "files_done", (double)event->files_done);
	cJSON_AddNumberToObject(object, "files_total", (double)event->files_total);
	cJSON_AddNumberToObject(object, "bytes_done", (double)event->bytes_done);
	cJSON_AddNumberToObject(object, "bytes_total", (double)event->bytes_total);
	text = cJSON_PrintUnformatted(object);
	if (text != NULL)
		fprintf(bars->out, "%s\n", text);
	fflush(bars->out);
	free(text);
	cJSON_Delete(object);
}

static void update(struct stage *stage, const struct progress_event *event)
{
	if (!stage->measured && event->kind == PROGRESS_BEGIN) {
		stage->bytes_before = event->bytes_done;
		stage->measured = true;
	}
	if (event->kind == PROGRESS_END && event->files_done == 0 && event->bytes_done == 0)
		return;
	stage->files_done = event->files_done;
	stage->bytes_done = event->bytes_done;
	if (event->files_total > 0)
		stage->files_total = event->files_total;
	if (event->bytes_total > 0)
		stage->bytes_total = event->bytes_total;
}

void bars_take(struct bars *bars, const struct progress_event *event, double now)
{
	struct stage *stage;

	if (bars->mode == BARS_NONE || event->stage == NULL)
		return;
	stage = find_stage(bars, event->stage, event->kind != PROGRESS_END);
	if (stage == NULL)
		return;
	if (stage->began == 0)
		stage->began = stage->reported = now;
	update(stage, event);
	if (bars->mode == BARS_JSON &&
		(event->kind != PROGRESS_ADVANCE || now - stage->reported >= DRAW_EVERY)) {
		tell_json(bars, event);
		stage->reported = now;
	}
	if (bars->mode == BARS_LINES && now - stage->reported >= LINE_EVERY &&
		now - bars->drawn_at >= LINE_EVERY) {
		tell_line(bars, stage, now);
		stage->reported = bars->drawn_at = now;
	}
	if (event->kind == PROGRESS_END) {
		bars_hide(bars);
		*stage->name = '\0';
	}
	if (bars->mode == BARS_DRAWN && now - bars->drawn_at >= DRAW_EVERY)
		draw(bars, now);
}
