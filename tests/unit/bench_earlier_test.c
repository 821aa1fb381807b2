/* SPDX-License-Identifier: MIT */
/*
 * bench_earlier_test.c - dune-bench's reading of figures from files that may hold anything
 *
 * SOURCES: apps/bench/earlier.c apps/bench/json.c apps/bench/output.c
 * CFLAGS: -D_GNU_SOURCE -Iapps/bench
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench.h"
#include "tap.h"

#define ROW(name) "{\"name\": \"" name "\", \"native\": 2, \"dune\": 1.5, \"n\": 3}"
#define WITH(member) "[{\"name\": \"a\", \"native\": 2, \"dune\": 1.5, \"n\": 3, " member "}]"
/* A figure whose member @key, which it has to have, is @value. */
#define NATIVE(value) "[{\"name\": \"a\", \"native\": " value ", \"dune\": 1.5, \"n\": 3}]"
#define COUNT(value) "[{\"name\": \"a\", \"native\": 2, \"dune\": 1.5, \"n\": " value "}]"
#define NAME(value) "[{\"name\": " value ", \"native\": 2, \"dune\": 1.5, \"n\": 3}]"

static char path[] = "/tmp/bench_earlier_test.XXXXXX", said_path[] = "/tmp/bench_earlier_said.XXXXXX";
static struct result *results;
static char machine[1024], said[4096];

/* Standard output or error into a file; what it was. */
static int redirect(int fd, const char *to)
{
	int was, file;

	fflush(NULL);
	was = dup(fd);
	file = open(to, O_WRONLY | O_TRUNC);
	dup2(file, fd);
	close(file);
	return was;
}

static void restore(int fd, int was)
{
	fflush(NULL);
	dup2(was, fd);
	close(was);
}

static void write_bytes(const char *text, size_t length)
{
	FILE *f = fopen(path, "w");

	fwrite(text, 1, length, f);
	fclose(f);
}

/* What earlier_read() makes of @file; what it says is in said[]. */
static int read_file(const char *file)
{
	int was = redirect(2, said_path), n;
	FILE *f;

	free(results);
	n = earlier_read(file, &results, machine, sizeof(machine));
	restore(2, was);
	f = fopen(said_path, "r");
	said[fread(said, 1, sizeof(said) - 1, f)] = '\0';
	fclose(f);
	return n;
}

static int read_text(const char *text)
{
	write_bytes(text, strlen(text));
	return read_file(path);
}

/* It is refused at this place, for a reason in which these words are. */
static bool refused(const char *text, const char *place, const char *words)
{
	char start[128];

	snprintf(start, sizeof(start), "dune-bench: %s:%s: ", path, place);
	if (read_text(text) == -1 && !results && !strncmp(said, start, strlen(start)) &&
	    strstr(said, words) && strstr(said, "is not what dune-bench --json printed\n"))
		return true;
	printf("# said: %s\n", said);
	return false;
}

static void whole(void)
{
	CHECK(read_text("[" ROW("a") ",\n" ROW("b-2") "]\n") == 2);
	CHECK(!*said);
	CHECK(!strcmp(results[1].name, "b-2") && results[1].native.ticks == 2);
	CHECK(results[1].dune.ticks == 1.5 && results[1].dune.n == 3);
	CHECK(results[1].dune.exits == NOT_MEASURED && results[1].native.p10 == NOT_MEASURED);
	CHECK(earlier_find(results, 2, "b-2") == &results[1]);
	CHECK(!earlier_find(results, 2, "b"));
	/* Written by another program: space elsewhere, more members, other numbers. */
	CHECK(read_text(" [ { \"n\" :3,\"dune\": null ,\"name\":\"a\" , \"native\":-2.5e-1,"
			"\"later\": true, \"text\": \"\"\t}\r\n] ") == 1);
	CHECK(results[0].native.ticks == -0.25 && results[0].dune.ticks == NOT_MEASURED);
	CHECK(read_text(WITH("\"machine\": \"here; there\", \"what\": \"it\"")) == 1);
	CHECK(!strcmp(machine, "here; there") && !strcmp(results[0].what, "it"));
}

