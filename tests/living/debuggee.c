/* SPDX-License-Identifier: MIT */
/*
 * debuggee.c - for a debugger: calls a function in Dune mode, three times
 */
#include <dune/dune.h>
#include <stdio.h>

static volatile int sum;

__attribute__((noinline)) void add(int n)
{
	sum += n;
	sum *= 2;
}

int main(void)
{
	int i;

	if (dune_init(0) || dune_enter())
		return 1;
	for (i = 1; i <= 3; i++)
		add(i);
	dune_leave();
	printf("sum %d\n", sum);
	return sum;
}
