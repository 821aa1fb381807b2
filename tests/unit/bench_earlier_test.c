/* SPDX-License-Identifier: MIT */
/*
 * bench_earlier_test.c - dune-bench's reading of figures from files that may hold anything
 *
 * SOURCES: apps/bench/earlier.c apps/bench/output.c
 * CFLAGS: -D_GNU_SOURCE -Iapps/bench
 * LIBS: -ljansson
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

/* It is refused, and these words follow the file's name. */
static bool refused(const char *text, const char *words)
{
	char start[256];

	snprintf(start, sizeof(start), "dune-bench: %s:%s", path, words);
	if (read_text(text) == -1 && !results && !strncmp(said, start, strlen(start)) &&
	    strstr(said, "is not what dune-bench --json printed\n"))
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
	CHECK(refused("", "1:0: '[' or '{' expected"));
	CHECK(refused("[\n" ROW("a") ",", "2:48: "));
	CHECK(refused("[" ROW("a"), "1:48: ']' expected"));
}

static void wrong_types(void)
{
	CHECK(refused(ROW("a"), " there are no figures"));
	CHECK(refused("[]", " there are no figures"));
	CHECK(refused("[1]", " figure 1: it should be an object"));
	CHECK(refused("[{}]", " figure 1: \"\" is no figure's name"));
	CHECK(refused("[" ROW("a") ", " ROW("a") "]", " figure 2: a a second time"));
	CHECK(refused("[" ROW("a") ", 5]", " figure 2: it should be an object"));
	CHECK(refused("[" ROW("a") "] x", "1:51: end of file expected"));
	CHECK(refused("[" ROW("a") "]" ROW("b"), "1:50: end of file expected"));
	CHECK(refused("[" ROW("a") ",]", "1:50: "));
	CHECK(refused(NATIVE("\"2\""), " figure 1: \"native\" should be a number"));
	CHECK(refused(NATIVE("true"), " figure 1: \"native\" should be a number"));
	CHECK(refused(NATIVE("[2]"), " figure 1: \"native\" should be a number"));
	CHECK(refused(NATIVE("{}"), " figure 1: \"native\" should be a number"));
	CHECK(refused(COUNT("null"), " figure 1: \"n\" should be a number"));
	CHECK(refused(COUNT("-1"), " figure 1: \"n\" should be a number of operations"));
	CHECK(refused(WITH("\"what\": 5"), " figure 1: \"what\" should be a string"));
	CHECK(refused(WITH("\"machine\": null"), " figure 1: \"machine\" should be a string"));
	CHECK(refused(WITH("\"exits\": 1, \"exits\": 2"), "1:68: duplicate object key"));
}

static void missing(void)
{
	CHECK(refused("[{\"native\": 2, \"dune\": 1, \"n\": 3}]", " figure 1: \"\" is no figure's name"));
	CHECK(refused("[{\"name\": \"a\", \"dune\": 1, \"n\": 3}]", " figure 1: there is no \"native\""));
	CHECK(refused("[{\"name\": \"a\", \"native\": 1, \"n\": 3}]", " figure 1: there is no \"dune\""));
	CHECK(refused("[{\"name\": \"a\", \"native\": 1, \"dune\": 3}]", " figure 1: \"n\" should be a number"));
	CHECK(refused(NAME("\"\""), " figure 1: \"\" is no figure's name"));
	CHECK(refused(NAME("\"a,b\""), " figure 1: \"a,b\" is no figure's name"));
	CHECK(refused(NAME("null"), " figure 1: \"name\" should be a string"));
}

static void numbers(void)
{
	static const char *const none[] = { "nan", "inf", "0x10", "+1", "-", ".5", "01", "1.", "1e",
					    "1e+", "--1", "nul", "tru", "'1'", "" };
	char text[512], number[400];
	unsigned int i;

	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		snprintf(text, sizeof(text), NATIVE("%s"), none[i]);
		CHECK(refused(text, "1:"));
	}
	CHECK(refused(NATIVE("1e300"), " figure 1: \"native\" is too large for a figure"));
	CHECK(refused(NATIVE("-1e300"), " figure 1: \"native\" is too large for a figure"));
	CHECK(refused(NATIVE("1e99999"), "1:32: real number overflow"));
	CHECK(refused(COUNT("1e19"), " figure 1: \"n\" is too large for a figure"));
	memset(number, '9', sizeof(number));
	snprintf(text, sizeof(text), NATIVE("%.50s"), number);
	CHECK(refused(text, " figure 1: \"native\" is too large for a figure"));
	snprintf(text, sizeof(text), NATIVE("%.350s"), number);
	CHECK(refused(text, "1:375: real number overflow"));
	CHECK(read_text(NATIVE("0.1e-300")) == 1 && results[0].native.ticks < 1e-300);
}