/* Each beginning of a good file is no good file, and says where it ends. */
static void truncated(void)
{
	static const char text[] = "[\n" WITH("\"exits\": null, \"machine\": \"m\"");
	size_t length, bad = 0;

	for (length = 0; length < strlen(text + 2); length++) {
		write_bytes(text + 2, length);
		bad += read_file(path) != -1 || !strstr(said, "printed\n");
	}
	CHECK(bad == 0);
	CHECK(refused("", "1:1", "the file ends where '[' should be"));
	CHECK(refused("[", "1:2", "the file ends where '{' should be"));
	CHECK(refused("[\n" ROW("a") ",", "2:49", "the file ends where '{' should be"));
	CHECK(refused("[" ROW("a"), "1:49", "the file ends where ']' should be"));
	CHECK(refused("[{\"name\": \"a", "1:13", "the file ends within a string"));
}

static void wrong_types(void)
{
	CHECK(refused(ROW("a"), "1:1", "'{' is where '[' should be"));
	CHECK(refused("[]", "1:2", "']' is where '{' should be"));
	CHECK(refused("[1]", "1:2", "'1' is where '{' should be"));
	CHECK(refused("[{}]", "1:3", "'}' is where '\"' should be"));
	CHECK(refused("[" ROW("a") ", " ROW("a") "]", "1:98", "the figure a a second time"));
	CHECK(refused("[" ROW("a") "] x", "1:51", "more after the figures"));
	CHECK(refused("[" ROW("a") "]" ROW("b"), "1:50", "more after the figures"));
	CHECK(refused("[" ROW("a") ",]", "1:50", "']' is where '{' should be"));
	CHECK(refused(NATIVE("\"2\""), "1:29", "\"native\" should be a number or null"));
	CHECK(refused(NATIVE("true"), "1:30", "\"native\" should be a number or null"));
	CHECK(refused(NATIVE("[2]"), "1:26", "'[' is where a plain value should be"));
	CHECK(refused(NATIVE("{}"), "1:26", "'{' is where a plain value should be"));
	CHECK(refused(COUNT("null"), "1:51", "\"n\" should be a number of operations"));
	CHECK(refused(COUNT("-1"), "1:49", "\"n\" should be a number of operations"));
	CHECK(refused(WITH("\"what\": 5"), "1:59", "\"what\" should be a string"));
	CHECK(refused(WITH("\"machine\": null"), "1:65", "\"machine\" should be a string"));
	CHECK(refused(WITH("\"exits\": 1, \"exits\": 2"), "1:72", "\"exits\" a second time"));
}

static void missing(void)
{
	CHECK(refused("[{\"native\": 2, \"dune\": 1, \"n\": 3}]", "1:34", "has no \"name\""));
	CHECK(refused("[{\"name\": \"a\", \"dune\": 1, \"n\": 3}]", "1:34", "a has no \"native\""));
	CHECK(refused("[{\"name\": \"a\", \"native\": 1, \"n\": 3}]", "1:36", "a has no \"dune\""));
	CHECK(refused("[{\"name\": \"a\", \"native\": 1, \"dune\": 3}]", "1:39", "a has no \"n\""));
	CHECK(refused(NAME("\"\""), "1:13", "\"\" is no figure's name"));
	CHECK(refused(NAME("\"a,b\""), "1:16", "\"a,b\" is no figure's name"));
	CHECK(refused(NAME("null"), "1:15", "\"name\" should be a string"));
}

static void numbers(void)
{
	static const char *const none[] = { "nan", "inf", "0x10", "+1", "-", ".5", "01", "1.", "1e",
					    "1e+", "--1", "nul", "tru", "'1'", "" };
	char text[128], number[400];
	unsigned int i;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		snprintf(text, sizeof(text), NATIVE("%s"), none[i]);
		CHECK(read_text(text) == -1);
	}
	CHECK(refused(NATIVE("1e300"), "1:26", "too large for a figure"));
	CHECK(refused(NATIVE("-1e300"), "1:26", "too large for a figure"));
	CHECK(refused(NATIVE("1e99999"), "1:26", "too large for a figure"));
	CHECK(refused(COUNT("1e19"), "1:47", "too large for a figure"));
	memset(number, '9', sizeof(number));
	snprintf(text, sizeof(text), NATIVE("%.50s"), number);
	CHECK(refused(text, "1:26", "too large for a figure"));
	CHECK(read_text(NATIVE("1e-99999")) == 1 && results[0].native.ticks == 0);
}

