/* SPDX-License-Identifier: MIT */
/*
 * stat_read_test.c - dune-stat's reading of the module's file, and its differences
 *
 * SOURCES: apps/stat/read.c apps/stat/change.c
 * CFLAGS: -D_GNU_SOURCE -Iapps/stat
 */
#include <asm/vmx.h>
#include <string.h>

#include "stat.h"
#include "tap.h"

#define VCPU_LINE(exits) "vcpu pid=100 tid=101 id=3 vm=7 exits=" exits " fast-syscalls=60 " \
	"native-syscalls=10 resolved=5 bounced=1 refused=2 vmreads=0 vmwrites=0 exit-1=10 exit-48=20\n"
#define PROCESS_LINE "process pid=100 vm=7 slots=4 tables=9 vcpus-made=1 invalidations=7 flushes=3 " \
	"kicks=1 exits=100\n"
#define MACHINE_LINE "machine vcpus-made=3 exits=300\n"

static bool read_text(struct sample *s, const char *text)
{
	FILE *f = fmemopen((void *)text, strlen(text), "r");
	bool ok = f && sample_read(s, f);

	if (f)
		fclose(f);
	return ok;
}

static void whole(void)
{
	struct sample s;

	CHECK(read_text(&s, VCPU_LINE("100") PROCESS_LINE MACHINE_LINE));
	CHECK(s.nr == 3);
	CHECK(s.counts[0].subject == VCPU && s.counts[1].subject == PROCESS);
	CHECK(s.counts[0].pid == 100 && s.counts[0].tid == 101 && s.counts[0].id == 3 &&
	      s.counts[0].vm == 7);
	CHECK(s.counts[0].value[CNT_EXITS] == 100 && s.counts[0].value[CNT_REFUSED] == 2);
	CHECK(s.counts[0].by_reason[1] == 10);
	/* What it has to find out by itself. */
	CHECK(s.counts[0].value[CNT_AT_ONCE] == 20 - 5 - 1 - 2);
	CHECK(s.counts[0].by_reason[EXIT_REASON_VMCALL] == 70);
	CHECK(s.counts[1].value[CNT_SLOTS] == 4 && s.counts[1].value[CNT_KICKS] == 1);
	CHECK(s.counts[2].value[CNT_VCPUS_MADE] == 3);
	sample_free(&s);
}

static void other_files(void)
{
	struct sample s;

	CHECK(!read_text(&s, "\n"));
	CHECK(!read_text(&s, "root:x:0:0:root:/root:/bin/bash\n"));
	CHECK(!read_text(&s, VCPU_LINE("100") PROCESS_LINE));		/* cut off */
	CHECK(!read_text(&s, "machine exits\n"));
	CHECK(!read_text(&s, "machine exits=\n"));
	CHECK(!read_text(&s, "machine exits=12x\n"));
	/* Of a newer module; and a number that no array has. */
	CHECK(read_text(&s, "machine exits=5 news=7 exit-80=1 exit-99999999999=1 exit-79=2\n"));
	CHECK(s.counts[0].value[CNT_EXITS] == 5 && s.counts[0].by_reason[79] == 2);
	sample_free(&s);
}

/* After an execve(2): the same process, another VM; the old one may be there for a while. */
static void another_vm(void)
{
	struct sample before, now;

	CHECK(read_text(&before, "vcpu pid=5 tid=5 id=1 vm=1 exits=90\n"
			"process pid=5 vm=1 exits=90\n" MACHINE_LINE));
	CHECK(read_text(&now, "process pid=5 vm=1 exits=91\n"
			"vcpu pid=5 tid=5 id=1 vm=2 exits=40\n"
			"process pid=5 vm=2 exits=40\n" MACHINE_LINE));
	sample_subtract(&now, &before);
	CHECK(now.counts[0].value[CNT_EXITS] == 1);
	CHECK(now.counts[1].value[CNT_EXITS] == 40 && now.counts[2].value[CNT_EXITS] == 40);
	sample_free(&before);
	sample_free(&now);
}

static void differences(void)
{
	struct sample before, now;

	CHECK(read_text(&before, VCPU_LINE("100") PROCESS_LINE MACHINE_LINE));
	CHECK(read_text(&now, VCPU_LINE("150") "vcpu pid=100 tid=102 id=4 exits=9\n" PROCESS_LINE
			"machine vcpus-made=4 exits=299\n"));
	sample_subtract(&now, &before);
	CHECK(now.counts[0].value[CNT_EXITS] == 50 && now.counts[0].by_reason[48] == 0);
	CHECK(now.counts[1].value[CNT_EXITS] == 9);		/* new */
	CHECK(now.counts[2].value[CNT_SLOTS] == 4);		/* no sum */
	CHECK(now.counts[3].value[CNT_EXITS] == 0);		/* never below */
	CHECK(now.counts[3].value[CNT_VCPUS_MADE] == 1);
	sample_free(&before);
	sample_free(&now);
}

int main(void)
{
	whole();
	other_files();
	differences();
	another_vm();
	return tap_end();
}
