/* SPDX-License-Identifier: MIT */
/*
 * endless.c - a plugin that never ends being loaded
 */
__attribute__((constructor)) static void begin(void)
{
	for (;;)
		asm volatile("pause");
}