static void strings(void)
{
	char text[2048], longest[1200];

	memset(longest, 'a', sizeof(longest));
	CHECK(refused(NAME("\"\\u0041\""), "1:12", "'\\' is within a string"));
	CHECK(refused(NAME("\"a\x1b[2J\""), "1:13", "an unprintable character is within a string"));
	CHECK(refused(NAME("\"\xc3\xa4\""), "1:12", "an unprintable character is within a string"));
	snprintf(text, sizeof(text), NAME("\"%.64s\""), longest);
	CHECK(refused(text, "1:77", "\"name\" is longer than 63 characters"));
	snprintf(text, sizeof(text), NAME("\"%.63s\""), longest);
	CHECK(read_text(text) == 1 && strlen(results[0].name) == 63);
	snprintf(text, sizeof(text), WITH("\"machine\": \"%.1023s\""), longest);
	CHECK(read_text(text) == 1 && strlen(machine) == 1023);
	snprintf(text, sizeof(text), WITH("\"machine\": \"%.1024s\""), longest);
	CHECK(refused(text, "1:62", "longer than 1023 characters"));
	snprintf(text, sizeof(text), WITH("\"%.64s\": 1"), longest);
	CHECK(refused(text, "1:51", "longer than 63 characters"));
}

/* What is no text, or no file. */
static void no_text(void)
{
	static const char zero[] = "[" ROW("a") "\0, " ROW("b") "]", after[] = "[" ROW("a") "]\0";
	char deep[4096];

	write_bytes(zero, sizeof(zero) - 1);
	CHECK(read_file(path) == -1 && strstr(said, "an unprintable character is where ']'"));
	write_bytes(after, sizeof(after) - 1);
	CHECK(read_file(path) == -1 && strstr(said, "more after the figures"));
	memset(deep, '[', sizeof(deep));
	write_bytes(deep, sizeof(deep));
	CHECK(read_file(path) == -1);
	CHECK(read_file("/nowhere/file") == -1 && strstr(said, "No such file"));
	CHECK(read_file("/tmp") == -1 && strstr(said, "Is a directory"));
	CHECK(read_file("/dev/zero") == -1 && strstr(said, "larger than 16 MiB"));
	CHECK(read_file("/dev/null") == -1 && strstr(said, "the file ends"));
}

static void too_many(void)
{
	FILE *f = fopen(path, "w");
	int i;

	for (i = 0; i <= 10000; i++)
		fprintf(f, "%c{\"name\": \"a%d\", \"native\": 2, \"dune\": 1, \"n\": 3}\n",
			i ? ',' : '[', i);
	fputc(']', f);
	fclose(f);
	CHECK(read_file(path) == -1 && strstr(said, "too many figures"));
}

/* What --json prints is read as what it was. */
static void round_trip(void)
{
	struct result r = {
		.name = "a-figure", .what = "what, it is",
		.native = { 10, 9, 11, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, 4, 7 },
		.dune = { 20.25, 19, 21, 0.5, 3, 1, 4096, 14, 7 },
	}, one_way = {
		.name = "native-only", .what = "there",
		.native = { 10, 9, 11, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED,
			    NOT_MEASURED, 7 },
		.dune = { NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED,
			  NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, 0 },
	};
	int was = redirect(1, path);

	format_json.head("a machine");
	format_json.row(&r, true, "a machine");
	format_json.row(&one_way, false, "a machine");
	format_json.tail();
	restore(1, was);
	CHECK(read_file(path) == 2);
	CHECK(!strcmp(results[0].what, r.what) && !strcmp(machine, "a machine"));
	r.native.bytes = NOT_MEASURED;
	CHECK(!memcmp(&results[0].native, &r.native, sizeof(r.native)));
	CHECK(!memcmp(&results[0].dune, &r.dune, sizeof(r.dune)));
	CHECK(results[1].native.ticks == 10 && results[1].native.n == 7);
	CHECK(results[1].dune.ticks == NOT_MEASURED);
}

int main(void)
{
	close(mkstemp(path));
	close(mkstemp(said_path));
	whole();
	truncated();
	wrong_types();
	missing();
	numbers();
	strings();
	no_text();
	too_many();
	round_trip();
	free(results);
	unlink(path);
	unlink(said_path);
	return tap_end();
}
