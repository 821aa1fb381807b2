/* SPDX-License-Identifier: MIT */
/*
 * model.c - figures of the emulated machine as cycles of a CPU: a model, no measurement
 *
 * An instruction is taken for a cycle, natively and in Dune mode. What a VM exit and
 * entry cost besides is known from the OSDI 2012 paper only as a sum: getpid cost the
 * original 757 cycles more than Linux (895 - 138, Ivy Bridge), with one exit and seven
 * accesses to the VMCS. Two models, between which the truth may lie: the exit costs
 * all of it; or each access costs 50 and the exit the rest. Adams and Agesen (ASPLOS
 * 2006, table 1) found 52 for a VMREAD and 44 for a VMWRITE on a Core 2 Duo.
 */
#include <stdio.h>

#include "bench.h"

#define SUM		757.0
#define ACCESSES	7
#define ACCESS		50.0

static double model(const struct sample *s, double exit, double access)
{
	return s->ticks + s->exits * exit + access * (s->vmreads + s->vmwrites);
}

static void head(const char *machine)
{
	printf("# A model, not measured: an instruction is a cycle; an exit 757 cycles (A), or\n"
	       "# 407 and a VMREAD or VMWRITE 50 (B).\n"
	       "%-22s %12s %12s %12s %9s %9s\n", "figure", "native", "Dune A", "Dune B",
	       "A/native", "B/native");
}

static void row(const struct result *r, bool first, const char *machine)
{
	bool counted = r->dune.vmreads != NOT_MEASURED && r->dune.vmwrites != NOT_MEASURED;
	double a, b;

	if (r->dune.ticks == NOT_MEASURED || r->dune.exits == NOT_MEASURED)
		return;
	a = model(&r->dune, SUM, 0);
	b = counted ? model(&r->dune, SUM - ACCESSES * ACCESS, ACCESS) : NOT_MEASURED;
	printf("%-22s", r->name);
	cell(r->native.ticks, 12, 0);
	cell(a, 12, 0);
	cell(b, 12, 0);
	cell(ratio(a, r->native.ticks), 9, 2);
	cell(ratio(b, r->native.ticks), 9, 2);
	putchar('\n');
}

static void tail(void)
{
}

const struct format format_model = { head, row, tail };