static void strings(void)
{
	char text[2048], longest[1200];

	memset(longest, 'a', sizeof(longest));
	CHECK(read_text(NAME("\"\\u0061\"")) == 1 && !strcmp(results[0].name, "a"));
	CHECK(refused(NAME("\"\\u001b[2J\""), " figure 1: \"name\" has a character that"));
	CHECK(refused(NAME("\"\xc3\xa4\""), " figure 1: \"name\" has a character that"));
	CHECK(refused(NAME("\"\\u0000\""), "1:"));
	CHECK(refused(NAME("\"a\x1b[2J\""), "1:12: control character 0x1b near"));
	CHECK(refused(NAME("\"\xff\""), "1:11: unable to decode byte 0xff"));
	CHECK(refused(NAME("\x1b[2J"), "1:11: invalid token near '?'"));
	CHECK(refused(WITH("\"what\": \"a \\\"b\""), " figure 1: \"what\" has a character that"));
	CHECK(refused(WITH("\"machine\": \"a\\\\\""), " figure 1: \"machine\" has a character that"));
	snprintf(text, sizeof(text), NAME("\"%.64s\""), longest);
	CHECK(refused(text, " figure 1: \"name\" is longer than 63 characters"));
	snprintf(text, sizeof(text), NAME("\"%.63s\""), longest);
	CHECK(read_text(text) == 1 && strlen(results[0].name) == 63);
	snprintf(text, sizeof(text), WITH("\"machine\": \"%.1023s\""), longest);
	CHECK(read_text(text) == 1 && strlen(machine) == 1023);
	snprintf(text, sizeof(text), WITH("\"machine\": \"%.1024s\""), longest);
	CHECK(refused(text, " figure 1: \"machine\" is longer than 1023 characters"));
	snprintf(text, sizeof(text), WITH("\"%.64s\": 1"), longest);
	CHECK(read_text(text) == 1);
}

/* What is no text, or no file. */
static void no_text(void)
{
	static const char zero[] = "[" ROW("a") "\0, " ROW("b") "]", after[] = "[" ROW("a") "]\0";
	static char large[17 << 20];
	char deep[4096];

	write_bytes(zero, sizeof(zero) - 1);
	CHECK(read_file(path) == -1 && strstr(said, "1:49: "));
	write_bytes(after, sizeof(after) - 1);
	CHECK(read_file(path) == -1 && strstr(said, "end of file expected"));
	memset(deep, '[', sizeof(deep));
	write_bytes(deep, sizeof(deep));
	CHECK(read_file(path) == -1);
	memset(large, ' ', sizeof(large));
	write_bytes(large, sizeof(large));
	CHECK(read_file(path) == -1 && strstr(said, "larger than 16 MiB"));
	CHECK(read_file("/nowhere/file") == -1 && strstr(said, "No such file"));
	CHECK(read_file("/tmp") == -1 && strstr(said, "Is a directory"));
	CHECK(read_file("/dev/zero") == -1);
	CHECK(read_file("/dev/null") == -1 && strstr(said, "near end of file"));
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
		.native = { 10, 9, 11, 100, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, 4, 7 },
		.dune = { 20.25, 19, 21, 1, 0.5, 3, 1, 4096, 14, 7 },
	}, one_way = {
		.name = "native-only", .what = "there",
		.native = { 10, 9, 11, 2, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED,
			    NOT_MEASURED, 7 },
		.dune = { NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED,
			  NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, NOT_MEASURED, 0 },
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
	CHECK(results[1].native.batch == 2 && results[1].dune.batch == NOT_MEASURED);
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
