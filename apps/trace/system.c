/* SPDX-License-Identifier: MIT */
/*
 * system.c - structures about the system and the process, of times, locks and windows
 */
#include <fcntl.h>
#include <sys/stat.h>

#include "trace.h"

static void put_time(struct text *t, const uint64_t *v, const char *unit)
{
	put_numbers(t, "{tv_sec=#d, tv_", v);
	put_string(t, unit);
	put_numbers(t, "=#d}", v + 1);
}

static void put_itimer(struct text *t, const void *p)
{
	uint64_t v[4];

	READ(v, p);
	put_string(t, "{it_interval=");
	put_time(t, v, "usec");
	put_string(t, ", it_value=");
	put_time(t, v + 2, "usec");
	put_char(t, '}');
}

static void put_rusage(struct text *t, const void *p)
{
	uint64_t v[4];

	READ(v, p);
	put_string(t, "{ru_utime=");
	put_time(t, v, "usec");
	put_string(t, ", ru_stime=");
	put_time(t, v + 2, "usec");
	put_string(t, ", ...}");
}

/* When a file was read and written; two of them are no times. */
static void put_file_time(struct text *t, const uint64_t *v)
{
	if (v[1] == UTIME_NOW)
		put_string(t, "UTIME_NOW");
	else if (v[1] == UTIME_OMIT)
		put_string(t, "UTIME_OMIT");
	else
		put_time(t, v, "nsec");
}

static void put_file_times(struct text *t, const void *p)
{
	uint64_t v[4];

	READ(v, p);
	put_char(t, '[');
	put_file_time(t, v);
	put_string(t, ", ");
	put_file_time(t, v + 2);
	put_char(t, ']');
}

static void put_statfs(struct text *t, const void *p)
{
	uint64_t v[11];

	READ(v, p);
	put_string(t, "{f_type=");
	put_flags(t, KIND_FSTYPE, v[0]);
	put_numbers(t, ", f_bsize=#u, f_blocks=#u, f_bfree=#u, f_bavail=#u, f_files=#u, f_ffree=#u",
		    v + 1);
	put_numbers(t, ", f_fsid={val=[#x, #x]}", (uint64_t[]){ (uint32_t)v[7], v[7] >> 32 });
	put_numbers(t, ", f_namelen=#u, f_frsize=#u, f_flags=", v + 8);
	put_flags(t, KIND_FSFLAGS, v[10]);
	put_char(t, '}');
}

static void put_sysinfo(struct text *t, const void *p)
{
	uint64_t v[13];
	uint32_t unit;

	READ(v, p);
	READ(unit, (const uint8_t *)p + 104);
	v[10] = (uint16_t)v[10];
	put_numbers(t, "{uptime=#d, loads=[#u, #u, #u], totalram=#u, freeram=#u, sharedram=#u, "
		    "bufferram=#u, totalswap=#u, freeswap=#u, procs=#u, totalhigh=#u, freehigh=#u", v);
	put_numbers(t, ", mem_unit=#u}", (uint64_t[]){ unit });
}

static void put_stack(struct text *t, const void *p)
{
	uint64_t v[3];

	READ(v, p);
	put_string(t, "{ss_sp=");
	put_pointer(t, v[0]);
	put_string(t, ", ss_flags=");
	put_flags(t, KIND_STACKFLAGS, (uint32_t)v[1]);
	put_numbers(t, ", ss_size=#u}", v + 2);
}

static void put_lock(struct text *t, const void *p, bool found)
{
	int16_t kind[2];
	uint64_t v[2];
	int pid;

	READ(kind, p);
	READ(v, (const uint8_t *)p + 8);
	READ(pid, (const uint8_t *)p + 24);
	put_string(t, "{l_type=");
	put_flags(t, KIND_LOCKTYPE, (uint16_t)kind[0]);
	put_string(t, ", l_whence=");
	put_flags(t, KIND_WHENCE, (uint16_t)kind[1]);
	put_numbers(t, ", l_start=#d, l_len=#d", v);
	if (found)
		put_numbers(t, ", l_pid=#d", (uint64_t[]){ pid });
	put_char(t, '}');
}

static void put_window(struct text *t, const void *p)
{
	uint16_t v[4];

	READ(v, p);
	put_numbers(t, "{ws_row=#u, ws_col=#u, ws_xpixel=#u, ws_ypixel=#u}",
		    (uint64_t[]){ v[0], v[1], v[2], v[3] });
}

static void put_int(struct text *t, const void *p)
{
	int v;

	READ(v, p);
	put_numbers(t, "[#d]", (uint64_t[]){ v });
}

static void put_times(struct text *t, const void *p)
{
	uint64_t v[4];

	READ(v, p);
	put_numbers(t, "{tms_utime=#d, tms_stime=#d, tms_cutime=#d, tms_cstime=#d}", v);
}

static void put_timeval(struct text *t, const void *p)
{
	uint64_t v[2];

	READ(v, p);
	put_time(t, v, "usec");
}

static bool put_clock(struct text *t, enum arg_kind kind, const void *p)
{
	switch (kind) {
	case KIND_TIMEVAL_IN:
	case KIND_TIMEVAL_OUT:
		put_timeval(t, p);
		return true;
	case KIND_TIMES_IN:
		put_file_times(t, p);
		return true;
	case KIND_ITIMER_IN:
	case KIND_ITIMER_OUT:
		put_itimer(t, p);
		return true;
	case KIND_RUSAGE:
	case KIND_RUSAGE_SOME:
		put_rusage(t, p);
		return true;
	case KIND_TMS:
		put_times(t, p);
		return true;
	default:
		return false;
	}
}

bool put_system(struct text *t, enum arg_kind kind, const void *p)
{
	switch (kind) {
	case KIND_STATFS:
		put_statfs(t, p);
		return true;
	case KIND_SYSINFO:
		put_sysinfo(t, p);
		return true;
	case KIND_STACK_IN:
	case KIND_STACK_OUT:
		put_stack(t, p);
		return true;
	case KIND_LOCK_IN:
	case KIND_LOCK_OUT:
		put_lock(t, p, kind == KIND_LOCK_OUT);
		return true;
	case KIND_WINDOW:
		put_window(t, p);
		return true;
	case KIND_NUMBER_IN:
	case KIND_NUMBER_OUT:
		put_int(t, p);
		return true;
	default:
		return put_clock(t, kind, p);
	}
}
